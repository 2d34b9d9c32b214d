"""Reads events from the database into DuckDB as raw rows.

Rows are read as integers, in pieces, and become wide inside DuckDB: a day of any size takes as
much memory as DuckDB is allowed, and the rest of it goes to the disk.
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
MINUTES_OF_A_QUARTER = 15
QUARTER = MINUTES_OF_A_QUARTER * 60_000

# A column that is read, and its type in DuckDB. Times and days come as text: no object a row.
Columns = dict[str, str]
TERM = "TERM"
"""A text that is kept as its term."""
EVENTS: Columns = {
    "id": "BIGINT",
    "site_id": "INTEGER",
    "visit_id": "BIGINT",
    "day": "DATE",
    "happened_at": "TIMESTAMP",
    "name_id": TERM,
    "page_id": TERM,
    "hostname_id": TERM,
    "title_id": TERM,
    "props": "VARCHAR",
    "interactive": "BOOLEAN",
    "revenue_micros": "BIGINT",
    "currency": "VARCHAR",
}
SIGNALS: Columns = {
    "id": "BIGINT",
    "site_id": "INTEGER",
    "visit_id": "BIGINT",
    "day": "DATE",
    "happened_at": "TIMESTAMP",
    "page_id": TERM,
    "seconds": "INTEGER",
    "scroll_depth": "TINYINT",
}
VISITS: Columns = {"id": "BIGINT", "visitor": "BIGINT"} | {f"{one}_id": TERM for one in TRAITS}

Row = tuple[Any, ...]


def load(
    cursor: duckdb.DuckDBPyConnection,
    events: "QuerySet[Event]",
    signals: "QuerySet[Engagement]",
    chunk: int,
) -> None:
    """Make this cursor's temporary tables of these events and engagement signals.

    `rows` are raw rows without their visit's attributes, `traits` have those by visit, and `raw` is
    both of them together.
    """
    texts: dict[int, str] = {}
    _fill(cursor, "new_events", EVENTS, _rows(events, EVENTS, texts))
    _fill(cursor, "new_signals", SIGNALS, _rows(signals, SIGNALS, texts))
    ids = cursor.execute(
        "SELECT visit_id FROM new_events UNION SELECT visit_id FROM new_signals ORDER BY 1"
    ).fetchall()
    visits = (
        _rows(Visit.objects.filter(pk__in=some), VISITS, texts)
        for some in pieces([pk for (pk,) in ids], ASKED_AT_ONCE)
    )
    _fill(cursor, "new_visits", VISITS, chain.from_iterable(visits))
    _fill_quarters(cursor)
    for statement in _tables(chunk):
        cursor.execute(statement)
    for table in ("new_events", "new_signals", "quarters"):
        cursor.execute(f"DROP TABLE {table}")


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


def _rows(rows: "QuerySet[Any]", columns: Columns, texts: dict[int, str]) -> Iterator[Row]:
    """Tuples of these columns, with each term's text in its place; `texts` are those known."""
    as_text = {
        f"{name}_text": Cast(name, TextField())
        for name, kind in columns.items()
        if kind in {"TIMESTAMP", "DATE"}
    }
    names = [f"{name}_text" if f"{name}_text" in as_text else name for name in columns]
    places = [place for place, kind in enumerate(columns.values()) if kind == TERM]
    found = iter(rows.annotate(**as_text).values_list(*names).iterator(READ_AT_ONCE))
    while some := list(islice(found, READ_AT_ONCE)):
        used = {row[place] for row in some for place in places}
        texts.update(Term.objects.texts(used - texts.keys()))
        for row in some:
            cells = list(row)
            for place in places:
                cells[place] = texts.get(cells[place], "")
            yield tuple(cells)


def _fill(
    cursor: duckdb.DuckDBPyConnection, table: str, columns: Columns, rows: Iterable[Row]
) -> None:
    """Make a temporary table of rows.

    They go by a file: as parameters, each value would become an object, at twenty times the cost.
    """
    spill = Path(cursor.execute("SELECT current_setting('temp_directory')").fetchall()[0][0])
    spill.mkdir(exist_ok=True, mode=0o700)
    kinds = {name: "VARCHAR" if kind == TERM else kind for name, kind in columns.items()}
    made = ", ".join(f"{name} {kind}" for name, kind in kinds.items())
    cursor.execute(f"CREATE OR REPLACE TEMP TABLE {table} ({made})")
    with tempfile.NamedTemporaryFile("w", dir=spill, suffix=".csv", newline="") as file:
        csv.writer(file).writerows(rows)
        file.flush()
        cursor.execute(
            f"INSERT INTO {table} FROM read_csv(?, columns = {kinds}, header = false,"
            " auto_detect = false, delim = ',', quote = '\"', escape = '\"', new_line = '\\r\\n',"
            " parallel = false, max_line_size = 1048576, buffer_size = 4194304)",
            [file.name],
        )


