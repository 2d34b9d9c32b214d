"""From a hit to a report: one sub-package for each stage."""
