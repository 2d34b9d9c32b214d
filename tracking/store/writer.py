"""Writes what a batch did to visits. The caller holds the transaction."""

from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime
from typing import Any, TypeVar

from django.db import connection

from tracking.models import ImportedLine, TermKind
from tracking.models.pieces import ASKED_AT_ONCE, pieces
from tracking.records import (
    ENGAGEMENT,
    PAGEVIEW,
    Agent,
    CountedEvent,
    EnrichedHit,
    Origin,
    Place,
    VisitChanges,
    VisitState,
)
from tracking.store.terms import Terms

Row = tuple[Any, ...]
Trait = TypeVar("Trait", Agent, Origin, Place)

# Any number will do, as long as nobody else in the database takes it.
WRITERS_LOCK = 4_604_867_311

EVENT_COLUMNS = (
    *("id", "site_id", "visit_id", "happened_at", "day", "hour"),
    *("name_id", "page_id", "hostname_id", "title_id", "props", "interactive"),
    *("revenue_micros", "currency"),
)
ENGAGEMENT_COLUMNS = (
    *("id", "site_id", "visit_id", "happened_at", "day", "page_id", "seconds", "scroll_depth"),
)
GROWING_COLUMNS = (
    *("started_at", "ended_at", "pageviews", "events", "interactive_events"),
    *("entry_page_id", "entered_at", "exit_page_id", "exited_at"),
)
GROWING_TYPES = (
    *("timestamptz", "timestamptz", "integer", "integer", "integer"),
    *("bigint", "timestamptz", "bigint", "timestamptz"),
)
UPDATE_FROM_LISTS = (
    f"UPDATE tracking_visit AS v SET {', '.join(f'{one} = n.{one}' for one in GROWING_COLUMNS)}"  # noqa: S608 - constants
    f" FROM unnest({', '.join(f'%s::{kind}[]' for kind in (*GROWING_TYPES, 'bigint'))})"
    f" AS n ({', '.join((*GROWING_COLUMNS, 'id'))}) WHERE v.id = n.id"
)
ORIGIN_KINDS = (
    ("referrer", TermKind.REFERRER),
    ("source", TermKind.SOURCE),
    ("channel", TermKind.CHANNEL),
    ("utm_source", TermKind.UTM_SOURCE),
    ("utm_medium", TermKind.UTM_MEDIUM),
    ("utm_campaign", TermKind.UTM_CAMPAIGN),
    ("utm_content", TermKind.UTM_CONTENT),
    ("utm_term", TermKind.UTM_TERM),
)
PLACE_KINDS = (
    ("country", TermKind.COUNTRY),
    ("region", TermKind.REGION),
    ("city", TermKind.CITY),
)
AGENT_KINDS = (
    ("browser", TermKind.BROWSER),
    ("browser_version", TermKind.BROWSER_VERSION),
    ("system", TermKind.SYSTEM),
    ("system_version", TermKind.SYSTEM_VERSION),
    ("device", TermKind.DEVICE),
)
TRAIT_COLUMNS = (
    *(f"{name}_id" for name, _ in (*ORIGIN_KINDS, *PLACE_KINDS, *AGENT_KINDS)),
    *("screen_id", "language_id"),
)
VISIT_COLUMNS = (
    *("id", "site_id", "visitor", "day", *GROWING_COLUMNS),
    *TRAIT_COLUMNS,
    *("latitude", "longitude", "address"),
)


