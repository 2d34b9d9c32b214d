"""A question as the JSON text of a request."""

import json
from collections.abc import Mapping
from typing import Any

from tracking.errors import InvalidQuery
from tracking.records import SiteRules
from tracking.reports.condition_json import condition_from_json, condition_to_json
from tracking.reports.conditions import Condition, condition_of, errors_under, filters_of
from tracking.reports.periods import Clock
from tracking.reports.query import DEFAULT_ROWS, MOST_ROWS, ReportQuery
from tracking.reports.wording import DEFAULT_METRICS, Wording, period_text, unknown_parameter

FIELDS = (
    *("period", "from", "to", "interval", "compare", "match", "metrics", "by", "filters", "goal"),
    *("order", "limit", "after"),
)
TEXTS = frozenset({"period", "from", "to", "interval", "compare", "match", "order", "after"})
LONGEST_JSON = 65_536
"""In bytes; of a text already decoded, in characters."""


def from_json(
    text: str | bytes,
    sites: tuple[SiteRules, ...],
    clock: Clock,
    *,
    metrics: tuple[str, ...] = DEFAULT_METRICS,
) -> ReportQuery:
    """The question of an object with some of FIELDS; `metrics` are those when it names none.

    `metrics` and `by` are lists, `filters` a condition or a list of them. null is as good as
    nothing. Raises InvalidQuery, naming the field; "json" for what is no such object.
    """
    fields = _fields(text)
    texts = {name: _text(name, value) for name, value in fields.items() if name in TEXTS}
    with errors_under("goal"):
        goal = condition_from_json(fields["goal"]) if "goal" in fields else None
    wording = Wording(
        metrics=_names(fields, "metrics", metrics),
        period=period_text(texts.get("period"), texts.get("from"), texts.get("to")),
        interval=texts.get("interval"),
        compare=texts.get("compare"),
        match=texts.get("match"),
        by=_names(fields, "by", ()),
        condition=_condition(fields.get("filters", [])),
        goal=goal,
        order=texts.get("order"),
        limit=_limit(fields.get("limit", DEFAULT_ROWS)),
        after=texts.get("after", ""),
    )
    return wording.query(sites, clock)


def to_json(query: ReportQuery) -> dict[str, Any]:
    """What from_json reads, for the same sites and clock, once it is dumped.

    from_json refuses a text over LONGEST_JSON, which only very many, very long values make.
    """
    wording = Wording.of(query)
    fields = {
        "period": wording.period,
        "interval": wording.interval,
        "compare": wording.compare,
        "match": wording.match,
        "metrics": list(wording.metrics),
        "by": list(wording.by),
        "filters": [condition_to_json(one) for one in filters_of(wording.condition)],
        "goal": condition_to_json(wording.goal) if wording.goal else None,
        "order": wording.order,
        "limit": wording.limit if wording.limit != DEFAULT_ROWS else None,
        "after": wording.after,
    }
    return {name: value for name, value in fields.items() if value}


def _fields(text: str | bytes) -> dict[str, Any]:
    """The object's fields that are not null."""
    if len(text) > LONGEST_JSON:
        raise InvalidQuery("json", f"longer than {LONGEST_JSON} bytes")
    try:
        decoded = text.decode() if isinstance(text, bytes) else text
        fields = json.loads(decoded, object_pairs_hook=_object)
    except (ValueError, RecursionError):
        # Too many digits are a ValueError; brackets in brackets end in a RecursionError.
        raise InvalidQuery("json", "it can't be read") from None
    if not isinstance(fields, dict):
        raise InvalidQuery("json", "expected an object")
    for name in fields:
        if name not in FIELDS:
            raise unknown_parameter(name)
    return {name: value for name, value in fields.items() if value is not None}


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise InvalidQuery("json", "an object has a name twice")
    return fields


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise InvalidQuery(name, "expected a text")
    return value


def _names(fields: Mapping[str, object], name: str, otherwise: tuple[str, ...]) -> tuple[str, ...]:
    value = fields.get(name, otherwise)
    if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
        raise InvalidQuery(name, "expected a list of texts")
    return tuple(value)


def _condition(value: object) -> Condition | None:
    conditions = value if isinstance(value, list) else [value]
    return condition_of(map(condition_from_json, conditions))


def _limit(value: object) -> int:
    # true is an int to Python.
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidQuery("limit", f"expected 1 to {MOST_ROWS}")
    return value
