"""Which events and visits a report is about: filters, and what joins them (docs/figures.md)."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, get_args

from tracking.errors import InvalidQuery
from tracking.reports.dimensions import DIMENSIONS, FILTERABLE, Scope, dimension_named

MOST_DEPTH = 5
"""How deep conditions nest; a filter alone is 1 deep."""
MOST_FILTERS = 50
MOST_PARTS = 20
MOST_VALUES = 100
LONGEST_VALUE = 2000

Operator = Literal[
    "is",
    "is_not",
    "contains",
    "does_not_contain",
    "matches",
    "does_not_match",
    "is_set",
    "is_not_set",
]
OPERATORS: tuple[Operator, ...] = get_args(Operator)
WITHOUT_VALUES = frozenset({"is_set", "is_not_set"})
PATTERNS = frozenset({"matches", "does_not_match"})

_NO_TEXT = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True)
class Filter:
    """Holds for what has one of the values, or, negated, none of them, in a dimension.

    `is` wants the whole text, `contains` a part of it in upper or lower case, `matches` a glob
    of the whole text: `*` is any characters, `/` among them, and `?` is one. An unknown value is
    the empty text, which is not set. `dimension` is brought to its one form.
    """

    dimension: str
    operator: Operator
    values: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raises InvalidQuery("filter", ...) for what can't be filtered by."""
        object.__setattr__(self, "dimension", _filterable(self.dimension))
        if self.operator not in OPERATORS:
            raise InvalidQuery("filter", f"expected one of {', '.join(OPERATORS)}")
        if self.operator in WITHOUT_VALUES:
            if self.values:
                raise InvalidQuery("filter", f"{self.operator} takes no values")
        elif not 0 < len(self.values) <= MOST_VALUES:
            raise InvalidQuery("filter", f"expected 1 to {MOST_VALUES} values")
        if any(len(value) > LONGEST_VALUE or not is_text(value) for value in self.values):
            raise InvalidQuery("filter", "a value that nothing can have")


@dataclass(frozen=True)
class All:
    """Holds where each part holds: for the same event, as far as parts are about events."""

    of: tuple["Condition", ...]

    def __post_init__(self) -> None:
        """Raises InvalidQuery("filter", ...) for too few, too many, or too deep."""
        _check_bounds(self)


@dataclass(frozen=True)
class AnyOf:
    """Holds where at least one part holds."""

    of: tuple["Condition", ...]

    def __post_init__(self) -> None:
        """Raises InvalidQuery("filter", ...) for too few, too many, or too deep."""
        _check_bounds(self)


@dataclass(frozen=True)
class Not:
    """Holds where its part does not."""

    of: "Condition"

    def __post_init__(self) -> None:
        """Raises InvalidQuery("filter", ...) when it is too deep."""
        _check_bounds(self)


@dataclass(frozen=True)
class Did:
    """Holds for all of a visit when its part holds for at least one of the visit's events.

    `Not(Did(...))` leaves out visits that ever did something; `Did` has no `Did` inside.
    """

    of: "Condition"

    def __post_init__(self) -> None:
        """Raises InvalidQuery("filter", ...) when it is too deep, or has a Did inside."""
        _check_bounds(self)


Condition = Filter | All | AnyOf | Not | Did


def condition_of(filters: Iterable[Condition]) -> Condition | None:
    """What holds where all of these do, each taken once; None for none, itself for one.

    Raises InvalidQuery("filter", ...) for too many, or too deep ones.
    """
    distinct = tuple(dict.fromkeys(filters))
    if len(distinct) > 1:
        return All(distinct)
    return distinct[0] if distinct else None


def filters_of(condition: Condition | None) -> tuple[Condition, ...]:
    """What condition_of makes this condition of."""
    if condition is None:
        return ()
    if isinstance(condition, All) and len(set(condition.of)) == len(condition.of) > 1:
        return condition.of
    return (condition,)


def parts_of(condition: Condition) -> tuple[Condition, ...]:
    """The conditions right below; a filter has none."""
    match condition:
        case Filter():
            return ()
        case All() | AnyOf():
            return condition.of
        case Not() | Did():
            return (condition.of,)


def filters_in(condition: Condition) -> Iterator[Filter]:
    """All filters of a condition, at any depth, in their order."""
    if isinstance(condition, Filter):
        yield condition
    for part in parts_of(condition):
        yield from filters_in(part)


def conjuncts(condition: Condition) -> Iterator[Condition]:
    """The conditions that hold where it does, and are not made of such themselves."""
    if isinstance(condition, All):
        for part in condition.of:
            yield from conjuncts(part)
    else:
        yield condition


def scope_of(condition: Condition) -> Scope:
    """Whether it selects whole visits, or single events: a filter on these outside any Did."""
    match condition:
        case Filter():
            return dimension_named(condition.dimension, "filter").scope
        case Did():
            return "visit"
    scopes = {scope_of(part) for part in parts_of(condition)}
    return "event" if "event" in scopes else "visit"


def is_text(value: str) -> bool:
    """Whether a stored value could be this: no NUL, and no half of a surrogate pair."""
    return _NO_TEXT.search(value) is None


@contextmanager
def errors_under(parameter: str) -> Iterator[None]:
    """Names the parameter that the condition came in, for a condition that is refused."""
    try:
        yield
    except InvalidQuery as error:
        raise InvalidQuery(parameter, error.reason) from error


def _filterable(name: str) -> str:
    """The dimension's name in its one form."""
    # The form of a property's name can't be made of half a surrogate pair.
    if not is_text(name) or (name in DIMENSIONS and name not in FILTERABLE):
        raise InvalidQuery("filter", f"{name[:40]!r} can't be filtered by")
    return dimension_named(name, "filter").name


def _check_bounds(condition: Condition) -> None:
    # Each condition was checked when it was made, so this goes no deeper than MOST_DEPTH + 1.
    if not 0 < len(parts_of(condition)) <= MOST_PARTS:
        raise InvalidQuery("filter", f"expected 1 to {MOST_PARTS} conditions in a group")
    if _depth(condition) > MOST_DEPTH:
        raise InvalidQuery("filter", f"more than {MOST_DEPTH} deep")
    if sum(1 for _ in filters_in(condition)) > MOST_FILTERS:
        raise InvalidQuery("filter", f"more than {MOST_FILTERS} filters")
    if isinstance(condition, Did) and _has_did(condition.of):
        raise InvalidQuery("filter", "a did can't be inside a did")


def _depth(condition: Condition) -> int:
    return 1 + max(map(_depth, parts_of(condition)), default=0)


def _has_did(condition: Condition) -> bool:
    return isinstance(condition, Did) or any(map(_has_did, parts_of(condition)))
