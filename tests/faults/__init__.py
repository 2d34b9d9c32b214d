"""Disasters on purpose: kills, full disks, torn files, databases that go and clocks that jump."""
