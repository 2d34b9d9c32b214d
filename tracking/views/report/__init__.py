"""The report: a page of parts, each of which is asked for by itself."""
