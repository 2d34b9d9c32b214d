"""The files that reports read: derived from the database, wide, columnar."""
