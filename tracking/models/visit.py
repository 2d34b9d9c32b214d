"""Visits: the record that deletion acts on and columns are rebuilt from."""

from django.db import models

from tracking.models.row_id import RowIdField
from tracking.models.site import Site
from tracking.models.term import term_field


class Visit(models.Model):
    """One visitor's events of a day with gaps of at most 30 minutes.

    The id is that of the event which opened it. `visitor` is the salted daily hash.
    """

    id = RowIdField(primary_key=True)
    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="+", db_index=False)
    visitor = models.BigIntegerField(db_index=True)
    day = models.DateField()
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    pageviews = models.PositiveIntegerField()
    events = models.PositiveIntegerField()
    interactive_events = models.PositiveIntegerField()
    entry_page = term_field()
    entered_at = models.DateTimeField(null=True)
    exit_page = term_field()
    exited_at = models.DateTimeField(null=True)
    referrer = term_field()
    source = term_field()
    channel = term_field()
    utm_source = term_field()
    utm_medium = term_field()
    utm_campaign = term_field()
    utm_content = term_field()
    utm_term = term_field()
    country = term_field()
    region = term_field()
    city = term_field()
    latitude = models.FloatField(null=True)
    longitude = models.FloatField(null=True)
    browser = term_field()
    browser_version = term_field()
    system = term_field()
    system_version = term_field()
    device = term_field()
    screen = term_field()
    language = term_field()
    address = models.CharField(max_length=45, blank=True)

    class Meta:
        indexes = (models.Index("site", "started_at", name="tracking_visit_by_time"),)

    def __str__(self) -> str:
        return f"visit {self.pk}"
