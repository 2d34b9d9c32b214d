"""What people and programs send as forms."""
