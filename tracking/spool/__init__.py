"""Append-only files on disk: an accepted hit is safe here until it is in the database."""
