"""The report page's questions as Django products usually ask them: ORM queries over the tables.

For SQLite; visitors (distinct) are the metric. Every query reads its period by the index on time,
groups by terms' ids, and looks up the texts of the top rows alone.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any, Literal

from django.db import models
from django.db.models import Avg, Count, F, Func, Q, QuerySet, Sum, Value

from tracking.models import Site, Term, TermKind, Visit
from tracking.models.term import digest_of
from tracking.records import PAGEVIEW

ROWS = 10
SECONDS_OF_A_DAY = 86_400
VISIT_DIMENSIONS = (
    *("entry_page", "exit_page", "source", "referrer", "channel", "utm_campaign"),
    *("country", "region", "city", "browser", "system", "device", "screen", "language"),
)
EVENT_DIMENSIONS = ("page", "title")


class VisitedEvent(models.Model):
    """The table of events, with the foreign key that the ORM needs to join an event's visit."""

    id = models.BigIntegerField(primary_key=True)
    site_id = models.BigIntegerField()
    visit = models.ForeignKey(Visit, on_delete=models.DO_NOTHING, related_name="+")
    happened_at = models.DateTimeField()
    day = models.DateField()
    hour = models.PositiveSmallIntegerField()
    name_id = models.BigIntegerField(null=True)
    page_id = models.BigIntegerField(null=True)
    title_id = models.BigIntegerField(null=True)
    props = models.TextField()

    objects: "models.Manager[VisitedEvent]" = models.Manager()

    class Meta:
        app_label = "benchmarks"
        managed = False
        db_table = "tracking_event"

    def __str__(self) -> str:
        return f"event {self.pk}"


@dataclass(frozen=True)
class Filter:
    """What is selected: by a visit's country, by an event's page, or by what a visit did."""

    kind: Literal["none", "country is", "country is not", "page is", "did page is"] = "none"
    value: str = ""


NO_FILTER = Filter()
Rows = list[tuple[str, int]]
Answer = Rows | dict[str, Any]
Panel = Callable[[int, date, date, Filter], Answer]


def _by_visit(
    dimension: str, site_id: int, first_day: date, last_day: date, selected: Filter = NO_FILTER
) -> Rows:
    column = f"{dimension}_id"
    rows = (
        _visits(site_id, first_day, last_day, selected)
        .values_list(column)
        .annotate(visitors=Count("visitor", distinct=True))
        .order_by("-visitors")[:ROWS]
    )
    return _with_texts(rows)


def _by_event(
    dimension: str, site_id: int, first_day: date, last_day: date, selected: Filter = NO_FILTER
) -> Rows:
    column = f"{dimension}_id"
    rows = (
        _events(site_id, first_day, last_day, selected)
        .values_list(column)
        .annotate(visitors=Count("visit__visitor", distinct=True))
        .order_by("-visitors")[:ROWS]
    )
    return _with_texts(rows)


def _by_custom_event(
    site_id: int, first_day: date, last_day: date, selected: Filter = NO_FILTER
) -> Rows:
    rows = (
        _events(site_id, first_day, last_day, selected)
        .exclude(name_id=_term(TermKind.EVENT, PAGEVIEW))
        .values_list("name_id")
        .annotate(visitors=Count("visit__visitor", distinct=True))
        .order_by("-visitors")[:ROWS]
    )
    return _with_texts(rows)


def _by_prop(
    key: str, site_id: int, first_day: date, last_day: date, selected: Filter = NO_FILTER
) -> Rows:
    value = Func(
        F("props"), Value(f"$.{key}"), function="JSON_EXTRACT", output_field=models.TextField()
    )
    return list(
        _events(site_id, first_day, last_day, selected)
        .exclude(props="")
        .annotate(value=value)
        .exclude(value=None)
        .values_list("value")
        .annotate(visitors=Count("visit__visitor", distinct=True))
        .order_by("-visitors")[:ROWS]
    )


def _hours_of_weekdays(
    site_id: int, first_day: date, last_day: date, selected: Filter = NO_FILTER
) -> dict[str, Any]:
    """Visitors by (hour, weekday), Monday being 0."""
    found: Counter[tuple[int, int]] = Counter()
    rows = (
        _events(site_id, first_day, last_day, selected)
        .values_list("day", "hour")
        .annotate(visitors=Count("visit__visitor", distinct=True))
        .order_by()
    )
    # Visitors are of one day, so days add up; in SQL, Django asks Python for each row's weekday.
    for day, hour, visitors in rows:
        found[hour, day.weekday()] += visitors
    return {f"{hour} {weekday}": visitors for (hour, weekday), visitors in found.items()}


def _by_day(
    site_id: int, first_day: date, last_day: date, selected: Filter = NO_FILTER
) -> dict[str, Any]:
    rows = (
        _visits(site_id, first_day, last_day, selected)
        .values_list("day")
        .annotate(visitors=Count("visitor", distinct=True))
        .order_by("day")
    )
    return {day.isoformat(): visitors for day, visitors in rows}


