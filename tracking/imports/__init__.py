"""Past traffic, written to the spool so that it goes the way of hits."""
