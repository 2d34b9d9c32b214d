"""One filter as the editor's form says it: while it is written, and what it becomes."""

from dataclasses import dataclass
from typing import Literal, cast, get_args

from django.http import QueryDict

from tracking.errors import InvalidQuery
from tracking.reports.conditions import (
    OPERATORS,
    WITHOUT_VALUES,
    Condition,
    Did,
    Filter,
    Not,
    Operator,
)
from tracking.reports.dimensions import FILTERABLE, dimension_named, prop_name
from tracking.views.words import value_named

Occurs = Literal["", "did", "did_not"]
PROPERTY = "prop"
"""What stands for all properties in the form; which one, `key` says."""
PARAMETERS = frozenset(("dimension", "key", "did", "operator", "value", "typed"))


@dataclass(frozen=True)
class Draft:
    """What the form says. `did` holds for visits: that did, or did not, what the filter is.

    `dimension` may be PROPERTY. Values are as they are stored, in the order they were chosen.
    """

    dimension: str = "page"
    key: str = ""
    did: Occurs = ""
    operator: Operator = "is"
    values: tuple[str, ...] = ()

    @classmethod
    def of(cls, condition: Condition) -> "Draft | None":
        """The draft that becomes this condition; None for one that the form can't say."""
        match condition:
            case Filter():
                return cls._of_filter(condition, "")
            case Did(of=Filter() as one) if _is_of_event(one):
                return cls._of_filter(one, "did")
            case Not(of=Did(of=Filter() as one)) if _is_of_event(one):
                return cls._of_filter(one, "did_not")
        return None

    @classmethod
    def _of_filter(cls, one: Filter, did: Occurs) -> "Draft":
        key = dimension_named(one.dimension, "dimension").prop
        return cls(PROPERTY if key else one.dimension, key, did, one.operator, one.values)

    @classmethod
    def from_params(cls, params: QueryDict) -> "Draft":
        """What was sent; raises InvalidQuery, naming the parameter, for what no form sends."""
        dimension = params.get("dimension", "")
        if dimension not in {*FILTERABLE, PROPERTY}:
            raise InvalidQuery("dimension", f"{dimension[:40]!r} can't be filtered by")
        typed = params.get("typed", "").strip()
        values = [*params.getlist("value"), *([value_named(dimension, typed)] if typed else [])]
        return cls(
            dimension,
            params.get("key", "").strip() if dimension == PROPERTY else "",
            cast("Occurs", _one_of(params, "did", get_args(Occurs))),
            cast("Operator", _one_of(params, "operator", OPERATORS)),
            tuple(dict.fromkeys(values)),
        )

    @property
    def dimension_name(self) -> str:
        """The dimension in the engine's words; empty while a property has no key."""
        if self.dimension != PROPERTY:
            return self.dimension
        return prop_name(self.key) if self.key else ""

    @property
    def is_free(self) -> bool:
        """Whether the operator takes no values."""
        return self.operator in WITHOUT_VALUES

    def condition(self) -> Condition:
        """What to filter by; raises InvalidQuery with a word to whoever filled in the form."""
        if not self.dimension_name:
            raise InvalidQuery("key", "Say which property: its key, like plan.")
        if not self.is_free and not self.values:
            raise InvalidQuery("value", "Choose or type at least one value.")
        one = Filter(self.dimension_name, self.operator, () if self.is_free else self.values)
        if not self.did or not _is_of_event(one):
            return one
        return Did(one) if self.did == "did" else Not(Did(one))


def _is_of_event(one: Filter) -> bool:
    return dimension_named(one.dimension, "dimension").scope == "event"


def _one_of(params: QueryDict, name: str, allowed: tuple[str, ...]) -> str:
    text = params.get(name, allowed[0])
    if text not in allowed:
        raise InvalidQuery(name, f"expected one of {', '.join(allowed)}")
    return text
