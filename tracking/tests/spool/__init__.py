"""Tests of spool."""