def wait_for_turn() -> None:
    """Be the only one that writes a batch until the transaction ends.

    On SQLite every transaction is that already. Several hosts may share a PostgreSQL: a lock for
    each visitor would let their transactions overlap, but order would then have to be kept among
    locks of visitors, terms and totals, for the time that one batch takes to write.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [WRITERS_LOCK])


def unseen(hits: Sequence[EnrichedHit]) -> list[EnrichedHit]:
    """The hits without those whose line was counted before, in this batch or an earlier one."""
    identities = {(hit.site_id, hit.identity) for hit in hits if hit.identity}
    seen: set[tuple[int, str]] = set()
    for some in pieces(sorted(identity for _, identity in identities), ASKED_AT_ONCE):
        found = ImportedLine.objects.filter(identity__in=some)
        seen.update(found.values_list("site_id", "identity"))
    fresh = []
    for hit in hits:
        key = (hit.site_id, hit.identity)
        if not hit.identity or key not in seen:
            fresh.append(hit)
            seen.add(key)
    return fresh


def write_changes(changes: VisitChanges, terms: Terms) -> None:
    """Write visits, events, engagement, imported lines and the day's totals."""
    rows = _Rows(changes, terms)
    counted = [one for one in changes.events if one.hit.name != ENGAGEMENT]
    signals = [one for one in changes.events if one.hit.name == ENGAGEMENT]
    _insert("tracking_visit", VISIT_COLUMNS, [rows.of_visit(one) for one in changes.opened])
    _update_visits([(*rows.growing(one), one.visit_id) for one in changes.changed])
    _insert("tracking_event", EVENT_COLUMNS, [rows.of_event(one) for one in counted])
    _insert("tracking_engagement", ENGAGEMENT_COLUMNS, [rows.of_signal(one) for one in signals])
    identities = [(one.hit.site_id, one.hit.identity) for one in changes.events if one.hit.identity]
    _insert("tracking_importedline", ("site_id", "identity"), identities)
    _add_to_totals(changes)


def add_dropped(dropped: Mapping[tuple[int, date, str], int]) -> None:
    """Add to the counts of hits that were not counted, per (site, day, reason)."""
    times = _Times()
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO tracking_droppedhits (site_id, day, reason, count)"
            " VALUES (%s, %s, %s, %s) ON CONFLICT (site_id, day, reason)"
            " DO UPDATE SET count = tracking_droppedhits.count + excluded.count",
            [
                (site_id, times[day], reason, count)
                for (site_id, day, reason), count in sorted(dropped.items())
            ],
        )


class _Rows:
    """Rows as the driver takes them. Each term, trait and time is made once for a batch."""

    def __init__(self, changes: VisitChanges, terms: Terms) -> None:
        hits = [one.hit for one in changes.events]
        visits = (*changes.opened, *changes.changed)
        ends = (page for one in visits for page in (one.entry_page, one.exit_page) if page)
        self._names = terms.ids(TermKind.EVENT, {hit.name for hit in hits})
        self._pages = terms.ids(TermKind.PAGE, {*(hit.page for hit in hits), *ends})
        self._hostnames = terms.ids(TermKind.HOSTNAME, {hit.hostname for hit in hits})
        self._titles = terms.ids(TermKind.TITLE, {hit.title for hit in hits})
        opened = changes.opened
        self._screens = terms.ids(TermKind.SCREEN, {one.screen for one in opened})
        self._languages = terms.ids(TermKind.LANGUAGE, {one.language for one in opened})
        self._origins = _trait_ids(ORIGIN_KINDS, {one.origin for one in opened}, terms)
        self._places = _trait_ids(PLACE_KINDS, {one.place for one in opened}, terms)
        self._agents = _trait_ids(AGENT_KINDS, {one.agent for one in opened}, terms)
        self._times = _Times()

    def of_visit(self, visit: VisitState) -> Row:
        """Values of VISIT_COLUMNS."""
        return (
            *(visit.visit_id, visit.site_id, visit.visitor, self._times[visit.day]),
            *self.growing(visit),
            *self._origins[visit.origin],
            *self._places[visit.place],
            *self._agents[visit.agent],
            *(self._screens[visit.screen], self._languages[visit.language]),
            *(visit.place.latitude, visit.place.longitude, visit.address),
        )

    def growing(self, visit: VisitState) -> Row:
        """Values of GROWING_COLUMNS."""
        times = self._times
        return (
            *(times[visit.started_at], times[visit.ended_at]),
            *(visit.pageviews, visit.events, visit.interactive_events),
            *(self._pages[visit.entry_page or ""], times[visit.entered_at]),
            *(self._pages[visit.exit_page or ""], times[visit.exited_at]),
        )

    def of_event(self, one: CountedEvent) -> Row:
        """Values of EVENT_COLUMNS."""
        hit, times = one.hit, self._times
        return (
            *(hit.event_id, hit.site_id, one.visit_id, times[hit.at], times[hit.day], hit.hour),
            *(self._names[hit.name], self._pages[hit.page]),
            *(self._hostnames[hit.hostname], self._titles[hit.title]),
            *(hit.props, hit.interactive, hit.revenue_micros, hit.currency),
        )

    def of_signal(self, one: CountedEvent) -> Row:
        """Values of ENGAGEMENT_COLUMNS."""
        hit, times = one.hit, self._times
        return (
            *(hit.event_id, hit.site_id, one.visit_id, times[hit.at], times[hit.day]),
            *(self._pages[hit.page], hit.engaged_seconds, hit.scroll_depth),
        )


