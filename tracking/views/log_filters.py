"""What the activity log is searched for, as its URL and its form say it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Self
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import QueryDict

from tracking.errors import InvalidQuery
from tracking.models import Event, Term, TermKind, Visit
from tracking.models.term import digest_of
from tracking.records import SiteRules
from tracking.reports.conditions import is_text
from tracking.reports.periods import DAY, FIRST_YEAR, LAST_YEAR
from tracking.reports.wording import unknown_parameter

LONGEST_TEXT = 2000
BEFORE = "before"
TEXTS = {
    "event": (TermKind.EVENT, "name_id"),
    "country": (TermKind.COUNTRY, "country_id"),
    "source": (TermKind.SOURCE, "source_id"),
}
"""Which term a text is, and the column that must have it."""
OF_VISITS = frozenset({"country", "source"})
PAGE = "page"
DAYS = ("from", "to")

# Where clocks go back over midnight, the last minutes of a day come after the first of the next.
CLOCKS_GO_BACK = timedelta(hours=2)
# A visit lies within its day, which a change of zone may make longer.
LONGEST_VISIT = timedelta(days=2)


@dataclass(frozen=True)
class LogFilters:
    """What must hold for an event of the log: `texts` are equal, but the page contains its text.

    Days are local to the site, both included.
    """

    texts: Mapping[str, str]
    first_day: date | None = None
    last_day: date | None = None

    @classmethod
    def from_params(cls, params: QueryDict) -> Self:
        """Read a query string; empty texts are none. Raises InvalidQuery, naming the parameter."""
        texts = {}
        for name, values in params.lists():
            if name not in (*TEXTS, PAGE, *DAYS, BEFORE):
                raise unknown_parameter(name)
            if len(values) > 1:
                raise InvalidQuery(name, "given twice")
            if len(values[0]) > LONGEST_TEXT or not is_text(values[0]):
                raise InvalidQuery(name, "nothing that is counted is called so")
            if values[0] and name != BEFORE:
                texts[name] = values[0]
        first_day, last_day = (_day(name, texts.pop(name, "")) for name in DAYS)
        if first_day and last_day and last_day < first_day:
            raise InvalidQuery("to", "the last day comes before the first")
        return cls(texts, first_day, last_day)

    def __bool__(self) -> bool:
        """Whether anything is left out."""
        return bool(self.texts or self.first_day or self.last_day)

    def to_params(self) -> dict[str, str]:
        """What from_params reads."""
        days = zip(DAYS, (self.first_day, self.last_day), strict=True)
        return {**self.texts, **{name: day.isoformat() for name, day in days if day}}

    def terms(self) -> dict[str, int] | None:
        """The terms of the texts, by column, in one query; None when there is none for one."""
        wanted: dict[tuple[int, UUID], str] = {
            (kind, digest_of(self.texts[name])): column
            for name, (kind, column) in TEXTS.items()
            if name in self.texts
        }
        found = Term.objects.filter(
            kind__in=[kind for kind, _ in wanted], digest__in=[digest for _, digest in wanted]
        ).values_list("kind", "digest", "pk")
        terms = {wanted[kind, digest]: pk for kind, digest, pk in found if (kind, digest) in wanted}
        return terms if len(terms) == len(wanted) else None

    def within_days(self, events: "QuerySet[Event]", rules: SiteRules) -> "QuerySet[Event]":
        """Those of a site's events that the index on time can tell to be of these days or near."""
        if self.first_day:
            begin = _midnight(self.first_day, rules) - CLOCKS_GO_BACK
            events = events.filter(happened_at__gte=begin)
        if self.last_day:
            end = _midnight(self.last_day + DAY, rules) + CLOCKS_GO_BACK
            events = events.filter(happened_at__lt=end)
        return events

    def matching(
        self, terms: Mapping[str, int], events: "QuerySet[Event]", since: datetime | None
    ) -> "QuerySet[Event]":
        """Those of these events for which all of it holds; none of them happened before `since`."""
        of_visits = {TEXTS[name][1] for name in OF_VISITS}
        conditions: dict[str, Any] = {
            column: pk for column, pk in terms.items() if column not in of_visits
        }
        if PAGE in self.texts:
            conditions["page__text__icontains"] = self.texts[PAGE]
        if self.first_day:
            conditions["day__gte"] = self.first_day
        if self.last_day:
            conditions["day__lte"] = self.last_day
        visit = {column: pk for column, pk in terms.items() if column in of_visits}
        return events.filter(_of_visit(visit, since), **conditions)


def _of_visit(columns: Mapping[str, int], since: datetime | None) -> Q:
    """That an event's visit has these terms."""
    if not columns:
        return Q()
    visits = Visit.objects.filter(pk=OuterRef("visit_id"), **columns)
    if since is not None:
        # Whichever way the database goes about it, it need not read older ones.
        visits = visits.filter(site=OuterRef("site"), started_at__gte=since - LONGEST_VISIT)
    return Q(Exists(visits))


def _midnight(day: date, rules: SiteRules) -> datetime:
    return datetime.combine(day, time.min, rules.zone_on(day))


def _day(name: str, text: str) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text) if len(text) == len("2026-01-31") else None
    except ValueError:
        day = None
    if day is None or not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise InvalidQuery(name, "expected a day like 2026-01-31")
    return day
