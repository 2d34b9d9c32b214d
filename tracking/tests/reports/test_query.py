import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.http import QueryDict
from hypothesis import assume, given
from hypothesis import strategies as st

from tracking.errors import InvalidQuery
from tracking.reports.conditions import All, Did, Filter, Not
from tracking.reports.periods import Clock, Period, parse_comparison, parse_period
from tracking.reports.query import Order, ReportQuery
from tracking.reports.query_json import FIELDS, LONGEST_JSON, from_json, to_json
from tracking.reports.query_params import PARAMETERS, from_params, to_params
from tracking.tests.reports.questions import any_text, clocks, hostile_text, queries, site

SITES = (site(1),)
CLOCK = Clock(
    at=datetime(2026, 3, 4, 9, 30, tzinfo=UTC),
    today=date(2026, 3, 4),
    minute=570,
    first_day=date(2025, 1, 1),
)
WEEK = parse_period("7d", CLOCK)
GERMAN = Filter("country", "is", ("DE",))
SIGNED_UP = Filter("event", "is", ("Sign up",))
ASKED = ReportQuery(SITES, WEEK, ("visitors", "conversions"), ("page", "prop.a"), goal=SIGNED_UP)
NO_GOAL = replace(ASKED, metrics=("visitors", "revenue"), goal=None)


def of_url(text: str) -> ReportQuery:
    return from_params(QueryDict(text), SITES, CLOCK)


def of_json(**fields: Any) -> ReportQuery:
    return from_json(json.dumps(fields), SITES, CLOCK)


def refused(parameter: str, ask: Callable[[], ReportQuery]) -> None:
    with pytest.raises(InvalidQuery) as caught:
        ask()
    assert caught.value.parameter == parameter


def test_nothing_asked_is_thirty_days_of_the_default_metrics() -> None:
    thirty_days = parse_period("30d", CLOCK)
    assert of_url("") == ReportQuery(SITES, thirty_days, ("visitors", "visits", "pageviews"))
    assert of_json() == of_url("")
    assert from_params(QueryDict(), SITES, CLOCK, metrics=("events",)).metrics == ("events",)


def test_a_url_says_all_of_a_question() -> None:
    query = of_url(
        "period=7d&interval=hour&compare=year&match=weekdays&metrics=visitors,conversions"
        "&by=time,prop.my%2520plan&f=country:is:DE&f=not(did(event:is:Sign%2520up))"
        "&goal=event:is:Sign%2520up&order=-conversions&limit=5&after=abc"
    )
    assert query == ReportQuery(
        sites=SITES,
        period=WEEK,
        metrics=("visitors", "conversions"),
        dimensions=("time", "prop.my%20plan"),
        condition=All((GERMAN, Not(Did(SIGNED_UP)))),
        interval="hour",
        compared=parse_comparison("year", WEEK, CLOCK, match_weekdays=True),
        goal=SIGNED_UP,
        order=Order("conversions", descending=True),
        limit=5,
        after="abc",
    )
    assert of_url(urlencode(to_params(query))) == query


def test_json_says_all_of_a_question() -> None:
    german = {"dimension": "country", "operator": "is", "values": ["DE"]}
    fields = {
        "period": "7d",
        "interval": "hour",
        "compare": "year",
        "match": "weekdays",
        "metrics": ["visitors", "conversions"],
        "by": ["time", "country"],
        "filters": [german],
        "goal": {"dimension": "event", "operator": "is", "values": ["Sign up"]},
        "order": "country",
        "limit": 5,
        "after": "abc",
    }
    query = of_json(**fields)
    assert query.condition == GERMAN
    assert query.order == Order("country", descending=False)
    assert query.goal == SIGNED_UP
    assert query.compared == parse_comparison("year", WEEK, CLOCK, match_weekdays=True)
    assert to_json(query) == fields
    assert of_json(**fields | {"filters": german}) == query


def test_two_dates_are_a_period() -> None:
    period = parse_period("2026-01-01..2026-01-31", CLOCK)
    assert of_url("from=2026-01-01&to=2026-01-31").period == period
    assert of_url("period=2026-01-01..2026-01-31").period == period
    assert of_json(**{"from": "2026-01-01", "to": "2026-01-31"}).period == period


def test_what_a_form_sends_empty_was_not_chosen() -> None:
    names = "&".join(f"{name}=" for name in PARAMETERS if name != "f")
    assert of_url(names) == of_url("")
    assert of_json(**dict.fromkeys(FIELDS)) == of_url("")


