"""What is in the database after a storm, and what a plain reference makes of it."""

import json
import sqlite3
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg

from tests.instance import Instance
from tests.postgres import PostgreSQL

TIMEOUT = timedelta(minutes=30)


@dataclass(frozen=True)
class Counted:
    """An event as it was counted."""

    event_id: int
    visit_id: int
    visitor: int
    day: str
    at: datetime
    page: str


def rows(instance: Instance, database: PostgreSQL | None, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a question, whichever database it is."""
    if database:
        with psycopg.connect(database.url) as connection:
            return connection.execute(sql.encode()).fetchall()
    with sqlite3.connect(instance.data_dir / "footfall.sqlite3") as lite:
        return lite.execute(sql).fetchall()


def counted_events(instance: Instance, database: PostgreSQL | None) -> list[Counted]:
    """Every event, with its visit's visitor."""
    found = rows(
        instance,
        database,
        "SELECT e.id, e.visit_id, v.visitor, e.day, e.happened_at, t.text FROM tracking_event e"
        " JOIN tracking_visit v ON v.id = e.visit_id JOIN tracking_term t ON t.id = e.page_id",
    )
    return [
        Counted(pk, visit, visitor, str(day), datetime.fromisoformat(str(at)), page)
        for pk, visit, visitor, day, at, page in found
    ]


def rejected_pages(instance: Instance, database: PostgreSQL | None) -> Counter[str]:
    """Pages of the hits that were set aside."""
    lines = rows(instance, database, "SELECT line FROM tracking_rejectedhit")
    return Counter(
        json.loads(line)["url"].removeprefix("https://site.example") for (line,) in lines
    )


def reference_visits(events: list[Counted]) -> set[frozenset[int]]:
    """The events' ids by visit, as the rules make visits of them."""
    visits: list[list[Counted]] = []
    for event in sorted(events, key=lambda one: (one.visitor, one.day, one.at, one.event_id)):
        last = visits[-1][-1] if visits else None
        if (
            last
            and (last.visitor, last.day) == (event.visitor, event.day)
            and event.at - last.at <= TIMEOUT
        ):
            visits[-1].append(event)
        else:
            visits.append([event])
    return {frozenset(one.event_id for one in visit) for visit in visits}


def stored_visits(events: list[Counted]) -> set[frozenset[int]]:
    """The events' ids by visit, as they were stored."""
    visits: dict[int, set[int]] = {}
    for event in events:
        visits.setdefault(event.visit_id, set()).add(event.event_id)
    return {frozenset(ids) for ids in visits.values()}
