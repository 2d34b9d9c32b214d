"""Reads events from the database as wide rows, and writes them as Parquet files."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from django.db.models import QuerySet

from tracking.columns import duck
from tracking.columns.manifest import sync
from tracking.columns.schema import (
    COLUMNS,
    ENGAGEMENT_KIND,
    EVENT_KIND,
    PAGEVIEW_KIND,
    TRAITS,
)
from tracking.models import Engagement, Event, Term, Visit
from tracking.models.pieces import ASKED_AT_ONCE, pieces
from tracking.records import PAGEVIEW

Columns = dict[str, list[Any]]

EVENT_FIELDS = (
    *("id", "site_id", "visit_id", "day", "hour", "happened_at"),
    *("name_id", "page_id", "hostname_id", "title_id", "props", "interactive"),
)
ENGAGEMENT_FIELDS = (
    *("id", "site_id", "visit_id", "day", "happened_at", "page_id", "seconds", "scroll_depth"),
)
VISIT_FIELDS = ("id", "visitor", *(f"{name}_id" for name in TRAITS))


def wide_rows(
    events: "QuerySet[Event]", signals: "QuerySet[Engagement]", chunk: int
) -> Columns | None:
    """These events and engagement signals as columns of wide rows; None when there are none."""
    rows = [
        *(dict(zip(EVENT_FIELDS, row, strict=True)) for row in events.values_list(*EVENT_FIELDS)),
        *(
            {**dict(zip(ENGAGEMENT_FIELDS, row, strict=True)), "signal": True}
            for row in signals.values_list(*ENGAGEMENT_FIELDS)
        ),
    ]
    if not rows:
        return None
    visits = _visits({row["visit_id"] for row in rows})
    texts = Term.objects.texts(_term_ids(rows, visits.values()))
    columns: Columns = {name: [] for name in COLUMNS}
    for row in rows:
        # A deleted site's rows can vanish between the two reads.
        if row["visit_id"] in visits:
            _append(columns, row, visits[row["visit_id"]], texts, chunk)
    return columns


def write_parquet(folder: Path, path: Path, columns: Columns) -> None:
    """Write wide rows to a file, and see that they are on the disk."""
    cursor = duck.cursor(folder)
    types = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    unnested = ", ".join(f"unnest(?::{kind}[])" for kind in COLUMNS.values())
    cursor.execute(f"CREATE OR REPLACE TEMP TABLE fresh ({types})")
    cursor.execute(f"INSERT INTO fresh SELECT {unnested}", list(columns.values()))
    copy_to_parquet(cursor, "SELECT * FROM fresh", [], path)
    cursor.execute("DROP TABLE fresh")
    cursor.close()


def copy_to_parquet(cursor: Any, query: str, parameters: Sequence[Any], path: Path) -> None:
    """Write a query's rows to a file, sorted so that a site's days lie together."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    target = str(path).replace("'", "''")
    cursor.execute(
        f"COPY (SELECT * FROM ({query}) ORDER BY site, day, moment, event)"  # noqa: S608 - our own SQL
        f" TO '{target}' (FORMAT parquet, COMPRESSION zstd)",
        parameters,
    )
    sync(path)
    sync(path.parent)


def _visits(ids: set[int]) -> dict[int, dict[str, Any]]:
    found = {}
    for some in pieces(sorted(ids), ASKED_AT_ONCE):
        for row in Visit.objects.filter(pk__in=some).values_list(*VISIT_FIELDS):
            found[row[0]] = dict(zip(VISIT_FIELDS, row, strict=True))
    return found


def _term_ids(rows: Sequence[dict[str, Any]], visits: Iterable[dict[str, Any]]) -> set[int | None]:
    ids = {row.get(f"{name}_id") for row in rows for name in ("name", "page", "hostname", "title")}
    return ids | {visit[f"{name}_id"] for visit in visits for name in TRAITS}


def _append(
    columns: Columns, row: dict[str, Any], visit: dict[str, Any], texts: dict[int, str], chunk: int
) -> None:
    def text(pk: int | None) -> str:
        return texts.get(pk, "") if pk is not None else ""

    name = text(row.get("name_id"))
    kind = PAGEVIEW_KIND if name == PAGEVIEW else EVENT_KIND
    values = {
        "chunk": chunk,
        "kind": ENGAGEMENT_KIND if "signal" in row else kind,
        "site": row["site_id"],
        "event": row["id"],
        "visit": row["visit_id"],
        "visitor": visit["visitor"],
        "day": row["day"],
        "hour": row.get("hour"),
        "moment": _milliseconds(row["happened_at"]),
        "name": name,
        "page": text(row["page_id"]),
        "hostname": text(row.get("hostname_id")),
        "title": text(row.get("title_id")),
        "props": row.get("props"),
        "interactive": row.get("interactive"),
        "seconds": row.get("seconds"),
        "scroll_depth": row.get("scroll_depth"),
    }
    for trait in TRAITS:
        values[trait] = text(visit[f"{trait}_id"])
    for column, value in values.items():
        columns[column].append(value)


def _milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def day_bounds_query(site_id: int, day: date) -> dict[str, Any]:
    """Filters for a site's events of a local day, by the index on time."""
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    # A local day lies within 26 hours of its UTC noon, and may be stretched by a change of zone.
    return {
        "site_id": site_id,
        "happened_at__range": (noon - timedelta(hours=52), noon + timedelta(hours=52)),
        "day": day,
    }
