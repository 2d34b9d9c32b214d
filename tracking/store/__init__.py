"""One batch into the database, and what a batch needs from it, in one transaction."""
