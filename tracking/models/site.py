"""Sites: what people count visits to, and the time zone their days are in."""

import secrets
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models, transaction
from django.db.models.functions import Coalesce
from django.db.models.signals import post_delete
from django.dispatch import receiver
from django.utils.timezone import now

from tracking.models.site_filter import SiteFilter
from tracking.models.term import Dictionary
from tracking.records import FilterRule, SiteRules

PUBLIC_ID_LENGTH = 10
RECENT_DAYS = 30
# A day is sealed, and salts of late hits are kept, for up to three days.
SHORTEST_RETENTION_DAYS = 7
# No letters or digits that look alike: people read these ids aloud.
PUBLIC_ID_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"


def new_public_id() -> str:
    """A short random id, 31^10 of them, that tells nothing about the site."""
    return "".join(secrets.choice(PUBLIC_ID_ALPHABET) for _ in range(PUBLIC_ID_LENGTH))


def validate_timezone(name: str) -> None:
    """Raises ValidationError unless `name` is an IANA time zone, like Europe/Vienna."""
    if name not in available_timezones():
        raise ValidationError(f"{name!r} is not a time zone like Europe/Vienna.")


class SiteQuerySet(models.QuerySet["Site"]):
    """The questions asked of sites."""

    def visible_to(self, user: Any) -> "SiteQuerySet":
        """The sites whose reports this user may read: none for an anonymous one."""
        return self.filter(owner_id=user.pk) if user.is_authenticated else self.none()

    def with_recent_totals(self) -> "models.QuerySet[Site, Any]":
        """The sites with `recent_visitors` and `recent_pageviews`, of the last RECENT_DAYS."""
        recent = models.Q(daily_totals__day__gt=now().date() - timedelta(days=RECENT_DAYS))
        return self.annotate(
            recent_visitors=Coalesce(models.Sum("daily_totals__visitors", filter=recent), 0),
            recent_pageviews=Coalesce(models.Sum("daily_totals__pageviews", filter=recent), 0),
        )

    def rules(self) -> dict[str, SiteRules]:
        """What collecting and ingest know of these sites, by public id, in three queries."""
        zones, filters = _zones(self), _filters(self)
        return {
            public_id: SiteRules(
                site_id=pk,
                public_id=public_id,
                zones=zones[pk],
                honours_opt_out=honours_opt_out,
                keeps_query=keeps_query,
                filters=filters.get(pk, ()),
            )
            for pk, public_id, honours_opt_out, keeps_query in self.values_list(
                "pk", "public_id", "honours_opt_out", "keeps_query"
            )
            if pk in zones
        }

    def first_kept_days(self, at: datetime) -> dict[int, date]:
        """The first local day that each site keeps, by primary key, in three queries.

        A site that keeps its days for ever has date.min. A day that is exactly as many days ago
        as the site keeps is kept.
        """
        today = {rules.site_id: rules.local(at)[0] for rules in self.rules().values()}
        return {
            pk: date.min
            if days is None
            else date.fromordinal(max(date.min.toordinal(), today[pk].toordinal() - days))
            for pk, days in self.values_list("pk", "retention_days")
            if pk in today
        }


class Site(models.Model):
    """One web property."""

    public_id = models.CharField(max_length=16, unique=True, default=new_public_id, editable=False)
    name = models.CharField(max_length=100)
    base_url = models.URLField("base URL", max_length=255)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="sites"
    )
    timezone = models.CharField(
        "time zone", max_length=64, default="UTC", validators=[validate_timezone]
    )
    honours_opt_out = models.BooleanField(
        "honour Do Not Track and Global Privacy Control",
        default=True,
        help_text="Visitors whose browser asks not to be tracked are not counted.",
    )
    keeps_query = models.BooleanField(
        "keep queries",
        default=False,
        help_text="Count /shop?item=1 and /shop?item=2 as two pages. Tracking parameters are "
        "always left out.",
    )
    retention_days = models.PositiveIntegerField(
        "days to keep",
        null=True,
        blank=True,
        validators=[MinValueValidator(SHORTEST_RETENTION_DAYS)],
        help_text="Visits and events older than this are deleted; daily totals stay. "
        "Empty keeps them.",
    )
    created_at = models.DateTimeField(default=now, editable=False)

    objects = SiteQuerySet.as_manager()

    class Meta:
        ordering = ("name", "pk")

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save, and let a changed zone take effect at the next midnight (docs/figures.md)."""
        with transaction.atomic():
            super().save(*args, **kwargs)
            self._keep_zone()

    def rules(self) -> SiteRules:
        """This site's rules, fresh from the database."""
        return Site.objects.filter(pk=self.pk).rules()[self.public_id]

    def today(self) -> date:
        """The site's local day now."""
        return self.rules().local(now())[0]

    def _keep_zone(self) -> None:
        if not self.zones.exists():
            self.zones.create(first_day=date.min, timezone=self.timezone)
            return
        if self.zones.latest("first_day").timezone == self.timezone:
            return
        today = self.today()
        # A change that was not in force yet never will be.
        self.zones.filter(first_day__gt=today).delete()
        if self.zones.latest("first_day").timezone == self.timezone:
            return
        # The later of both local days: the new zone's next day must not have begun there.
        newest_day = max(now().astimezone(ZoneInfo(self.timezone)).date(), today)
        self.zones.create(first_day=newest_day + timedelta(days=1), timezone=self.timezone)


@receiver(post_delete, sender=Site)
def release_terms(**_: Any) -> None:
    """A site's rows go with it, also when its owner's account does; their texts are swept later."""
    Dictionary.release()


class SiteZone(models.Model):
    """The zone that a site's days are in from `first_day` on; the first row's day is date.min."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="zones")
    first_day = models.DateField()
    timezone = models.CharField(max_length=64, validators=[validate_timezone])

    class Meta:
        constraints = (models.UniqueConstraint("site", "first_day", name="tracking_sitezone_once"),)

    def __str__(self) -> str:
        return f"{self.timezone} from {self.first_day}"


def _zones(sites: SiteQuerySet) -> dict[int, tuple[tuple[date, ZoneInfo], ...]]:
    """Of each of these sites, the zones of its days, in order."""
    zones: dict[int, list[tuple[date, ZoneInfo]]] = {}
    found = SiteZone.objects.filter(site__in=sites).order_by("first_day")
    for site_id, first_day, name in found.values_list("site_id", "first_day", "timezone"):
        zones.setdefault(site_id, []).append((first_day, ZoneInfo(name)))
    return {site_id: tuple(days) for site_id, days in zones.items()}


def _filters(sites: SiteQuerySet) -> dict[int, tuple[FilterRule, ...]]:
    """Of those of these sites that have any, their filters."""
    filters: dict[int, list[FilterRule]] = {}
    for site_id, kind, action, value in SiteFilter.objects.filter(site__in=sites).values_list(
        "site_id", "kind", "action", "value"
    ):
        filters.setdefault(site_id, []).append(FilterRule(kind, action, value))
    return {site_id: tuple(found) for site_id, found in filters.items()}
