"""Reads events from the database into DuckDB as raw rows.

Rows are read as integers, in pieces, and become wide inside DuckDB: a day of any size takes as
much memory as DuckDB is allowed, and the rest of it goes to the disk.
"""

import csv
import tempfile
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
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
EVENTS: Columns = {
    **{"id": "BIGINT", "site_id": "INTEGER", "visit_id": "BIGINT", "day": "DATE"},
    **{"happened_at": "TIMESTAMP", "name_id": "BIGINT", "page_id": "BIGINT"},
    **{"hostname_id": "BIGINT", "title_id": "BIGINT", "props": "VARCHAR"},
    **{"interactive": "BOOLEAN", "revenue_micros": "BIGINT", "currency": "VARCHAR"},
}
SIGNALS: Columns = {
    **{"id": "BIGINT", "site_id": "INTEGER", "visit_id": "BIGINT", "day": "DATE"},
    **{"happened_at": "TIMESTAMP", "page_id": "BIGINT"},
    **{"seconds": "INTEGER", "scroll_depth": "TINYINT"},
}
VISITS: Columns = {"id": "BIGINT", "visitor": "BIGINT"} | {f"{one}_id": "BIGINT" for one in TRAITS}
TERMS: Columns = {"id": "BIGINT", "text": "VARCHAR"}
OF_THE_EVENT = ("name", "page", "hostname", "title")


def load(
    cursor: duckdb.DuckDBPyConnection,
    events: "QuerySet[Event]",
    signals: "QuerySet[Engagement]",
    chunk: int,
) -> None:
    """Make this cursor's temporary table `raw` of these events and engagement signals."""
    _fill(cursor, "new_events", EVENTS, [_tuples(events, EVENTS)])
    _fill(cursor, "new_signals", SIGNALS, [_tuples(signals, SIGNALS)])
    ids = _ids(cursor, "SELECT visit_id FROM new_events UNION SELECT visit_id FROM new_signals")
    visits = (_tuples(Visit.objects.filter(pk__in=some), VISITS) for some in ids)
    _fill(cursor, "new_visits", VISITS, visits)
    _fill(cursor, "terms", TERMS, (_terms(some) for some in _ids(cursor, _used_terms())))
    _fill_quarters(cursor)
    cursor.execute(_raw(chunk))
    for table in ("new_events", "new_signals", "new_visits", "terms", "quarters"):
        cursor.execute(f"DROP TABLE {table}")


