"""Reads events from the database into DuckDB as raw rows.

Rows are read as integers, in pieces, and go into DuckDB without their visit's attributes, which
stand in a table of their own: a day of any size takes as much memory as DuckDB is allowed, and the
rest of it goes to the disk.
"""

import csv
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import chain, islice
from pathlib import Path
from typing import Any

import duckdb
from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast

from tracking.columns.schema import (
    ENGAGEMENT_KIND,
    EVENT_KIND,
    PAGEVIEW_KIND,
    RAW_COLUMNS,
    TRAITS,
)
from tracking.models import Engagement, Event, Site, SpoolFile, Term, Visit
from tracking.models.pieces import ASKED_AT_ONCE, pieces
from tracking.records import OFFSET_BITS, PAGEVIEW, SiteRules

READ_AT_ONCE = 20_000
# Zones change, and differ from UTC, by whole quarters of an hour.
MINUTES_OF_A_QUARTER = 15

OF_VISITS = {"visitor": RAW_COLUMNS["visitor"]} | {name: RAW_COLUMNS[name] for name in TRAITS}
ROW_COLUMNS = {name: kind for name, kind in RAW_COLUMNS.items() if name not in OF_VISITS}
TRAIT_COLUMNS = {"visit": "BIGINT"} | OF_VISITS

# Times and days come as text, so that no object is made of either where none is needed.
AT = Cast("happened_at", TextField())
DAY = Cast("day", TextField())
EVENT_FIELDS = (
    *("pk", "site_id", "visit_id", DAY, AT, "name_id", "page_id", "hostname_id", "title_id"),
    *("props", "interactive", "revenue_micros", "currency"),
)
EVENT_TERMS = (5, 6, 7, 8)
SIGNAL_FIELDS = ("pk", "site_id", "visit_id", DAY, AT, "page_id", "seconds", "scroll_depth")
SIGNAL_TERMS = (5,)
VISIT_FIELDS = ("pk", "visitor", *(f"{name}_id" for name in TRAITS))
VISIT_TERMS = range(2, len(VISIT_FIELDS))

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)

Row = tuple[Any, ...]


def load(
    cursor: duckdb.DuckDBPyConnection,
    events: "QuerySet[Event]",
    signals: "QuerySet[Engagement]",
    chunk: int,
) -> None:
    """Make this cursor's temporary tables of these events and engagement signals.

    `rows` are raw rows without their visit's attributes, `traits` have those by visit, and `raw` is
    both of them together, without rows whose site was deleted meanwhile.
    """
    known = _Known()
    found = chain(known.rows_of_events(events, chunk), known.rows_of_signals(signals, chunk))
    _fill(cursor, "rows", ROW_COLUMNS, found)
    ids = cursor.execute("SELECT DISTINCT visit FROM rows ORDER BY visit").fetchall()
    visits = (
        known.with_texts(Visit.objects.filter(pk__in=some), VISIT_FIELDS, VISIT_TERMS)
        for some in pieces([pk for (pk,) in ids], ASKED_AT_ONCE)
    )
    _fill(cursor, "traits", TRAIT_COLUMNS, chain.from_iterable(visits))
    own = ", ".join(f"r.{name}" for name in ROW_COLUMNS)
    cursor.execute(
        f"CREATE OR REPLACE TEMP VIEW raw AS SELECT {own}, t.* EXCLUDE (visit)"  # noqa: S608
        " FROM rows AS r JOIN traits AS t ON t.visit = r.visit"
    )


def drop_uncopied(cursor: duckdb.DuckDBPyConnection, cursors: Mapping[int, int]) -> None:
    """Delete from `rows` what lies behind these places in the spool: the next chunk has it."""
    # A spool file that has no row any more was copied to its end long ago.
    places = {pk: cursors.get(pk, pk << OFFSET_BITS) for pk in _spool_files()}
    cursor.execute(
        "DELETE FROM rows USING"  # noqa: S608 - a constant
        " (SELECT unnest(?::BIGINT[]) AS file, unnest(?::BIGINT[]) AS first)"
        f" AS place WHERE rows.event >> {OFFSET_BITS} = place.file AND rows.event >= place.first",
        [list(places), list(places.values())],
    )