class _Times(dict[date | None, Any]):
    """Days and instants as this database's driver takes them."""

    def __init__(self) -> None:
        super().__init__({None: None})
        self._as_text = connection.vendor == "sqlite"

    def __missing__(self, at: date) -> Any:
        if not self._as_text:
            adapted: Any = at
        elif isinstance(at, datetime):
            adapted = at.replace(tzinfo=None).isoformat(" ")
        else:
            adapted = at.isoformat()
        self[at] = adapted
        return adapted


def _trait_ids(
    kinds: Sequence[tuple[str, TermKind]], traits: AbstractSet[Trait], terms: Terms
) -> dict[Trait, Row]:
    """For each trait, the ids of its texts in the order of `kinds`."""
    ids = [(name, terms.ids(kind, {getattr(one, name) for one in traits})) for name, kind in kinds]
    return {one: tuple(by_text[getattr(one, name)] for name, by_text in ids) for one in traits}


def _update_visits(rows: Sequence[Row]) -> None:
    """Write values of GROWING_COLUMNS, each row's last value being the visit's id."""
    if not rows:
        return
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # One statement: as many as there are visits take twice as long.
            cursor.execute(UPDATE_FROM_LISTS, [list(column) for column in zip(*rows, strict=True)])
            return
        assignments = ", ".join(f"{column} = %s" for column in GROWING_COLUMNS)
        cursor.executemany(
            f"UPDATE tracking_visit SET {assignments} WHERE id = %s",  # noqa: S608 - constants
            rows,
        )


def _add_to_totals(changes: VisitChanges) -> None:
    visits = Counter((visit.site_id, visit.day) for visit in changes.opened)
    pageviews: Counter[tuple[int, date]] = Counter()
    events: Counter[tuple[int, date]] = Counter()
    for one in changes.events:
        if one.hit.name != ENGAGEMENT:
            count = pageviews if one.hit.name == PAGEVIEW else events
            count[one.hit.site_id, one.hit.day] += 1
    times = _Times()
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO tracking_dailytotal (site_id, day, visitors, visits, pageviews, events)"
            " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (site_id, day) DO UPDATE SET"
            " visitors = tracking_dailytotal.visitors + excluded.visitors,"
            " visits = tracking_dailytotal.visits + excluded.visits,"
            " pageviews = tracking_dailytotal.pageviews + excluded.pageviews,"
            " events = tracking_dailytotal.events + excluded.events",
            [
                (
                    *(key[0], times[key[1]], changes.new_visitors.get(key, 0)),
                    *(visits[key], pageviews[key], events[key]),
                )
                for key in sorted(pageviews.keys() | events.keys())
            ],
        )


def _insert(table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
    if not rows:
        return
    names = ", ".join(columns)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            return
        places = ", ".join(["%s"] * len(columns))
        cursor.executemany(
            f"INSERT INTO {table} ({names}) VALUES ({places})",  # noqa: S608 - constants
            rows,
        )
