"""Events and engagement signals, as they were counted."""

from django.db import models

from tracking.models.row_id import RowIdField
from tracking.models.site import Site
from tracking.models.term import term_field


class Event(models.Model):
    """A pageview or a custom event that counted.

    The id is (spool file's id << 32) + the line's byte offset: unique for ever, so that no hit
    counts twice. `day` and `hour` are local to the site. `props` is a JSON object's text.
    """

    id = RowIdField(primary_key=True)
    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="+", db_index=False)
    visit_id = models.BigIntegerField()
    happened_at = models.DateTimeField()
    day = models.DateField()
    hour = models.PositiveSmallIntegerField()
    name = term_field()
    page = term_field()
    hostname = term_field()
    title = term_field()
    props = models.TextField(blank=True)
    interactive = models.BooleanField()
    revenue_micros = models.BigIntegerField(
        null=True, help_text="Millionths of the currency's unit."
    )
    currency = models.CharField(max_length=3, blank=True)

    class Meta:
        indexes = (models.Index("site", "happened_at", name="tracking_event_by_time"),)

    def __str__(self) -> str:
        return f"event {self.pk}"


class Engagement(models.Model):
    """Seconds and depth that a pageview's reader reported; no event (docs/figures.md).

    `seconds` are those since the last such signal; `scroll_depth` is in percent.
    """

    id = RowIdField(primary_key=True)
    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="+", db_index=False)
    visit_id = models.BigIntegerField()
    happened_at = models.DateTimeField()
    day = models.DateField()
    page = term_field()
    seconds = models.PositiveIntegerField(null=True)
    scroll_depth = models.PositiveSmallIntegerField(null=True)

    class Meta:
        indexes = (models.Index("site", "happened_at", name="tracking_engagement_by_time"),)

    def __str__(self) -> str:
        return f"engagement {self.pk}"
