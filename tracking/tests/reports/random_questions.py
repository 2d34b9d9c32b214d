"""Random questions to some traffic: all that can be asked, mostly of what is there.

Chance is plain, not Hypothesis's: its examples repeat each other, and most select nothing or all.
So a question that fails is made simpler here.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random
from typing import Any

from tracking.columns.schema import MARKED
from tracking.errors import InvalidQuery
from tracking.reports.conditions import (
    OPERATORS,
    All,
    AnyOf,
    Condition,
    Did,
    Filter,
    Not,
    Operator,
    parts_of,
)
from tracking.reports.dimensions import DIMENSIONS, FILTERABLE, prop_name
from tracking.reports.metrics import METRICS, OF_A_GOAL, REVENUE
from tracking.reports.periods import Period, allowed_intervals
from tracking.reports.query import Order, ReportQuery
from tracking.tests.reports.seen import value_of, visits_of
from tracking.tests.reports.traffic import PROP_KEYS, Traffic

DAY = timedelta(days=1)
DEPTHS = (1, 1, 2, 2, 3, 5)
NOTHING_HAS_IT = "(nothing has it)"
PROPS = tuple(map(prop_name, (*PROP_KEYS, "never")))
TELLING = (
    *("page", "page", "entry_page", "exit_page", "event", "event", "title", "hostname", "hour"),
    *("weekday", "source", "channel", "referrer", "utm_source", "country", "browser", "language"),
    *("prop.plan", "prop.size"),
)
BY_TELLING = (*TELLING, "property")
OF_ROWS = (*MARKED, *MARKED, "hour", "hour", "page", "country", "source", "weekday", "prop.plan")
OF_EVENTS = ("page", "event", "event", "title", "hour", "prop.plan", *PROPS)


@dataclass(frozen=True)
class Vocabulary:
    """What questions can be about: days with traffic, and the values of each dimension."""

    traffic: Traffic
    first_day: date
    last_day: date
    values: Mapping[str, Sequence[str]]


def vocabulary_of(traffic: Traffic) -> Vocabulary:
    """Raises ValueError when nothing was counted."""
    visits = visits_of(traffic.seen)
    days = [row.day for row in traffic.seen]
    values = {
        dimension: sorted(
            {value_of(row, visits[row.visit], dimension) for row in traffic.seen if row.is_event}
        )
        for dimension in (*sorted(FILTERABLE), *PROPS)
    }
    return Vocabulary(traffic, min(days), max(days), values)


def random_question(words: Vocabulary, chance: Random) -> ReportQuery:
    sites = words.traffic.sites
    period = random_realtime(words, chance) if now_and_then(chance) else random_days(words, chance)
    goal = random_goal(words, chance) if chance.random() < 0.4 else None
    metrics = random_metrics(goal, chance)
    dimensions = random_dimensions(chance)
    if period.since is not None and "time" in dimensions:
        dimensions = ("time",)
    return ReportQuery(
        sites=tuple(chance.sample(sites, chance.randint(1, len(sites)))),
        period=period,
        metrics=metrics,
        dimensions=dimensions,
        condition=None if chance.random() < 0.25 else random_condition(words, chance, dimensions),
        interval=chance.choice((None, *allowed_intervals(period))),
        compared=None
        if period.since is not None or chance.random() < 0.6
        else random_days_before(words, chance),
        goal=goal,
        order=None if chance.random() < 0.5 else random_order(metrics, dimensions, chance),
        limit=chance.choice((1000, 100, 10, 5, 2, 1)),
    )


def random_page(words: Vocabulary, chance: Random) -> list[ReportQuery]:
    """What all of a page asks at once: a series, and visitors by each of many dimensions."""
    condition = None if chance.random() < 0.1 else random_condition(words, chance)
    whole = ReportQuery(
        sites=tuple(chance.sample(words.traffic.sites, chance.choice((1, 1, 2)))),
        period=random_days(words, chance),
        metrics=("visitors",),
        condition=condition,
        compared=None if chance.random() < 0.6 else random_days_before(words, chance),
        limit=chance.choice((1000, 10, 2)),
    )
    panels = [(name,) for name in (*DIMENSIONS, *PROPS)] + [
        ("weekday", "hour"),
        ("browser", "page"),
    ]
    chance.shuffle(panels)
    series = replace(whole, metrics=random_metrics(None, chance), dimensions=("time",))
    return [series, *(_panel(whole, dimensions, chance) for dimensions in panels)]


def _panel(whole: ReportQuery, dimensions: tuple[str, ...], chance: Random) -> ReportQuery:
    """What a panel asks; some leave out rows that would be no news."""
    panel = replace(whole, dimensions=dimensions)
    [name, *_] = dimensions
    if name not in {*FILTERABLE, *PROPS} or chance.random() > (
        0.3 if name in {"event", *PROPS} else 0.05
    ):
        return panel
    shown = Filter(name, "is_not", ("pageview",)) if name == "event" else Filter(name, "is_set")
    with suppress(InvalidQuery):
        condition = shown if whole.condition is None else All((whole.condition, shown))
        panel = replace(panel, condition=condition)
    return panel


def now_and_then(chance: Random) -> bool:
    return chance.random() < 0.15


# Time


def random_days(words: Vocabulary, chance: Random) -> Period:
    """A day or some days of the traffic's; or many, most of them without any."""
    before, after = chance.choice(((0, 0), (0, 0), (1, 1), (1, 1), (50, 8), (150, 60)))
    first_day, last_day = words.first_day - before * DAY, words.last_day + after * DAY
    days = (last_day - first_day).days
    ends = sorted(first_day + chance.randint(0, days) * DAY for _ in range(2))
    if chance.random() < 0.25:
        ends[1] = ends[0]
    return Period(f"{ends[0]}..{ends[1]}", ends[0], ends[1])