def _fill_quarters(cursor: duckdb.DuckDBPyConnection) -> None:
    """For each quarter of an hour that an event lies in, the local minute that it begins at.

    Zones change, and differ from UTC, by whole quarters of an hour.
    """
    found = cursor.execute(
        f"SELECT DISTINCT site_id, day, epoch_ms(happened_at) // {QUARTER} FROM new_events"  # noqa: S608
    ).fetchall()
    wanted = Site.objects.filter(pk__in={site_id for site_id, _, _ in found})
    rules = {one.site_id: one for one in wanted.rules().values()}
    rows = [
        (site_id, day, quarter, _local_minute(rules[site_id], day, quarter))
        for site_id, day, quarter in found
        if site_id in rules
    ]
    kinds = {"site_id": "INTEGER", "day": "DATE", "quarter": "BIGINT", "minute": "SMALLINT"}
    _fill(cursor, "quarters", kinds, [(one, str(day), *more) for one, day, *more in rows])


def _local_minute(rules: SiteRules, day: date, quarter: int) -> int:
    at = datetime.fromtimestamp(quarter * MINUTES_OF_A_QUARTER * 60, UTC)
    local = at.astimezone(rules.zone_on(day))
    return local.hour * 60 + local.minute


def _tables(chunk: int) -> tuple[str, str, str]:
    """The statements that make tables of what was filled; a deleted site's rows are left out."""
    traits = ", ".join(f"coalesce({name}_id, '') AS {name}" for name in TRAITS)
    own = ", ".join(f"r.{name}" for name in RAW_COLUMNS if name not in {*TRAITS, "visitor"})
    rows = f"""
    CREATE OR REPLACE TEMP TABLE rows AS
        SELECT {int(chunk)}::INTEGER AS chunk,
            CASE WHEN e.name_id = '{PAGEVIEW}' THEN {PAGEVIEW_KIND} ELSE {EVENT_KIND} END::TINYINT
                AS kind,
            e.site_id AS site, e.id AS event, e.visit_id AS visit, e.day,
            (q.minute + epoch_ms(e.happened_at) // 60000 % {MINUTES_OF_A_QUARTER})::SMALLINT
                AS minute,
            epoch_ms(e.happened_at) AS moment, coalesce(e.name_id, '') AS name,
            coalesce(e.page_id, '') AS page, coalesce(e.hostname_id, '') AS hostname,
            coalesce(e.title_id, '') AS title, coalesce(e.props, '') AS props, e.interactive,
            NULL::INTEGER AS seconds, NULL::TINYINT AS scroll_depth,
            e.revenue_micros AS revenue, coalesce(e.currency, '') AS currency
        FROM new_events AS e
        SEMI JOIN traits AS t ON t.visit = e.visit_id
        JOIN quarters AS q ON q.site_id = e.site_id AND q.day = e.day
            AND q.quarter = epoch_ms(e.happened_at) // {QUARTER}
        UNION ALL BY NAME
        SELECT {int(chunk)}::INTEGER AS chunk, {ENGAGEMENT_KIND}::TINYINT AS kind,
            e.site_id AS site, e.id AS event, e.visit_id AS visit, e.day,
            epoch_ms(e.happened_at) AS moment, '' AS name, coalesce(e.page_id, '') AS page,
            '' AS hostname, '' AS title, '' AS props, false AS interactive,
            e.seconds, e.scroll_depth, '' AS currency
        FROM new_signals AS e
        SEMI JOIN traits AS t ON t.visit = e.visit_id"""  # noqa: S608 - constants
    return (
        f"""
    CREATE OR REPLACE TEMP VIEW traits AS
        SELECT id AS visit, visitor, {traits} FROM new_visits""",  # noqa: S608
        rows,
        f"""
    CREATE OR REPLACE TEMP VIEW raw AS
        SELECT {own}, t.* EXCLUDE (visit) FROM rows AS r JOIN traits AS t ON t.visit = r.visit""",  # noqa: S608
    )