@given(st.data())
def test_a_question_is_read_back_from_its_url(data: st.DataObject) -> None:
    clock = data.draw(clocks())
    query = data.draw(queries(clock))
    params = QueryDict(urlencode(to_params(query)))
    assert from_params(params, query.sites, clock, metrics=("events",)) == query


@given(st.data())
def test_a_question_is_read_back_from_its_json(data: st.DataObject) -> None:
    clock = data.draw(clocks())
    query = data.draw(queries(clock))
    text = json.dumps(to_json(query), ensure_ascii=False)
    assume(len(text.encode()) <= LONGEST_JSON)
    assert from_json(text, query.sites, clock, metrics=("events",)) == query
    assert from_json(text.encode(), query.sites, clock) == query


@pytest.mark.parametrize(
    ("text", "parameter"),
    [
        ("period=8x", "period"),
        ("period=0d", "period"),
        ("period=%D9%A3d", "period"),
        ("period=7d&from=2026-01-01&to=2026-01-02", "period"),
        ("from=2026-01-01", "period"),
        ("to=2026-01-01", "period"),
        ("from=2026-02-30&to=2026-03-01", "period"),
        ("period=7d&interval=minute", "interval"),
        ("interval=second", "interval"),
        ("compare=tomorrow", "compare"),
        ("period=realtime&compare=previous", "compare"),
        ("period=all&compare=previous", "compare"),
        ("compare=previous&match=days", "match"),
        ("compare=2026-01-01..2026-01-02&match=weekdays", "match"),
        ("metrics=shoes", "metrics"),
        ("metrics=visitors,", "metrics"),
        ("metrics=visitors,visitors", "metrics"),
        ("by=shoe", "by"),
        ("by=page,page", "by"),
        ("by=prop.a,prop.%2561", "by"),
        ("by=page,source,country,city", "by"),
        ("by=prop.%00", "by"),
        ("f=", "filter"),
        ("f=shoe:is:9", "filter"),
        ("f=" + "not(" * 5000, "filter"),
        ("&".join(f"f=page:is:{number}" for number in range(21)), "filter"),
        ("&".join(f"f=page:is:{number}" for number in range(61)), "f"),
        ("metrics=conversions", "goal"),
        ("goal=event:is:a", "goal"),
        ("metrics=conversions&goal=event", "goal"),
        ("metrics=conversions&goal=country:is:DE", "goal"),
        ("metrics=conversions&goal=did(event:is:a)", "goal"),
        ("order=-", "order"),
        ("order=pageviews&metrics=visitors", "order"),
        ("order=page", "order"),
        ("order=--visitors", "order"),
        ("order=-revenue&metrics=revenue", "order"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=-1", "limit"),
        ("limit=%D9%A3", "limit"),
        ("limit=" + "9" * 5000, "limit"),
        ("after=" + "x" * 4001, "after"),
        ("after=%00", "after"),
        ("period=7d&period=7d", "period"),
        ("limit=1&limit=2", "limit"),
        ("shoe=9", "shoe"),
        ("=9", "''"),
        ("a%00=9", r"'a\x00'"),
    ],
)
def test_a_url_that_asks_nothing_is_refused_by_its_parameter(text: str, parameter: str) -> None:
    refused(parameter, lambda: of_url(text))


@pytest.mark.parametrize(
    ("fields", "parameter"),
    [
        ({"period": 7}, "period"),
        ({"period": ""}, "period"),
        ({"from": ["2026-01-01"]}, "from"),
        ({"period": "7d", "to": "2026-01-01"}, "period"),
        ({"interval": "second"}, "interval"),
        ({"compare": {}}, "compare"),
        ({"match": True}, "match"),
        ({"metrics": "visitors"}, "metrics"),
        ({"metrics": []}, "metrics"),
        ({"metrics": [1]}, "metrics"),
        ({"metrics": ["visitors"] * 21}, "metrics"),
        ({"by": ["\ud800"]}, "by"),
        ({"by": ["prop.\ud800"]}, "by"),
        ({"filters": {}}, "filter"),
        ({"filters": [[]]}, "filter"),
        ({"goal": "event:is:a"}, "goal"),
        ({"goal": {"dimension": "country", "operator": "is_set"}}, "goal"),
        ({"order": "prop.\ud800"}, "order"),
        ({"limit": True}, "limit"),
        ({"limit": 1.0}, "limit"),
        ({"limit": "5"}, "limit"),
        ({"limit": 10**100}, "limit"),
        ({"after": "\ud800"}, "after"),
        ({"shoe": 9}, "shoe"),
        ({"\ud800": 9}, r"'\ud800'"),
    ],
)
def test_json_that_asks_nothing_is_refused_by_its_field(
    fields: dict[str, Any], parameter: str
) -> None:
    refused(parameter, lambda: of_json(**fields))


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", "null", "1", b"\xff", b"", '{"limit": 1, "limit": 1}', "[" * 50_000),
        *('{"goal":' * 5000, '{"limit": ' + "9" * 5000 + "}", " " * LONGEST_JSON + "{}"),
    ],
)
def test_a_text_that_is_no_object_is_refused_as_json(text: str | bytes) -> None:
    refused("json", lambda: from_json(text, SITES, CLOCK))


