"""Which visit does an event belong to? Pure functions, without Django."""