def by_visitors(cursor: duckdb.DuckDBPyConnection, most: int) -> Iterator[None]:
    """Leave in `rows` and `traits` those of some visitors at a time: about `most` rows, or all."""
    [(count,)] = cursor.execute("SELECT count(*) FROM rows").fetchall()
    number = -(-count // most)
    if number <= 1:
        yield
        return
    for table in ("rows", "traits"):
        cursor.execute(f"ALTER TABLE {table} RENAME TO all_{table}")
    for place in range(number):
        cursor.execute(
            "CREATE OR REPLACE TEMP TABLE traits AS"  # noqa: S608 - numbers
            f" SELECT * FROM all_traits WHERE hash(visitor) % {number} = {place}"
        )
        cursor.execute(
            "CREATE OR REPLACE TEMP TABLE rows AS"
            " SELECT r.* FROM all_rows AS r SEMI JOIN traits AS t ON t.visit = r.visit"
        )
        yield


def events_of_days(
    site_id: int, days: Sequence[date]
) -> tuple["QuerySet[Event]", "QuerySet[Engagement]"]:
    """A site's events and signals of local days, by the index on time."""
    first, last = (
        datetime(day.year, day.month, day.day, 12, tzinfo=UTC) for day in (min(days), max(days))
    )
    # A local day lies within 26 hours of its UTC noon, and may be stretched by a change of zone.
    bounds: dict[str, Any] = {
        "site_id": site_id,
        "happened_at__range": (first - timedelta(hours=52), last + timedelta(hours=52)),
        "day__in": days,
    }
    return Event.objects.filter(**bounds), Engagement.objects.filter(**bounds)


def _spool_files() -> Iterable[int]:
    return SpoolFile.objects.values_list("pk", flat=True)


class _Known:
    """Texts and sites that were looked up for the rows so far."""

    def __init__(self) -> None:
        self._texts: dict[int, str] = {}
        self._rules: dict[int, SiteRules] = {}
        self._quarters: dict[tuple[int, str, int], int] = {}

    def rows_of_events(self, events: "QuerySet[Event]", chunk: int) -> Iterator[Row]:
        """Values of ROW_COLUMNS."""
        for row in self.with_texts(events, EVENT_FIELDS, EVENT_TERMS):
            pk, site, visit, day, at, name, page, hostname, title, *others = row
            props, interactive, revenue, currency = others
            kind = PAGEVIEW_KIND if name == PAGEVIEW else EVENT_KIND
            moment = _milliseconds(at)
            minute = self._minute(site, day, moment // 60_000)
            if minute is not None:
                yield (
                    *(chunk, kind, site, pk, visit, day, minute, moment),
                    *(name, page, hostname, title, props, interactive, None, None),
                    *(revenue, currency),
                )

    def rows_of_signals(self, signals: "QuerySet[Engagement]", chunk: int) -> Iterator[Row]:
        """Values of ROW_COLUMNS; what a signal does not have is empty."""
        for row in self.with_texts(signals, SIGNAL_FIELDS, SIGNAL_TERMS):
            pk, site, visit, day, at, page, seconds, depth = row
            yield (
                *(chunk, ENGAGEMENT_KIND, site, pk, visit, day, None, _milliseconds(at)),
                *("", page, "", "", "", False, seconds, depth, None, ""),
            )

    def with_texts(
        self, rows: "QuerySet[Any]", fields: Sequence[Any], terms: Sequence[int]
    ) -> Iterator[Row]:
        """Tuples of these fields, with texts in the places of terms."""
        found = iter(rows.values_list(*fields).iterator(READ_AT_ONCE))
        texts = self._texts
        while some := list(islice(found, READ_AT_ONCE)):
            used = {row[place] for row in some for place in terms}
            texts.update(Term.objects.texts(used - texts.keys()))
            for row in some:
                cells = list(row)
                for place in terms:
                    cells[place] = texts.get(cells[place], "")
                yield tuple(cells)

    def _minute(self, site_id: int, day: str, minute: int) -> int | None:
        """The minute of the local day at a minute since 1970; None for a site that is gone."""
        quarter, rest = divmod(minute, MINUTES_OF_A_QUARTER)
        key = (site_id, day, quarter)
        if key not in self._quarters:
            rules = self._rules_of(site_id)
            if rules is None:
                return None
            at = datetime.fromtimestamp(quarter * MINUTES_OF_A_QUARTER * 60, UTC)
            local = at.astimezone(rules.zone_on(date.fromisoformat(day)))
            self._quarters[key] = local.hour * 60 + local.minute
        return self._quarters[key] + rest

    def _rules_of(self, site_id: int) -> SiteRules | None:
        if not self._rules:
            # All at once: one query a site would be one for each of a thousand.
            self._rules = {one.site_id: one for one in Site.objects.all().rules().values()}
        return self._rules.get(site_id)


def _milliseconds(text: str) -> int:
    """Milliseconds since 1970 of an instant as the database writes it, in UTC."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return (at - EPOCH) // MILLISECOND


def _fill(
    cursor: duckdb.DuckDBPyConnection, table: str, columns: Mapping[str, str], rows: Iterable[Row]
) -> None:
    """Make a temporary table of rows.

    They go by a file: as parameters, each value would become an object, at many times the cost.
    """
    spill = Path(cursor.execute("SELECT current_setting('temp_directory')").fetchall()[0][0])
    spill.mkdir(exist_ok=True, mode=0o700)
    kinds = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    # An empty text is not told apart from none in the file; no text is null in these tables.
    values = ", ".join(
        f"coalesce({name}, '')" if kind == "VARCHAR" else name for name, kind in columns.items()
    )
    cursor.execute(f"CREATE OR REPLACE TEMP TABLE {table} ({kinds})")
    with tempfile.NamedTemporaryFile("w", dir=spill, suffix=".csv", newline="") as file:
        csv.writer(file).writerows(rows)
        file.flush()
        cursor.execute(
            f"INSERT INTO {table} SELECT {values}"  # noqa: S608
            f" FROM read_csv(?, columns = {dict(columns)}, header = false,"
            " auto_detect = false, delim = ',', quote = '\"', escape = '\"', new_line = '\\r\\n',"
            " parallel = false, max_line_size = 1048576, buffer_size = 4194304)",
            [file.name],
        )
