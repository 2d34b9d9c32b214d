"""The project: settings, addresses, and what is around every request."""