def _headline(
    site_id: int, first_day: date, last_day: date, selected: Filter = NO_FILTER
) -> dict[str, Any]:
    """Visitors, visits, pageviews, events, views per visit, bounce rate, visit duration."""
    visits = _visits(site_id, first_day, last_day, selected)
    found: dict[str, Any] = visits.aggregate(
        visitors=Count("visitor", distinct=True),
        visits=Count("pk"),
        bounces=Count("pk", filter=Q(pageviews__lte=1, interactive_events=0)),
        duration=Avg(_days("ended_at") - _days("started_at")) * SECONDS_OF_A_DAY,
        # Last: from here on, these names mean the sums.
        events=Sum("events"),
        pageviews=Sum("pageviews"),
    )
    if selected.kind == "page is":
        is_pageview = Q(name_id=_term(TermKind.EVENT, PAGEVIEW))
        found |= _events(site_id, first_day, last_day, selected).aggregate(
            pageviews=Count("pk", filter=is_pageview), events=Count("pk", filter=~is_pageview)
        )
    if found["visits"]:
        found["views_per_visit"] = found["pageviews"] / found["visits"]
        found["bounce_rate"] = found["bounces"] / found["visits"]
    return found


PANELS: Mapping[str, Panel] = {
    "headline": _headline,
    "day": _by_day,
    **{name: partial(_by_event, name) for name in EVENT_DIMENSIONS},
    **{name: partial(_by_visit, name) for name in VISIT_DIMENSIONS},
    "event": _by_custom_event,
    "prop.plan": partial(_by_prop, "plan"),
    "hour and weekday": _hours_of_weekdays,
}
"""Each question by name: call it with a site's primary key, the first and the last local day."""


def _visits(
    site_id: int, first_day: date, last_day: date, selected: Filter
) -> "QuerySet[Visit, Visit]":
    """The visits with at least one selected event; none of them goes on after its day."""
    begin, end = _bounds(site_id, first_day, last_day)
    found = Visit.objects.filter(site_id=site_id, started_at__gte=begin, started_at__lt=end)
    match selected.kind:
        case "country is":
            return found.filter(country_id=_term(TermKind.COUNTRY, selected.value))
        case "country is not":
            return found.exclude(country_id=_term(TermKind.COUNTRY, selected.value))
        case "page is" | "did page is":
            return found.filter(pk__in=_visits_to_page(site_id, begin, end, selected.value))
    return found


def _events(
    site_id: int, first_day: date, last_day: date, selected: Filter
) -> "QuerySet[VisitedEvent, VisitedEvent]":
    begin, end = _bounds(site_id, first_day, last_day)
    found = _events_between(site_id, begin, end)
    match selected.kind:
        case "country is":
            return found.filter(visit__country_id=_term(TermKind.COUNTRY, selected.value))
        case "country is not":
            return found.exclude(visit__country_id=_term(TermKind.COUNTRY, selected.value))
        case "page is":
            return found.filter(page_id=_term(TermKind.PAGE, selected.value))
        case "did page is":
            return found.filter(visit__in=_visits_to_page(site_id, begin, end, selected.value))
    return found


def _visits_to_page(
    site_id: int, begin: datetime, end: datetime, page: str
) -> "QuerySet[Any, Any]":
    page_id = _term(TermKind.PAGE, page)
    return _events_between(site_id, begin, end).filter(page_id=page_id).values("visit")


def _events_between(
    site_id: int, begin: datetime, end: datetime
) -> "QuerySet[VisitedEvent, VisitedEvent]":
    return VisitedEvent.objects.filter(site_id=site_id, happened_at__gte=begin, happened_at__lt=end)


def _bounds(site_id: int, first_day: date, last_day: date) -> tuple[datetime, datetime]:
    """The instants at which the first day begins and the last one ends."""
    rules = Site.objects.get(pk=site_id).rules()
    after = last_day + timedelta(days=1)
    begin, end = (datetime.combine(day, time.min, rules.zone_on(day)) for day in (first_day, after))
    return begin, end


def _term(kind: TermKind, text: str) -> int:
    """The id of a text; 0, which none has, if it is unknown."""
    found = Term.objects.filter(kind=kind, digest=digest_of(text))
    return found.values_list("pk", flat=True).first() or 0


def _with_texts(rows: Iterable[tuple[int | None, int]]) -> Rows:
    found = list(rows)
    texts = Term.objects.texts(pk for pk, _ in found)
    return [(texts[pk] if pk is not None else "", visitors) for pk, visitors in found]


def _days(column: str) -> Func:
    """A time as a number, by SQLite itself: Django would subtract times by a function of Python."""
    return Func(F(column), function="julianday", output_field=models.FloatField())