def drop_uncopied(cursor: duckdb.DuckDBPyConnection, cursors: dict[int, int]) -> None:
    """Delete from `raw` what lies behind these places in the spool: the next chunk has it."""
    # A spool file that has no row any more was copied to its end long ago.
    places = {pk: cursors.get(pk, pk << OFFSET_BITS) for pk in _spool_files()}
    cursor.execute(
        "DELETE FROM raw USING (SELECT unnest(?::BIGINT[]) AS file, unnest(?::BIGINT[]) AS first)"
        f" AS place WHERE raw.event >> {OFFSET_BITS} = place.file AND raw.event >= place.first",
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


def _tuples(rows: "QuerySet[Any]", columns: Columns) -> Iterable[tuple[Any, ...]]:
    as_text = {
        f"{name}_text": Cast(name, TextField())
        for name, kind in columns.items()
        if kind in {"TIMESTAMP", "DATE"}
    }
    names = [f"{name}_text" if f"{name}_text" in as_text else name for name in columns]
    return rows.annotate(**as_text).values_list(*names).iterator(READ_AT_ONCE)


def _terms(ids: Sequence[int]) -> Iterable[tuple[Any, ...]]:
    return Term.objects.filter(pk__in=ids).values_list("pk", "text")


def _ids(cursor: duckdb.DuckDBPyConnection, query: str) -> Iterable[Sequence[int]]:
    found = cursor.execute(f"{query} ORDER BY 1").fetchall()
    return pieces([pk for (pk,) in found if pk is not None], ASKED_AT_ONCE)


def _used_terms() -> str:
    lists = {
        "new_events": [f"{name}_id" for name in OF_THE_EVENT],
        "new_signals": ["page_id"],
        "new_visits": [f"{name}_id" for name in TRAITS],
    }
    return " UNION ".join(
        f"SELECT unnest([{', '.join(columns)}]) FROM {table}"  # noqa: S608 - constants
        for table, columns in lists.items()
    )


def _fill(
    cursor: duckdb.DuckDBPyConnection,
    table: str,
    columns: Columns,
    sources: Iterable[Iterable[tuple[Any, ...]]],
) -> None:
    """Make a temporary table of rows, which come from one or more queries.

    They go by a file: as parameters, each value would become an object, at twenty times the cost.
    """
    spill = cursor.execute("SELECT current_setting('temp_directory')").fetchall()[0][0]
    Path(spill).mkdir(exist_ok=True, mode=0o700)
    kinds = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    types = ", ".join(f"'{name}': '{kind}'" for name, kind in columns.items())
    cursor.execute(f"CREATE OR REPLACE TEMP TABLE {table} ({kinds})")
    with tempfile.NamedTemporaryFile("w", dir=spill, suffix=".csv", newline="") as file:
        csv.writer(file).writerows(row for source in sources for row in source)
        file.flush()
        cursor.execute(
            f"INSERT INTO {table} FROM read_csv(?, columns = {{{types}}}, header = false,"  # noqa: S608
            " auto_detect = false, delim = ',', quote = '\"', escape = '\"', new_line = '\\r\\n',"
            " parallel = false, max_line_size = 16777216)",
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
    _fill(cursor, "quarters", kinds, [[(one, str(day), *more) for one, day, *more in rows]])


def _local_minute(rules: SiteRules, day: date, quarter: int) -> int:
    at = datetime.fromtimestamp(quarter * MINUTES_OF_A_QUARTER * 60, UTC)
    local = at.astimezone(rules.zone_on(day))
    return local.hour * 60 + local.minute


def _raw(chunk: int) -> str:
    """The statement that joins what was filled; a deleted site's rows are left out."""
    traits = ", ".join(f"coalesce(t_{name}.text, '') AS {name}" for name in TRAITS)
    trait_joins = " ".join(
        f"LEFT JOIN terms AS t_{name} ON t_{name}.id = v.{name}_id" for name in TRAITS
    )
    joins = " ".join(
        f"LEFT JOIN terms AS t_{name} ON t_{name}.id = e.{name}_id" for name in OF_THE_EVENT
    )
    known = ", ".join(RAW_COLUMNS)
    return f"""
    CREATE OR REPLACE TEMP TABLE raw AS
    WITH traits AS (SELECT v.id, v.visitor, {traits} FROM new_visits AS v {trait_joins})
    SELECT {known} FROM (
        SELECT {int(chunk)}::INTEGER AS chunk,
            CASE WHEN t_name.text = '{PAGEVIEW}' THEN {PAGEVIEW_KIND} ELSE {EVENT_KIND} END::TINYINT
                AS kind,
            e.site_id AS site, e.id AS event, e.visit_id AS visit, e.day,
            (q.minute + epoch_ms(e.happened_at) // 60000 % {MINUTES_OF_A_QUARTER})::SMALLINT
                AS minute,
            epoch_ms(e.happened_at) AS moment, coalesce(t_name.text, '') AS name,
            coalesce(t_page.text, '') AS page, coalesce(t_hostname.text, '') AS hostname,
            coalesce(t_title.text, '') AS title, coalesce(e.props, '') AS props, e.interactive,
            NULL::INTEGER AS seconds, NULL::TINYINT AS scroll_depth,
            e.revenue_micros AS revenue, coalesce(e.currency, '') AS currency, traits.* EXCLUDE (id)
        FROM new_events AS e
        JOIN traits ON traits.id = e.visit_id
        JOIN quarters AS q ON q.site_id = e.site_id AND q.day = e.day
            AND q.quarter = epoch_ms(e.happened_at) // {QUARTER}
        {joins}
        UNION ALL BY NAME
        SELECT {int(chunk)}::INTEGER AS chunk, {ENGAGEMENT_KIND}::TINYINT AS kind,
            e.site_id AS site, e.id AS event, e.visit_id AS visit, e.day,
            epoch_ms(e.happened_at) AS moment, '' AS name, coalesce(t_page.text, '') AS page,
            '' AS hostname, '' AS title, '' AS props, false AS interactive,
            e.seconds, e.scroll_depth, '' AS currency, traits.* EXCLUDE (id)
        FROM new_signals AS e
        JOIN traits ON traits.id = e.visit_id
        LEFT JOIN terms AS t_page ON t_page.id = e.page_id
    )"""  # noqa: S608 - constants
