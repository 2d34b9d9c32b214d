"""Reads the visits that a batch's hits may belong to."""

from collections.abc import Iterable

from tracking.models import Term, Visit
from tracking.models.pieces import ASKED_AT_ONCE, pieces
from tracking.records import Agent, Origin, Place, VisitState

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


def visits_of(visitors: Iterable[int]) -> list[VisitState]:
    """The stored visits of these visitors."""
    columns = (*PLAIN, *(f"{name}_id" for name in TEXTS))
    rows = [
        dict(zip(columns, row, strict=True))
        for some in pieces(sorted(set(visitors)), ASKED_AT_ONCE)
        for row in Visit.objects.filter(visitor__in=some).values_list(*columns)
    ]
    texts = Term.objects.texts(row[f"{name}_id"] for row in rows for name in TEXTS)
    return [_state(row, texts) for row in rows]


def _state(row: dict[str, object], texts: dict[int, str]) -> VisitState:
    def text(name: str) -> str:
        return texts.get(row[f"{name}_id"], "")  # type: ignore[call-overload, no-any-return]

    plain = {name: row[name] for name in PLAIN if name not in {"id", "latitude", "longitude"}}
    return VisitState(
        visit_id=row["id"],  # type: ignore[arg-type]
        **plain,  # type: ignore[arg-type]
        entry_page=text("entry_page") or None,
        exit_page=text("exit_page") or None,
        agent=Agent(**{name: text(name) for name in AGENT}),
        place=Place(
            **{name: text(name) for name in PLACE},
            latitude=row["latitude"],  # type: ignore[arg-type]
            longitude=row["longitude"],  # type: ignore[arg-type]
        ),
        origin=Origin(**{name: text(name) for name in ORIGIN}),
        language=text("language"),
        screen=text("screen"),
    )
