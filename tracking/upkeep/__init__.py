"""What has to happen every second, hour and day; each step can be repeated at any time."""
