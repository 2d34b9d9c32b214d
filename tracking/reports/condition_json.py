"""Conditions as JSON says them: `{"not": {"dimension": "page", "operator": "is", ...}}`."""

from collections.abc import Mapping
from typing import Any, cast

from tracking.errors import InvalidQuery
from tracking.reports.conditions import (
    MOST_DEPTH,
    MOST_PARTS,
    All,
    AnyOf,
    Condition,
    Did,
    Filter,
    Not,
    Operator,
)

OF_A_FILTER = frozenset({"dimension", "operator", "values"})


def condition_from_json(value: object) -> Condition:
    """The condition of parsed JSON, of any type; raises InvalidQuery("filter", ...).

    A filter is `{"dimension": "country", "operator": "is", "values": ["DE"]}`; around it stand
    `{"and": [...]}`, `{"or": [...]}`, `{"not": {...}}` and `{"did": {...}}`.
    """
    return _condition(value, depth=1)


def condition_to_json(condition: Condition) -> dict[str, Any]:
    """What condition_from_json reads."""
    match condition:
        case Filter():
            found = {"dimension": condition.dimension, "operator": condition.operator}
            return found | ({"values": list(condition.values)} if condition.values else {})
        case All():
            return {"and": [condition_to_json(part) for part in condition.of]}
        case AnyOf():
            return {"or": [condition_to_json(part) for part in condition.of]}
        case Not():
            return {"not": condition_to_json(condition.of)}
        case Did():
            return {"did": condition_to_json(condition.of)}


def _condition(value: object, depth: int) -> Condition:
    # A value may nest almost as deep as Python can recurse.
    if depth > MOST_DEPTH:
        raise InvalidQuery("filter", f"more than {MOST_DEPTH} deep")
    if not isinstance(value, Mapping):
        raise InvalidQuery("filter", "expected an object")
    match list(value.items()):
        case [("and", parts)]:
            return All(_parts("and", parts, depth))
        case [("or", parts)]:
            return AnyOf(_parts("or", parts, depth))
        case [("not", part)]:
            return Not(_condition(part, depth + 1))
        case [("did", part)]:
            return Did(_condition(part, depth + 1))
    return _filter(value)


def _parts(word: str, values: object, depth: int) -> tuple[Condition, ...]:
    if not isinstance(values, list) or not 0 < len(values) <= MOST_PARTS:
        raise InvalidQuery("filter", f"{word} takes a list of 1 to {MOST_PARTS} conditions")
    return tuple(_condition(value, depth + 1) for value in values)


def _filter(fields: Mapping[str, object]) -> Filter:
    dimension, operator = fields.get("dimension"), fields.get("operator")
    values = fields.get("values", [])
    if not isinstance(dimension, str) or not isinstance(operator, str):
        raise InvalidQuery("filter", "expected and, or, not, did, or a dimension and an operator")
    if fields.keys() - OF_A_FILTER:
        raise InvalidQuery("filter", f"expected nothing but {', '.join(sorted(OF_A_FILTER))}")
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise InvalidQuery("filter", "expected values as a list of texts")
    return Filter(dimension, cast("Operator", operator), tuple(values))
