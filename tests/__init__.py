"""Tests of the whole: real processes and real browsers."""