def random_days_before(words: Vocabulary, chance: Random) -> Period:
    days = random_days(words, chance)
    until_minute = chance.choice((None, chance.randrange(1440)))
    return Period("previous", days.first_day, days.last_day, until_minute=until_minute)


def random_realtime(words: Vocabulary, chance: Random) -> Period:
    """The half hour around some hit, as its site's clock says; what is sealed was before it."""
    earliest = words.traffic.sealed_at - timedelta(minutes=30)
    rows = [row for row in words.traffic.seen if row.at >= earliest]
    row = chance.choice(rows or words.traffic.seen)
    ago = timedelta(seconds=chance.choice((0, 60, 600, 1740, 1799, 1800)))
    since = max(row.at - ago, earliest)
    [site] = [site for site in words.traffic.sites if site.site_id == row.site]
    today, _ = site.local(since + timedelta(minutes=30))
    return Period("realtime", today - DAY, today, since=since)


# What is counted, and by what


def random_metrics(goal: Condition | None, chance: Random) -> tuple[str, ...]:
    # Of these alone nothing is summed up but what reached the goal, or amounts.
    if now_and_then(chance):
        return (REVENUE,) if goal is None else ("conversions",)
    possible = sorted(METRICS.keys() - (OF_A_GOAL if goal is None else set()))
    found = set(chance.sample(possible, chance.randint(1, len(possible))))
    if goal is not None:
        found.add(chance.choice(sorted(OF_A_GOAL)))
    return tuple(chance.sample(sorted(found), len(found)))


def random_dimensions(chance: Random) -> tuple[str, ...]:
    """None, a series, or up to three; time and page most often."""
    if chance.random() < 0.2:
        return chance.choice(((), ("time",)))
    possible = ("time", "page", *BY_TELLING, *PROPS, *DIMENSIONS)
    found = dict.fromkeys(chance.choices(possible, k=chance.choice((1, 1, 2, 3))))
    if now_and_then(chance):
        found = {"time": None} | found
    return tuple(found)[:3]


def random_order(metrics: Sequence[str], dimensions: Sequence[str], chance: Random) -> Order | None:
    possible = [name for name in (*metrics, *dimensions) if name != REVENUE]
    return Order(chance.choice(possible), chance.random() < 0.5) if possible else None


# Conditions


def random_condition(
    words: Vocabulary, chance: Random, dimensions: Sequence[str] = ()
) -> Condition:
    if chance.random() < 0.35:
        return clicked(words, chance, dimensions)
    return nested(words, chance, chance.choice(DEPTHS))


def clicked(words: Vocabulary, chance: Random, dimensions: Sequence[str]) -> Condition:
    """What clicks on rows make: single values, one of them at times of what a visit did."""
    first, *others = chance.choices(OF_ROWS, k=chance.choice((1, 1, 2)))
    one = Filter(first, "is", (chance.choice(words.values[first]),))
    filters: list[Condition] = [one if chance.random() < 0.6 else Did(one)]
    filters += [Filter(name, "is", (chance.choice(words.values[name]),)) for name in others]
    # A property's panel leaves out what does not have it.
    filters += [Filter(name, "is_set") for name in dimensions if name in PROPS]
    return All(tuple(filters))


