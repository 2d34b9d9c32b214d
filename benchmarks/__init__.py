"""Measurements: each prints a table of ratios from one run on one machine."""
