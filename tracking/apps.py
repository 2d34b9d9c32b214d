"""The tracking app: from a hit to a report."""

from django.apps import AppConfig


class TrackingConfig(AppConfig):
    name = "tracking"
