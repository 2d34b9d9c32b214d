"""Strategies for questions to some traffic: any that can be asked, mostly of what is there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from hypothesis import strategies as st

from tracking.reports.conditions import OPERATORS, All, AnyOf, Condition, Did, Filter, Not
from tracking.reports.dimensions import DIMENSIONS, FILTERABLE, prop_name
from tracking.reports.metrics import METRICS, OF_A_GOAL, REVENUE
from tracking.reports.periods import Interval, Period, allowed_intervals
from tracking.reports.query import Order, ReportQuery
from tracking.tests.reports.seen import value_of, visits_of
from tracking.tests.reports.traffic import PROP_KEYS, Traffic

DAY = timedelta(days=1)
DEEPEST = 5
NOTHING_HAS_IT = "(nothing has it)"
PROPS = tuple(map(prop_name, (*PROP_KEYS, "never")))
OF_EVENTS = (*PROPS, *(one.name for one in DIMENSIONS.values() if one.scope == "event"))


@dataclass(frozen=True)
class Vocabulary:
    """What questions can be about: days with traffic, and the values of each dimension."""

    traffic: Traffic
    first_day: date
    last_day: date
    values: dict[str, Sequence[str]]


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


@st.composite
def questions(draw: st.DrawFn, words: Vocabulary) -> ReportQuery:
    sites = words.traffic.sites
    period = draw(st.one_of(days_in(words), days_in(words), realtime(words)))
    goal = draw(st.none() | goals(words))
    metrics = draw(metrics_for(goal))
    dimensions = draw(dimension_names)
    order = draw(st.none() | orders(metrics, dimensions)) if dimensions else None
    return ReportQuery(
        sites=tuple(draw(st.lists(st.sampled_from(sites), min_size=1, unique=True))),
        period=period,
        metrics=metrics,
        dimensions=dimensions,
        condition=draw(st.none() | conditions(words)),
        interval=draw(intervals(period)),
        compared=draw(st.none() | days_to_compare(words)) if period.since is None else None,
        goal=goal,
        order=order,
        limit=draw(st.sampled_from((1000, 100, 10, 5, 1))),
    )


# Time


@st.composite
def days_in(draw: st.DrawFn, words: Vocabulary) -> Period:
    """A day or some days of the traffic's; or many, most of them without any."""
    margins = draw(st.sampled_from(((1, 1), (1, 1), (1, 1), (1, 1), (50, 8), (150, 60))))
    earliest, latest = words.first_day - margins[0] * DAY, words.last_day + margins[1] * DAY
    ends = [draw(st.dates(earliest, latest))] * 2
    if draw(st.integers(0, 3)):
        ends = sorted((ends[0], draw(st.dates(earliest, latest))))
    return Period(f"{ends[0]}..{ends[1]}", *ends)


@st.composite
def days_to_compare(draw: st.DrawFn, words: Vocabulary) -> Period:
    days = draw(days_in(words))
    until_minute = draw(st.none() | st.integers(0, 1439))
    return Period("previous", days.first_day, days.last_day, until_minute=until_minute)


@st.composite
def realtime(draw: st.DrawFn, words: Vocabulary) -> Period:
    """The half hour around some hit, as its site's clock says."""
    row = draw(st.sampled_from(words.traffic.seen))
    since = row.at - timedelta(seconds=draw(st.sampled_from((0, 60, 600, 1740, 1799, 1800))))
    [site] = [site for site in words.traffic.sites if site.site_id == row.site]
    today, _ = site.local(since + timedelta(minutes=30))
    return Period("realtime", today - DAY, today, since=since)


def intervals(period: Period) -> st.SearchStrategy[Interval | None]:
    return st.none() | st.sampled_from(allowed_intervals(period))


# What is counted, and by what


@st.composite
def metrics_for(draw: st.DrawFn, goal: Condition | None) -> tuple[str, ...]:
    free = sorted(METRICS.keys() - OF_A_GOAL)
    if goal is None:
        return tuple(draw(st.lists(st.sampled_from(free), min_size=1, unique=True)))
    needed = draw(st.sampled_from(sorted(OF_A_GOAL)))
    names = draw(st.lists(st.sampled_from(sorted(METRICS)), unique=True))
    return tuple(draw(st.permutations(sorted({needed, *names}))))


name_of_dimension = st.sampled_from((*DIMENSIONS, *PROPS))
often_used = st.sampled_from(("time", "page", "entry_page", "event", "source", "prop.plan"))
dimension_names = st.one_of(
    st.just(("time",)),
    st.lists(often_used | name_of_dimension, max_size=3, unique=True).map(tuple),
)


def orders(metrics: Sequence[str], dimensions: Sequence[str]) -> st.SearchStrategy[Order]:
    by = st.sampled_from((*(name for name in metrics if name != REVENUE), *dimensions))
    return st.builds(Order, by, st.booleans())


# Conditions


@st.composite
def filters(draw: st.DrawFn, words: Vocabulary, dimensions: Sequence[str] = ()) -> Filter:
    dimension = draw(st.sampled_from(list(dimensions or sorted(words.values))))
    operator = draw(st.sampled_from(OPERATORS))
    if operator in {"is_set", "is_not_set"}:
        return Filter(dimension, operator)
    one = st.sampled_from((*words.values[dimension], "", NOTHING_HAS_IT))
    if operator in {"contains", "does_not_contain"}:
        one = one.flatmap(parts_of)
    elif operator in {"matches", "does_not_match"}:
        one = one.flatmap(globs_of)
    return Filter(dimension, operator, tuple(draw(st.lists(one, min_size=1, max_size=3))))


@st.composite
def parts_of(draw: st.DrawFn, text: str) -> str:
    """A piece of the text, its letters large or small."""
    first, last = sorted(draw(st.tuples(*[st.integers(0, len(text))] * 2)))
    return draw(st.sampled_from((str, str.upper, str.lower)))(text[first:last])


@st.composite
def globs_of(draw: st.DrawFn, text: str) -> str:
    """The text with a piece of it as * or ?, which seldom but at times is its length."""
    first, last = sorted(draw(st.tuples(*[st.integers(0, len(text))] * 2)))
    return text[:first] + draw(st.sampled_from(("", "*", "?", "*?", "**"))) + text[last:]


@st.composite
def conditions(
    draw: st.DrawFn, words: Vocabulary, deepest: int = DEEPEST, *, inside_did: bool = False
) -> Condition:
    """Any condition that is not too deep and has not too many filters."""
    kinds = ["filter", "filter", "all", "any", "not", *([] if inside_did else ["did"])]
    kind = draw(st.sampled_from(kinds)) if deepest > 1 else "filter"
    if kind == "filter":
        return draw(filters(words))
    below = conditions(words, deepest - 1, inside_did=inside_did or kind == "did")
    if kind in {"not", "did"}:
        return (Not if kind == "not" else Did)(draw(below))
    parts = tuple(draw(st.lists(below, min_size=1, max_size=2)))
    return (All if kind == "all" else AnyOf)(parts)


@st.composite
def goals(draw: st.DrawFn, words: Vocabulary) -> Condition:
    """A condition on events, with others beside it at times."""
    of_event = draw(filters(words, [name for name in OF_EVENTS if name in words.values]))
    others = draw(st.none() | conditions(words, DEEPEST - 1))
    if others is None:
        return of_event
    return draw(st.sampled_from((All, AnyOf)))((of_event, others))
