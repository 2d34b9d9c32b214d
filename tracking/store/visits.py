"""Reads the visits that a batch's hits may belong to."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from tracking.models.pieces import ASKED_AT_ONCE, pieces
from tracking.records import Agent, Origin, Place, VisitState
from tracking.store.terms import Terms

AGENT = ("browser", "browser_version", "system", "system_version", "device")
PLACE = ("country", "region", "city")
ORIGIN = (
    *("referrer", "source", "channel"),
    *("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term"),
)
TEXTS = (*AGENT, *PLACE, *ORIGIN, "entry_page", "exit_page", "language", "screen")
PLAIN = (
    *("id", "site_id", "visitor", "day", "started_at", "ended_at"),
    *("pageviews", "events", "interactive_events", "entered_at", "exited_at"),
    *("latitude", "longitude", "address"),
)
COLUMNS = ", ".join((*PLAIN, *(f"{name}_id" for name in TEXTS)))

Row = tuple[Any, ...]


def visits_of(visitors: Iterable[int], terms: Terms) -> list[VisitState]:
    """The stored visits of these visitors."""
    rows = list(_rows(sorted(set(visitors))))
    texts = terms.texts(pk for row in rows for pk in row[len(PLAIN) :])
    return [_state(row, [texts.get(pk, "") for pk in row[len(PLAIN) :]]) for row in rows]


def _rows(visitors: list[int]) -> Iterator[Row]:
    # Not by way of models, whose turning of texts into times takes longer than all the rest.
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                f"SELECT {COLUMNS} FROM tracking_visit WHERE visitor = ANY(%s)",  # noqa: S608
                [visitors],
            )
            yield from cursor.fetchall()
            return
        for some in pieces(visitors, ASKED_AT_ONCE):
            places = ", ".join(["%s"] * len(some))
            cursor.execute(
                f"SELECT {COLUMNS} FROM tracking_visit WHERE visitor IN ({places})",  # noqa: S608 - constants
                some,
            )
            yield from cursor.fetchall()


def _state(row: Row, texts: list[str]) -> VisitState:
    (
        visit_id,
        site_id,
        visitor,
        day,
        started_at,
        ended_at,
        pageviews,
        events,
        interactive_events,
        entered_at,
        exited_at,
        latitude,
        longitude,
        address,
    ) = row[: len(PLAIN)]
    entry_page, exit_page, language, screen = texts[-4:]
    return VisitState(
        visit_id=visit_id,
        site_id=site_id,
        visitor=visitor,
        day=day,
        started_at=_moment(started_at),
        ended_at=_moment(ended_at),
        pageviews=pageviews,
        events=events,
        interactive_events=interactive_events,
        entry_page=entry_page or None,
        entered_at=_moment(entered_at) if entered_at else None,
        exit_page=exit_page or None,
        exited_at=_moment(exited_at) if exited_at else None,
        agent=Agent(*texts[:5]),
        place=Place(texts[5], texts[6], texts[7], latitude, longitude),
        origin=Origin(*texts[8:16]),
        language=language,
        screen=screen,
        address=address,
    )


def _moment(at: datetime) -> datetime:
    """An instant in UTC: SQLite's driver gives it without its zone."""
    return at if at.tzinfo else at.replace(tzinfo=UTC)
