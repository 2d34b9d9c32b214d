"""What can be counted (docs/figures.md, Metrics)."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Number = int | float | None | Mapping[str, Decimal]
"""A metric's value."""
Unit = Literal["count", "ratio", "share", "seconds", "percent", "money"]


@dataclass(frozen=True)
class Metric:
    """A number of a report.

    Units: share is 0.0 to 1.0, percent 0 to 100; money maps a currency's code to an amount.
    Rates over nothing are null. `sums` are what it is made of, and `sql` says how: sums of
    several days, or of several files, add up; the metrics themselves do not.
    """

    name: str
    label: str
    unit: Unit
    sums: tuple[str, ...]
    sql: str


def _count(name: str, label: str) -> Metric:
    return Metric(name, label, "count", (name,), name)


def _quotient(name: str, label: str, unit: Unit, over: str, under: str) -> Metric:
    return Metric(name, label, unit, (over, under), f"{over} / nullif({under}, 0)")


REVENUE = "revenue"

METRICS = {
    metric.name: metric
    for metric in (
        _count("visitors", "Visitors"),
        _count("visits", "Visits"),
        _count("pageviews", "Pageviews"),
        _count("events", "Events"),
        _quotient("views_per_visit", "Views per visit", "ratio", "pageviews", "visits"),
        _quotient("bounce_rate", "Bounce rate", "share", "bounces", "rated"),
        _quotient("visit_duration", "Visit duration", "seconds", "duration", "rated"),
        _quotient("time_on_page", "Time on page", "seconds", "engaged", "engaged_pageviews"),
        _quotient("scroll_depth", "Scroll depth", "percent", "depth", "depth_pageviews"),
        _quotient("exit_rate", "Exit rate", "share", "exits", "pageviews"),
        _count("conversions", "Conversions"),
        _quotient("conversion_rate", "Conversion rate", "share", "converted", "visitors"),
        Metric(REVENUE, "Revenue", "money", (), ""),
    )
}

OF_A_GOAL = frozenset({"conversions", "conversion_rate"})
"""Metrics that make sense only with a query's goal."""
