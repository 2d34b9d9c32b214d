"""A question as the query string of a URL."""

import re
from collections.abc import Iterator
from typing import Protocol

from tracking.errors import InvalidQuery
from tracking.records import SiteRules
from tracking.reports.condition_text import condition_text, parse_condition
from tracking.reports.conditions import condition_of, errors_under, filters_of
from tracking.reports.periods import Clock
from tracking.reports.query import DEFAULT_ROWS, MOST_ROWS, ReportQuery
from tracking.reports.wording import DEFAULT_METRICS, Wording, period_text, unknown_parameter

FILTER = "f"
"""The one parameter that may be repeated; all of its conditions hold."""
PARAMETERS = (
    *("period", "from", "to", "interval", "compare", "match", "metrics", "by", FILTER, "goal"),
    *("order", "limit", "after"),
)
MOST_PARAMETERS = 60


class Params(Protocol):
    """What is needed of Django's QueryDict."""

    def __iter__(self) -> Iterator[str]:
        """The names."""

    def getlist(self, key: str, /) -> list[str]:
        """The values of a name."""


def from_params(
    params: Params,
    sites: tuple[SiteRules, ...],
    clock: Clock,
    *,
    metrics: tuple[str, ...] = DEFAULT_METRICS,
) -> ReportQuery:
    """The question of a query string; `metrics` are those when it names none.

    An empty text is as good as none, since that is what forms send. Raises InvalidQuery, naming
    the parameter.
    """
    texts = _texts(params)
    goal = texts.get("goal")
    with errors_under("goal"):
        goal_condition = parse_condition(goal) if goal else None
    wording = Wording(
        metrics=_names(texts.get("metrics")) or metrics,
        period=period_text(texts.get("period"), texts.get("from"), texts.get("to")),
        interval=texts.get("interval"),
        compare=texts.get("compare"),
        match=texts.get("match"),
        by=_names(texts.get("by")),
        condition=condition_of(map(parse_condition, params.getlist(FILTER))),
        goal=goal_condition,
        order=texts.get("order"),
        limit=_limit(texts.get("limit")),
        after=texts.get("after", ""),
    )
    return wording.query(sites, clock)


def to_params(query: ReportQuery) -> list[tuple[str, str]]:
    """What from_params reads, for the same sites and clock, whatever metrics it is given."""
    wording = Wording.of(query)
    texts = {
        "period": wording.period,
        "interval": wording.interval,
        "compare": wording.compare,
        "match": wording.match,
        "metrics": ",".join(wording.metrics),
        "by": ",".join(wording.by),
        "goal": condition_text(wording.goal) if wording.goal else None,
        "order": wording.order,
        "limit": str(wording.limit) if wording.limit != DEFAULT_ROWS else None,
        "after": wording.after,
    }
    filters = [(FILTER, condition_text(one)) for one in filters_of(wording.condition)]
    return [(name, text) for name, text in texts.items() if text] + filters


def _texts(params: Params) -> dict[str, str]:
    """The parameters that are there once, and not empty."""
    texts: dict[str, str] = {}
    count = 0
    for name in params:
        if name not in PARAMETERS:
            raise unknown_parameter(name)
        values = params.getlist(name)
        count += len(values)
        if count > MOST_PARAMETERS:
            raise InvalidQuery(name, f"more than {MOST_PARAMETERS} parameters in all")
        if name == FILTER:
            continue
        if len(values) > 1:
            raise InvalidQuery(name, "given twice")
        if values and values[0]:
            texts[name] = values[0]
    return texts


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(text.split(",")) if text else ()


def _limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_ROWS
    # A few digits at most: Python refuses to read thousands of them.
    if not re.fullmatch(r"[1-9]\d{0,3}", text, re.ASCII):
        raise InvalidQuery("limit", f"expected 1 to {MOST_ROWS}")
    return int(text)
