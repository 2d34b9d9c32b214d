"""Writes what a batch did to visits. The caller holds the transaction."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db import connection

from tracking.models import ImportedLine, TermKind
from tracking.models.pieces import ASKED_AT_ONCE, pieces
from tracking.records import (
    ENGAGEMENT,
    PAGEVIEW,
    CountedEvent,
    EnrichedHit,
    VisitChanges,
    VisitState,
)
from tracking.store.terms import Pair, Terms

Row = tuple[Any, ...]

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
TRAIT_KINDS = (
    ("referrer", TermKind.REFERRER),
    ("source", TermKind.SOURCE),
    ("channel", TermKind.CHANNEL),
    ("utm_source", TermKind.UTM_SOURCE),
    ("utm_medium", TermKind.UTM_MEDIUM),
    ("utm_campaign", TermKind.UTM_CAMPAIGN),
    ("utm_content", TermKind.UTM_CONTENT),
    ("utm_term", TermKind.UTM_TERM),
    ("country", TermKind.COUNTRY),
    ("region", TermKind.REGION),
    ("city", TermKind.CITY),
    ("browser", TermKind.BROWSER),
    ("browser_version", TermKind.BROWSER_VERSION),
    ("system", TermKind.SYSTEM),
    ("system_version", TermKind.SYSTEM_VERSION),
    ("device", TermKind.DEVICE),
    ("screen", TermKind.SCREEN),
    ("language", TermKind.LANGUAGE),
)
VISIT_COLUMNS = (
    *("id", "site_id", "visitor", "day", *GROWING_COLUMNS),
    *(f"{name}_id" for name, _ in TRAIT_KINDS),
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
    terms.add(_pairs(changes))
    _insert("tracking_visit", VISIT_COLUMNS, [_visit_row(one, terms) for one in changes.opened])
    _update_visits(changes.changed, terms)
    counted = [one for one in changes.events if one.hit.name != ENGAGEMENT]
    signals = [one for one in changes.events if one.hit.name == ENGAGEMENT]
    _insert("tracking_event", EVENT_COLUMNS, [_event_row(one, terms) for one in counted])
    _insert("tracking_engagement", ENGAGEMENT_COLUMNS, [_signal_row(one, terms) for one in signals])
    identities = [(one.hit.site_id, one.hit.identity) for one in changes.events if one.hit.identity]
    _insert("tracking_importedline", ("site_id", "identity"), identities)
    _add_to_totals(changes)


def add_dropped(dropped: Mapping[tuple[int, date, str], int]) -> None:
    """Add to the counts of hits that were not counted, per (site, day, reason)."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO tracking_droppedhits (site_id, day, reason, count)"
            " VALUES (%s, %s, %s, %s) ON CONFLICT (site_id, day, reason)"
            " DO UPDATE SET count = tracking_droppedhits.count + excluded.count",
            [
                (site_id, _adapted(day), reason, count)
                for (site_id, day, reason), count in sorted(dropped.items())
            ],
        )


def _pairs(changes: VisitChanges) -> Iterable[Pair]:
    for visit in (*changes.opened, *changes.changed):
        yield TermKind.PAGE, visit.entry_page or ""
        yield TermKind.PAGE, visit.exit_page or ""
    for visit in changes.opened:
        traits = _traits(visit)
        yield from ((kind, traits[name]) for name, kind in TRAIT_KINDS)
    for one in changes.events:
        yield TermKind.EVENT, one.hit.name
        yield TermKind.PAGE, one.hit.page
        yield TermKind.HOSTNAME, one.hit.hostname
        yield TermKind.TITLE, one.hit.title


def _traits(visit: VisitState) -> dict[str, Any]:
    owners = (visit.origin, visit.place, visit.agent, visit)
    return {
        name: next(getattr(owner, name) for owner in owners if hasattr(owner, name))
        for name, _ in TRAIT_KINDS
    }


def _visit_row(visit: VisitState, terms: Terms) -> Row:
    traits = _traits(visit)
    return (
        *(visit.visit_id, visit.site_id, visit.visitor, _adapted(visit.day)),
        *_growing(visit, terms),
        *(terms.id(kind, traits[name]) for name, kind in TRAIT_KINDS),
        *(visit.place.latitude, visit.place.longitude, visit.address),
    )


def _growing(visit: VisitState, terms: Terms) -> Row:
    return (
        *(_adapted(visit.started_at), _adapted(visit.ended_at)),
        *(visit.pageviews, visit.events, visit.interactive_events),
        *(terms.id(TermKind.PAGE, visit.entry_page), _adapted(visit.entered_at)),
        *(terms.id(TermKind.PAGE, visit.exit_page), _adapted(visit.exited_at)),
    )


def _event_row(one: CountedEvent, terms: Terms) -> Row:
    hit = one.hit
    return (
        *(hit.event_id, hit.site_id, one.visit_id, _adapted(hit.at), _adapted(hit.day), hit.hour),
        *(terms.id(TermKind.EVENT, hit.name), terms.id(TermKind.PAGE, hit.page)),
        *(terms.id(TermKind.HOSTNAME, hit.hostname), terms.id(TermKind.TITLE, hit.title)),
        *(hit.props, hit.interactive, hit.revenue_micros, hit.currency),
    )


def _signal_row(one: CountedEvent, terms: Terms) -> Row:
    hit = one.hit
    return (
        *(hit.event_id, hit.site_id, one.visit_id, _adapted(hit.at), _adapted(hit.day)),
        *(terms.id(TermKind.PAGE, hit.page), hit.engaged_seconds, hit.scroll_depth),
    )


def _update_visits(visits: Sequence[VisitState], terms: Terms) -> None:
    assignments = ", ".join(f"{column} = %s" for column in GROWING_COLUMNS)
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE tracking_visit SET {assignments} WHERE id = %s",  # noqa: S608 - constants
            [(*_growing(visit, terms), visit.visit_id) for visit in visits],
        )


def _add_to_totals(changes: VisitChanges) -> None:
    visits = Counter((visit.site_id, visit.day) for visit in changes.opened)
    pageviews: Counter[tuple[int, date]] = Counter()
    events: Counter[tuple[int, date]] = Counter()
    for one in changes.events:
        if one.hit.name != ENGAGEMENT:
            count = pageviews if one.hit.name == PAGEVIEW else events
            count[one.hit.site_id, one.hit.day] += 1
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
                    *(key[0], _adapted(key[1]), changes.new_visitors.get(key, 0)),
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


def _adapted(value: date | None) -> Any:
    """A day or an instant as this database's driver takes it."""
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return connection.ops.adapt_datefield_value(value)
