"""Small counts per site and day, for lists and for what was not counted."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from django.db import models
from django.db.models.functions import Coalesce

from tracking.models.site import Site


class DailyTotalQuerySet(models.QuerySet["DailyTotal"]):
    """The questions asked of daily totals."""

    def within(self, spans: Mapping[tuple[date, date], Collection[int]]) -> "DailyTotalQuerySet":
        """The days of each span, both ends included, of the sites that it holds for."""
        wanted = models.Q(pk__in=())
        for span, site_ids in spans.items():
            wanted |= models.Q(site_id__in=site_ids, day__range=span)
        return self.filter(wanted)


class DailyTotal(models.Model):
    """A site's numbers of one local day, for lists; reports have their own source."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="daily_totals")
    day = models.DateField()
    visitors = models.PositiveBigIntegerField(default=0)
    visits = models.PositiveBigIntegerField(default=0)
    pageviews = models.PositiveBigIntegerField(default=0)
    events = models.PositiveBigIntegerField(default=0)

    objects = DailyTotalQuerySet.as_manager()

    class Meta:
        ordering = ("-day",)
        constraints = (models.UniqueConstraint("site", "day", name="tracking_dailytotal_once"),)

    def __str__(self) -> str:
        return f"{self.day}"


class DropReason(models.TextChoices):
    """Why a hit that was taken does not count."""

    BOT = "bot", "Bots and crawlers"
    SPAM = "spam", "Referrer spam"
    PREFETCH = "prefetch", "Fetched ahead, not looked at"
    OPT_OUT = "opt_out", "Do Not Track and Global Privacy Control"
    ADDRESS = "address", "Addresses left out by the site's filters"
    PATH = "path", "Pages left out by the site's filters"
    COUNTRY = "country", "Countries left out by the site's filters"
    HOST = "host", "Host names left out by the site's filters"
    RATE = "rate", "More hits than a person makes"
    DATA_CENTRE = "data_centre", "Data centres"
    NO_VISIT = "no_visit", "Engagement without a visit"
    CLOSED_IMPORT = "closed_import", "Import closed before its lines were taken"


class DroppedHitsQuerySet(models.QuerySet["DroppedHits"]):
    """The questions asked of what was not counted."""

    def by_reason(self, first_recent_day: date) -> "models.QuerySet[DroppedHits, Any]":
        """Each reason with `recent`, from that day on, and `total`, the most frequent first."""
        recent = models.Sum("count", filter=models.Q(day__gte=first_recent_day))
        return (
            self.values("reason")
            .annotate(recent=Coalesce(recent, 0), total=models.Sum("count"))
            .order_by("-recent", "-total", "reason")
        )


class DroppedHits(models.Model):
    """How many hits of a site were not counted on a local day, by reason."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="dropped_hits")
    day = models.DateField()
    reason = models.CharField(max_length=20, choices=DropReason.choices)
    count = models.PositiveBigIntegerField(default=0)

    objects = DroppedHitsQuerySet.as_manager()

    class Meta:
        ordering = ("-day", "reason")
        verbose_name_plural = "dropped hits"
        constraints = (
            models.UniqueConstraint("site", "day", "reason", name="tracking_droppedhits_once"),
        )

    def __str__(self) -> str:
        return f"{self.day} {self.reason}"
