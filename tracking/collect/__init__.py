"""Is this request a hit? Parse it, decide, append it: the hottest path, without a database."""