def nested(
    words: Vocabulary, chance: Random, deepest: int, *, inside_did: bool = False
) -> Condition:
    """Any condition that is not too deep and has not too many filters."""
    kinds = ["filter", "all", "all", "any", "any", "not", *([] if inside_did else ["did", "did"])]
    kind = chance.choice(kinds) if deepest > 1 else "filter"
    if kind == "filter":
        return random_filter(words, chance)

    def part() -> Condition:
        return nested(words, chance, deepest - 1, inside_did=inside_did or kind == "did")

    if kind in {"not", "did"}:
        return (Not if kind == "not" else Did)(part())
    return (All if kind == "all" else AnyOf)(tuple(part() for _ in range(chance.choice((1, 2, 2)))))


def random_goal(words: Vocabulary, chance: Random) -> Condition:
    """A condition on events, with another beside it at times."""
    of_event = random_filter(words, chance, OF_EVENTS)
    if chance.random() < 0.6:
        return of_event
    return chance.choice((All, AnyOf))((of_event, nested(words, chance, chance.choice((1, 4)))))


def random_filter(words: Vocabulary, chance: Random, dimensions: Sequence[str] = ()) -> Filter:
    if not dimensions:
        dimensions = sorted(words.values) if chance.random() < 0.3 else TELLING
    dimension, operator = chance.choice(dimensions), chance.choice(OPERATORS)
    if operator in {"is_set", "is_not_set"}:
        return Filter(dimension, operator)
    known = (*words.values[dimension], *words.values[dimension], "", NOTHING_HAS_IT)
    some = chance.choices(known, k=chance.choice((1, 1, 2, 4)))
    return Filter(dimension, operator, tuple(wanted(operator, text, chance) for text in some))


def wanted(operator: Operator, text: str, chance: Random) -> str:
    """A value to look for: the text, a piece of it in any case, or a glob made of it."""
    first, last = sorted(chance.randint(0, len(text)) for _ in range(2))
    if operator in {"contains", "does_not_contain"}:
        return chance.choice((str, str.upper, str.lower))(text[first:last])
    if operator in {"matches", "does_not_match"}:
        # What the stars and marks stand for seldom, but at times, has as many characters.
        return text[:first] + chance.choice(("*", "*", "?", "*?", "")) + text[last:]
    return text


# When one fails


def shrunk(query: ReportQuery, fails: Callable[[ReportQuery], bool]) -> ReportQuery:
    """A simple question that fails still."""
    for simpler in simpler_questions(query):
        if fails(simpler):
            return shrunk(simpler, fails)
    return query


def simpler_questions(query: ReportQuery) -> Iterator[ReportQuery]:
    """The question with one thing less, or one thing smaller."""
    for change in _changes(query):
        # What others need stays: an order's dimension, a goal's metric.
        with suppress(InvalidQuery):
            simpler = replace(query, **change)
            if simpler != query:
                yield simpler


def _changes(query: ReportQuery) -> Iterator[dict[str, Any]]:
    for name in ("compared", "order", "interval", "condition"):
        yield {name: None}
    yield {"goal": None, "metrics": tuple(one for one in query.metrics if one not in OF_A_GOAL)}
    for name in ("sites", "dimensions", "metrics"):
        values = getattr(query, name)
        yield from ({name: tuple(one for one in values if one != left_out)} for left_out in values)
    for name in ("condition", "goal"):
        yield from ({name: simpler} for simpler in _simpler_conditions(getattr(query, name)))
    period = query.period
    yield {"period": replace(period, first_day=period.last_day)}
    yield {"period": replace(period, last_day=period.first_day)}


def _simpler_conditions(condition: Condition | None) -> Iterator[Condition]:
    match condition:
        case Filter():
            for value in condition.values[: len(condition.values) * (len(condition.values) > 1)]:
                yield replace(condition, values=(value,))
        case All() | AnyOf():
            yield from condition.of
            for number, part in enumerate(condition.of):
                for simpler in _simpler_conditions(part):
                    yield type(condition)(
                        (*condition.of[:number], simpler, *condition.of[number + 1 :])
                    )
        case Not() | Did():
            yield from parts_of(condition)
            yield from (type(condition)(simpler) for simpler in _simpler_conditions(condition.of))
