"""Sends hits the whole way, from the spool to the report, without processes or a clock."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any

from django.conf import settings

from tracking.ingest.worker import drain
from tracking.models import Site
from tracking.records import Hit
from tracking.reports.conditions import Condition, condition_of
from tracking.reports.engine import Report, answer
from tracking.reports.periods import Period
from tracking.reports.query import ReportQuery
from tracking.spool.writer import SpoolWriter
from tracking.upkeep.steps import copy_new_events, seal_finished_days

CHROME = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/126.0.0.0 Safari/537.36"
)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
MONDAY = NINE.date()
GERMAN_ADDRESS, AUSTRIAN_ADDRESS = "91.64.1.1", "84.112.1.1"


def hit(site: Site, at: datetime = NINE, page: str = "/", **more: Any) -> Hit:
    """A pageview of a desktop Chrome, unless told otherwise."""
    known = {"name": "pageview", "user_agent": CHROME, "address": "84.112.1.1"} | more
    return Hit(site=site.public_id, at=at, url=f"https://site.example{page}", **known)


def spool(hits: Iterable[Hit]) -> None:
    """Append hits to the spool, as a server process would."""
    writer = SpoolWriter(settings.SPOOL_DIR)
    writer.append_many(list(hits))
    writer.close()


def count(hits: Iterable[Hit]) -> None:
    """Let hits go all the way into the columnar files."""
    # Files that are there already are added to; missing ones would be made by sealing.
    copy_new_events(settings.COLUMNS_DIR)
    spool(hits)
    drain()
    copy_new_events(settings.COLUMNS_DIR)


def seal(at: datetime) -> int:
    """Seal the days that are over at this time; returns how many."""
    return seal_finished_days(settings.COLUMNS_DIR, at)


def ask(
    sites: Site | Sequence[Site],
    first_day: date = MONDAY,
    last_day: date = MONDAY,
    metrics: Sequence[str] = ("visitors", "visits", "pageviews"),
    by: str | Sequence[str] = (),
    where: Sequence[Condition] = (),
    **more: Any,
) -> Report:
    """The engine's answer; `more` are other fields of the query."""
    query = ReportQuery(
        tuple(site.rules() for site in ([sites] if isinstance(sites, Site) else sites)),
        Period(f"{first_day}..{last_day}", first_day, last_day),
        tuple(metrics),
        (by,) if isinstance(by, str) else tuple(by),
        condition_of(where),
        **more,
    )
    return answer(query, settings.COLUMNS_DIR)
