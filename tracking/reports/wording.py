"""A question in the words of a URL or of JSON, which mean certain days only by a clock."""

from dataclasses import dataclass
from typing import Self

from tracking.errors import InvalidQuery
from tracking.records import SiteRules
from tracking.reports.conditions import Condition
from tracking.reports.periods import (
    Clock,
    needs_match,
    parse_comparison,
    parse_interval,
    parse_period,
)
from tracking.reports.query import DEFAULT_ROWS, Order, ReportQuery

DEFAULT_PERIOD = "30d"
DEFAULT_METRICS = ("visitors", "visits", "pageviews")
WEEKDAYS = "weekdays"
"""All that `match` can be."""


@dataclass(frozen=True)
class Wording:
    """What URL and JSON have in common, each part named like its parameter; nothing is checked.

    `match` is whether a comparison matches weekdays; `order` is `-visitors` or `page`.
    """

    metrics: tuple[str, ...]
    period: str = DEFAULT_PERIOD
    interval: str | None = None
    compare: str | None = None
    match: str | None = None
    by: tuple[str, ...] = ()
    condition: Condition | None = None
    goal: Condition | None = None
    order: str | None = None
    limit: int = DEFAULT_ROWS
    after: str = ""

    @classmethod
    def of(cls, query: ReportQuery) -> Self:
        """The words that ask for this query."""
        compared, order = query.compared, query.order
        matched = compared is not None and needs_match(query.period, compared)
        return cls(
            metrics=query.metrics,
            period=query.period.key,
            interval=query.interval,
            compare=compared.key if compared else None,
            match=WEEKDAYS if matched else None,
            by=query.dimensions,
            condition=query.condition,
            goal=query.goal,
            order=f"{'-' if order.descending else ''}{order.by}" if order else None,
            limit=query.limit,
            after=query.after,
        )

    def query(self, sites: tuple[SiteRules, ...], clock: Clock) -> ReportQuery:
        """What they ask for now; raises InvalidQuery, naming the parameter."""
        if self.match not in {None, WEEKDAYS}:
            raise InvalidQuery("match", f"expected {WEEKDAYS}")
        period = parse_period(self.period, clock)
        matched = self.match is not None
        return ReportQuery(
            sites=sites,
            period=period,
            metrics=self.metrics,
            dimensions=self.by,
            condition=self.condition,
            interval=parse_interval(self.interval, period) if self.interval is not None else None,
            compared=parse_comparison(self.compare, period, clock, match_weekdays=matched),
            goal=self.goal,
            order=_order(self.order) if self.order is not None else None,
            limit=self.limit,
            after=self.after,
        )


def period_text(period: str | None, first_day: str | None, last_day: str | None) -> str:
    """The period's text, or that of two dates; the default for neither.

    Raises InvalidQuery("period", ...) for both.
    """
    if first_day is None and last_day is None:
        return DEFAULT_PERIOD if period is None else period
    if period is not None:
        raise InvalidQuery("period", "expected either it, or from and to")
    return f"{first_day or ''}..{last_day or ''}"


def unknown_parameter(name: str) -> InvalidQuery:
    """The error for a parameter that there isn't."""
    # The name is shown and logged, so it must be something that can be.
    shown = name[:40]
    return InvalidQuery(
        shown if shown and shown.isprintable() else repr(shown), "there is no such parameter"
    )


def _order(text: str) -> Order:
    return Order(text.removeprefix("-"), descending=text.startswith("-"))
