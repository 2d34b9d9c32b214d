"""Pages: who, what, ask, show."""
