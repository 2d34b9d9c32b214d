"""What was counted, in plain Python, and which of it a condition holds for (docs/figures.md)."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from urllib.parse import unquote

from tracking.reports.conditions import All, AnyOf, Condition, Did, Filter, Not

PROP = "prop."


@dataclass(frozen=True)
class Seen:
    """One counted hit, with what is known of it and of its visit.

    `order` decides among hits of the same instant; `day` and `minute`, of the day, are local.
    `values` holds the page, title and host name, and all that is the visit's but its entry and
    exit page; what it lacks is empty.
    """

    site: int
    visit: int
    visitor: int
    at: datetime
    order: int
    day: date
    minute: int
    name: str
    values: Mapping[str, str] = field(default_factory=dict)
    props: Mapping[str, str] = field(default_factory=dict)
    interactive: bool = True
    seconds: int | None = None
    depth: int | None = None
    micros: int | None = None
    currency: str = ""

    @property
    def is_event(self) -> bool:
        return self.name != "engagement"

    @property
    def is_pageview(self) -> bool:
        return self.name == "pageview"

    @property
    def is_custom(self) -> bool:
        return self.is_event and not self.is_pageview


Visit = Sequence[Seen]
"""All hits of one visit in their order, engagement signals among them."""


def visits_of(rows: Iterable[Seen]) -> dict[int, list[Seen]]:
    visits: dict[int, list[Seen]] = {}
    for row in sorted(rows, key=lambda row: (row.at, row.order)):
        visits.setdefault(row.visit, []).append(row)
    return visits


def value_of(row: Seen, visit: Visit, dimension: str) -> str:
    """The value of any dimension but time; empty when it is unknown."""
    if dimension.startswith(PROP):
        return row.props.get(unquote(dimension.removeprefix(PROP)), "")
    match dimension:
        case "event":
            return row.name
        case "hour":
            return str(row.minute // 60)
        case "weekday":
            return str(row.day.isoweekday())
        case "entry_page":
            return next(iter(pages(visit)), "")
        case "exit_page":
            return next(reversed(pages(visit)), "")
    return row.values.get(dimension, "")


def pages(visit: Visit) -> list[str]:
    return [row.values.get("page", "") for row in visit if row.is_pageview]


def holds(condition: Condition | None, row: Seen, visit: Visit) -> bool:
    """Whether it holds for this event, which is one of the visit."""
    match condition:
        case None:
            return True
        case Filter():
            return passes(condition, value_of(row, visit, condition.dimension))
        case All():
            return all(holds(one, row, visit) for one in condition.of)
        case AnyOf():
            return any(holds(one, row, visit) for one in condition.of)
        case Not():
            return not holds(condition.of, row, visit)
        case Did():
            return any(holds(condition.of, event, visit) for event in visit if event.is_event)


def passes(one: Filter, value: str) -> bool:
    match one.operator:
        case "is":
            return value in one.values
        case "is_not":
            return value not in one.values
        case "contains":
            return contains_any(value, one.values)
        case "does_not_contain":
            return not contains_any(value, one.values)
        case "matches":
            return matches_any(value, one.values)
        case "does_not_match":
            return not matches_any(value, one.values)
        case "is_set":
            return value != ""
        case "is_not_set":
            return value == ""


def contains_any(value: str, wanted: Iterable[str]) -> bool:
    return any(text.lower() in value.lower() for text in wanted)


def matches_any(value: str, globs: Iterable[str]) -> bool:
    return any(re.fullmatch(pattern_of(glob), value, re.DOTALL) for glob in globs)


def pattern_of(glob: str) -> str:
    signs = {"*": ".*", "?": "."}
    return "".join(signs.get(character, re.escape(character)) for character in glob)