def test_json_of_the_greatest_size_is_read() -> None:
    assert from_json("{}".rjust(LONGEST_JSON), SITES, CLOCK) == of_url("")


@pytest.mark.parametrize(
    ("changes", "parameter"),
    [
        ({"sites": ()}, "sites"),
        ({"sites": tuple(map(site, range(101)))}, "sites"),
        ({"sites": (site(1), replace(site(1), public_id="other"))}, "sites"),
        ({"period": replace(WEEK, last_day=WEEK.first_day - timedelta(days=1))}, "period"),
        ({"period": Period("long", date(2000, 1, 1), date(2020, 1, 1))}, "period"),
        ({"compared": Period("long", date(2000, 1, 1), date(2020, 1, 1))}, "compare"),
        ({"metrics": ()}, "metrics"),
        ({"interval": "minute"}, "interval"),
        ({"goal": None}, "goal"),
        ({"metrics": ("visitors",)}, "goal"),
        ({"order": Order("source", descending=False)}, "order"),
        ({"limit": 0}, "limit"),
        ({"limit": 1001}, "limit"),
        ({"after": "x" * 4001}, "after"),
    ],
)
def test_what_cannot_be_answered_cannot_be_made(changes: dict[str, Any], parameter: str) -> None:
    refused(parameter, lambda: replace(ASKED, **changes))


def test_what_is_just_within_the_bounds_is_taken() -> None:
    sites = tuple(map(site, range(100)))
    query = replace(ASKED, sites=sites, limit=1000, after="x" * 4000)
    assert (len(query.sites), query.limit) == (100, 1000)


def test_rows_can_be_ordered_by_any_metric_or_dimension_but_revenue() -> None:
    for name in ("visitors", "page", "prop.a"):
        assert replace(NO_GOAL, order=Order(name, descending=True)).order == Order(name, True)
    refused("order", lambda: replace(NO_GOAL, order=Order("revenue", descending=True)))


def test_a_property_has_one_name_however_it_is_asked_for() -> None:
    query = replace(ASKED, dimensions=("prop.my plan",), order=Order("prop.my plan", False))
    assert query == replace(
        ASKED, dimensions=("prop.my%20plan",), order=Order("prop.my%20plan", False)
    )


class Bag(dict[str, list[str]]):
    """A query string that no server would have decoded so."""

    def getlist(self, key: str, /) -> list[str]:
        return self.get(key, [])


some_words = st.sampled_from(
    [
        *("realtime", "7d", "2026-01-01", "previous", "year", "weekdays", "hour", "visitors"),
        *("conversions", "page", "-visitors", "page,source", "prop.a", "event:is:a", "5", ""),
    ]
)
bags = st.dictionaries(
    st.sampled_from(PARAMETERS) | any_text,
    st.lists(some_words | hostile_text, min_size=1, max_size=3),
    max_size=5,
).map(Bag)


def read(ask: Callable[[], ReportQuery]) -> ReportQuery | InvalidQuery:
    try:
        return ask()
    except InvalidQuery as error:
        return error


def is_told(error: InvalidQuery) -> bool:
    """Whether it names a parameter, in a text that can be sent."""
    return bool(error.parameter) and bool(str(error).encode())


@given(bags)
def test_any_parameters_are_a_question_or_refused(bag: Bag) -> None:
    found = read(lambda: from_params(bag, SITES, CLOCK))
    if isinstance(found, InvalidQuery):
        assert is_told(found)
    else:
        assert of_url(urlencode(to_params(found))) == found


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | some_words | hostile_text,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["and", "not", "dimension", "operator"]), inner)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(FIELDS) | any_text, json_values, max_size=5))
def test_any_json_is_a_question_or_refused(fields: dict[str, Any]) -> None:
    found = read(lambda: of_json(**fields))
    if isinstance(found, InvalidQuery):
        assert is_told(found)
    else:
        assert of_json(**to_json(found)) == found


@given(any_text | st.binary())
def test_any_text_is_a_question_or_refused(text: str | bytes) -> None:
    found = read(lambda: from_json(text, SITES, CLOCK))
    assert isinstance(found, ReportQuery) or is_told(found)
