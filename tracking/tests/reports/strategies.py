"""Any condition and any question there can be, and texts that are none, for hypothesis."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from tracking.records import SiteRules
from tracking.reports.conditions import (
    MOST_DEPTH,
    OPERATORS,
    WITHOUT_VALUES,
    All,
    AnyOf,
    Condition,
    Did,
    Filter,
    Not,
    Operator,
    scope_of,
)
from tracking.reports.dimensions import DIMENSIONS, FILTERABLE, LONGEST_PROP, prop_name
from tracking.reports.metrics import METRICS, OF_A_GOAL, REVENUE
from tracking.reports.periods import (
    Clock,
    Period,
    allowed_intervals,
    parse_comparison,
    parse_period,
)
from tracking.reports.query import MOST_ROWS, Order, ReportQuery

stored_text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
"""What a dimension's value can be."""
any_text = st.text(st.characters(exclude_categories=()))
"""What a request can bring, halves of surrogate pairs included."""
props = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]),
    min_size=1,
    max_size=LONGEST_PROP,
).map(prop_name)


@cache
def filters() -> st.SearchStrategy[Filter]:
    dimensions = st.sampled_from(sorted(FILTERABLE)) | props

    def of_operator(operator: Operator) -> st.SearchStrategy[Filter]:
        least, most = (0, 0) if operator in WITHOUT_VALUES else (1, 4)
        values = st.lists(stored_text, min_size=least, max_size=most).map(tuple)
        return st.builds(Filter, dimensions, st.just(operator), values)

    return st.sampled_from(OPERATORS).flatmap(of_operator)


@cache
def conditions(
    depth: int = MOST_DEPTH, *, did: bool = True, most_parts: int = 3
) -> st.SearchStrategy[Condition]:
    """Conditions at most so deep; groups inside of groups are small, so that few are refused."""
    if depth == 1:
        return filters()
    inner = conditions(depth - 1, did=did, most_parts=2)
    parts = st.lists(inner, min_size=1, max_size=most_parts).map(tuple)
    found: st.SearchStrategy[Condition] = filters() | inner.map(Not)
    found |= parts.map(All) | parts.map(AnyOf)
    if did:
        found |= conditions(depth - 1, did=False, most_parts=2).map(Did)
    return found


@st.composite
def clocks(draw: st.DrawFn) -> Clock:
    today = draw(st.dates(date(1990, 1, 1), date(2090, 1, 1)))
    minute = draw(st.integers(0, 1439))
    at = datetime.combine(today, datetime.min.time(), UTC) + timedelta(minutes=minute)
    first_day = today - timedelta(days=draw(st.integers(0, 5000)))
    return Clock(at=at, today=today, minute=minute, first_day=first_day)


custom_days = st.tuples(
    st.dates(date(1990, 1, 1), date(2090, 1, 1)), st.integers(0, 3659).map(timedelta)
).map(lambda pair: f"{pair[0]}..{pair[0] + pair[1]}")
period_texts = custom_days | st.sampled_from(
    [
        *("realtime", "today", "yesterday", "1d", "7d", "28d", "30d", "91d", "999d"),
        *("week", "month", "quarter", "year", "12mo", "all"),
    ]
)


@st.composite
def comparisons(draw: st.DrawFn, period: Period, clock: Clock) -> Period | None:
    words = ["year"] if period.key == "all" else ["year", "previous"]
    text = draw(st.none() | st.sampled_from(words) | custom_days)
    if period.key == "realtime":
        text = None
    may_match = text in words
    return parse_comparison(text, period, clock, match_weekdays=may_match and draw(st.booleans()))


def site(site_id: int) -> SiteRules:
    return SiteRules(site_id, f"site{site_id}", ((date.min, ZoneInfo("UTC")),))


goals = conditions().filter(lambda condition: scope_of(condition) == "event")


@st.composite
def queries(draw: st.DrawFn, clock: Clock) -> ReportQuery:
    metrics = draw(st.lists(st.sampled_from(sorted(METRICS)), min_size=1, unique=True))
    dimension = st.sampled_from(sorted(DIMENSIONS)) | props
    dimensions = draw(st.lists(dimension, max_size=3, unique=True))
    period = parse_period(draw(period_texts), clock)
    if period.since is not None and "time" in dimensions:
        dimensions = ["time"]
    orders = [name for name in (*metrics, *dimensions) if name != REVENUE]
    return ReportQuery(
        sites=tuple(map(site, draw(st.sets(st.integers(1, 500), min_size=1, max_size=4)))),
        period=period,
        metrics=tuple(metrics),
        dimensions=tuple(dimensions),
        condition=draw(st.none() | conditions()),
        interval=draw(st.none() | st.sampled_from(allowed_intervals(period))),
        compared=draw(comparisons(period, clock)),
        goal=draw(goals) if OF_A_GOAL & set(metrics) else None,
        order=draw(st.none() | st.builds(Order, st.sampled_from(orders), st.booleans()))
        if orders
        else None,
        limit=draw(st.integers(1, MOST_ROWS)),
        after=draw(stored_text),
    )


pieces = st.sampled_from(
    [
        *("and(", "or(", "not(", "did(", "(", ")", ";", ":", ",", "%", "%00", "%ff", " is not "),
        *("country", "country:is:DE", "event:is:Sign%20up", "page:matches:/a*", "source:is_set:"),
        *("prop.", "prop.a", "time:is:9", "did(event:is:a)", "\0", "\ud800", "\u0663"),
    ]
)
"""Parts of conditions, for texts that almost are one."""
hostile_text = any_text | st.lists(pieces, max_size=12).map("".join) | st.integers().map(str)
