"""A page of events of which few may match, found by looking at a bounded number of them.

Events are indexed by site and time, and by nothing that they are searched for: a rare one may lie
a whole history away. So a page ends after so many events, wherever that is, and says so.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from django.db.models import Q, QuerySet

from tracking.errors import InvalidQuery
from tracking.models import Event

LOOKED_AT = 50_000
"""As many events as are looked at for one page."""

Values = dict[str, Any]
Matching = Callable[["QuerySet[Event]", datetime | None], "QuerySet[Event]"]
"""Of events, those that are searched for. The moment is where looking ends, None at the last."""


@dataclass(frozen=True)
class Cursor:
    """Where a page begins: beyond the event of this time and id. In a URL: `<ms>.<id>`."""

    at: datetime
    event_id: int

    @classmethod
    def from_param(cls, parameter: str, text: str) -> Self:
        """Raises InvalidQuery, naming the parameter, for what no page of ours links to."""
        milliseconds, _, event_id = text.partition(".")
        try:
            cursor = cls(datetime.fromtimestamp(int(milliseconds) / 1000, UTC), int(event_id))
        except (ValueError, OverflowError, OSError):
            raise InvalidQuery(parameter, "not the end of a page") from None
        if not 0 <= cursor.event_id < 1 << 63:
            raise InvalidQuery(parameter, "not the end of a page")
        return cursor

    def to_param(self) -> str:
        """What from_param reads."""
        return f"{round(self.at.timestamp() * 1000)}.{self.event_id}"


@dataclass(frozen=True)
class Look:
    """A page of events, and where the next one begins: None when there is none.

    With `is_cut` the page ended because enough was looked at, and not because it was full.
    """

    events: list[Values]
    rest: Cursor | None = None
    is_cut: bool = False


def look(
    events: "QuerySet[Event]",
    cursor: Cursor | None,
    *,
    fields: Sequence[str],
    rows: int,
    newest_first: bool,
    matching: Matching | None = None,
) -> Look:
    """The next `rows` of these events of one site, each with its fields, in at most two queries.

    With `matching`, the others are left out, and no more than LOOKED_AT are looked at.
    """
    order = ("-happened_at", "-pk") if newest_first else ("happened_at", "pk")
    some = events.order_by(*order)
    if cursor is not None:
        some = some.filter(_beyond(cursor, newest_first))
    end = None
    if matching is not None:
        end = _end(some)
        if end is not None:
            some = some.filter(_up_to(end, newest_first))
        some = matching(some, end.at if end else None)
    found: list[Values] = list(some.values("id", "happened_at", *fields)[: rows + 1])
    if len(found) <= rows:
        return Look(found, end, is_cut=end is not None)
    page = found[:rows]
    return Look(page, Cursor(page[-1]["happened_at"], page[-1]["id"]))


def _end(events: "QuerySet[Event]") -> Cursor | None:
    """The last of these events that is looked at, which the index alone says; None for all."""
    last = list(events.values_list("happened_at", "pk")[LOOKED_AT - 1 : LOOKED_AT])
    return Cursor(*last[0]) if last else None


def _beyond(cursor: Cursor, newest_first: bool) -> Q:
    """What comes after it, in an order."""
    side = "lt" if newest_first else "gt"
    at_once = Q(happened_at=cursor.at, **{f"pk__{side}": cursor.event_id})
    # The first says nothing new, but it is what an index is asked for.
    return _bound(cursor, newest_first) & (Q(**{f"happened_at__{side}": cursor.at}) | at_once)


def _up_to(cursor: Cursor, newest_first: bool) -> Q:
    """What comes before it, in an order, and itself."""
    side = "gt" if newest_first else "lt"
    at_once = Q(happened_at=cursor.at, **{f"pk__{side}e": cursor.event_id})
    return _bound(cursor, not newest_first) & (Q(**{f"happened_at__{side}": cursor.at}) | at_once)


def _bound(cursor: Cursor, is_upper: bool) -> Q:
    return Q(**{f"happened_at__{'lte' if is_upper else 'gte'}": cursor.at})
