"""What can be run at a terminal."""
