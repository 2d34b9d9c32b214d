import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracking.errors import InvalidQuery
from tracking.reports.condition_json import condition_from_json, condition_to_json
from tracking.reports.condition_text import (
    condition_from_words,
    condition_text,
    parse_condition,
)
from tracking.reports.conditions import (
    All,
    AnyOf,
    Condition,
    Did,
    Filter,
    Not,
    condition_of,
    filters_in,
    filters_of,
    scope_of,
)
from tracking.tests.reports.questions import any_text, conditions, hostile_text

GERMAN = Filter("country", "is", ("DE",))
ON_A = Filter("page", "is", ("/a",))
SIGNED_UP = Filter("event", "is", ("Sign up",))

TEXTS = [
    ("country:is:DE,AT", Filter("country", "is", ("DE", "AT"))),
    ("country:is:", Filter("country", "is", ("",))),
    ("source:is_set:", Filter("source", "is_set")),
    ("source:is_not_set:", Filter("source", "is_not_set")),
    ("page:matches:%2Fa%2F%2A", Filter("page", "matches", ("/a/*",))),
    ("title:contains:a%2Cb,%3B%28%29%25", Filter("title", "contains", ("a,b", ";()%"))),
    ("prop.my%20plan:is_not:gold", Filter("prop.my%20plan", "is_not", ("gold",))),
    ("and(country:is:DE;page:is:%2Fa)", All((GERMAN, ON_A))),
    ("or(country:is:DE)", AnyOf((GERMAN,))),
    ("not(did(event:is:Sign%20up))", Not(Did(SIGNED_UP))),
    ("or(country:is:DE;and(page:is:%2Fa;country:is:DE))", AnyOf((GERMAN, All((ON_A, GERMAN))))),
]


@pytest.mark.parametrize(("text", "condition"), TEXTS)
def test_a_text_and_its_condition_are_each_other(text: str, condition: Condition) -> None:
    assert parse_condition(text) == condition
    assert condition_text(condition) == text


@given(conditions())
def test_a_condition_is_read_back_from_its_text(condition: Condition) -> None:
    assert parse_condition(condition_text(condition)) == condition


@given(conditions())
def test_a_condition_is_read_back_from_its_json(condition: Condition) -> None:
    text = json.dumps(condition_to_json(condition))
    assert condition_from_json(json.loads(text)) == condition


def test_the_json_of_every_kind_of_condition() -> None:
    condition = All((AnyOf((GERMAN, Filter("source", "is_set"))), Not(Did(SIGNED_UP))))
    german = {"dimension": "country", "operator": "is", "values": ["DE"]}
    signed_up = {"dimension": "event", "operator": "is", "values": ["Sign up"]}
    assert condition_to_json(condition) == {
        "and": [
            {"or": [german, {"dimension": "source", "operator": "is_set"}]},
            {"not": {"did": signed_up}},
        ]
    }


@pytest.mark.parametrize(
    ("words", "condition"),
    [
        ("country is DE, AT", Filter("country", "is", ("DE", "AT"))),
        ("page is not /", Filter("page", "is_not", ("/",))),
        ("page contains blog", Filter("page", "contains", ("blog",))),
        ("page does not contain x", Filter("page", "does_not_contain", ("x",))),
        ("page matches /a/*", Filter("page", "matches", ("/a/*",))),
        ("page does not match /a/*", Filter("page", "does_not_match", ("/a/*",))),
        ("source is set", Filter("source", "is_set")),
        ("source is not set", Filter("source", "is_not_set")),
        ("source is settled", Filter("source", "is", ("settled",))),
        ("event is not settled", Filter("event", "is_not", ("settled",))),
        ("did event is Sign up", Did(SIGNED_UP)),
        ("did not event is Sign up", Not(Did(SIGNED_UP))),
        ("  country   is   DE ,AT ", Filter("country", "is", ("DE", "AT"))),
        ("prop.größe is XL", Filter("prop.gr%C3%B6%C3%9Fe", "is", ("XL",))),
    ],
)
def test_words_are_read_as_people_say_them(words: str, condition: Condition) -> None:
    assert condition_from_words(words) == condition


@pytest.mark.parametrize(
    "words",
    [
        *("", "country", "country is", "country are DE", "shoe is 9", "time is 9", "did"),
        *("did not", "did not is", "did did event is a", "page is a\0b", "page is " + "x," * 200),
    ],
)
def test_words_that_say_nothing_are_refused_as_where(words: str) -> None:
    with pytest.raises(InvalidQuery) as caught:
        condition_from_words(words)
    assert caught.value.parameter == "where"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "expected country:is:DE"),
        ("country:is", "expected country:is:DE"),
        ("shoe:is:9", "'shoe' is none of"),
        ("time:is:9", "'time' can't be filtered by"),
        ("prop.:is:9", "'prop.' is none of"),
        ("prop.a%00:is:9", "is none of"),
        ("country:are:DE", "expected one of is, is_not"),
        ("country:is_set:DE", "takes no values"),
        ("country:is:%00", "nothing can have"),
        ("country:is:" + "x" * 2001, "nothing can have"),
        ("country:is:" + "," * 100, "1 to 100 values"),
        ("and()", "expected country:is:DE"),
        ("and(country:is:DE", "closing parenthesis"),
        ("country:is:DE)", "')' follows"),
        ("country:is:DE;page:is:a", "';' follows"),
        ("not(country:is:DE;page:is:a)", "not takes one"),
        ("did(country:is:DE;page:is:a)", "did takes one"),
        ("did(not(did(page:is:a)))", "inside a did"),
        ("xor(country:is:DE)", "'xor' is none of"),
        ("(country:is:DE)", "expected country:is:DE"),
        ("not(not(not(not(not(page:is:a)))))", "more than 5 deep"),
        (f"and({';'.join(['page:is:a'] * 21)})", "more than 20"),
        ("not(" * 10_000 + "page:is:a" + ")" * 10_000, "more than 5 deep"),
        ("(" * 10_000, "more than 5 deep"),
    ],
)
def test_a_text_that_is_no_condition_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(InvalidQuery) as caught:
        parse_condition(text)
    assert caught.value.parameter == "filter"
    assert reason in caught.value.reason


A: dict[str, Any] = {"dimension": "page", "operator": "is", "values": ["a"]}


def nested(depth: int) -> dict[str, Any]:
    found = A
    for _ in range(depth - 1):
        found = {"not": found}
    return found


@pytest.mark.parametrize(
    "value",
    [
        *(None, 1, "page", [], {}, {"and": []}, {"and": "a"}, {"or": [A] * 21}, {"not": []}),
        *({"and": [A], "or": [A]}, {"did": A | {"why": 1}}, {"did": {"did": A}}),
        *(A | {"dimension": 1}, A | {"operator": None}, A | {"dimension": "prop.\ud800"}),
        *(A | {"values": "a"}, A | {"values": [1]}, A | {"values": []}, A | {"values": ["\ud800"]}),
        *(nested(6), nested(10_000)),
    ],
)
def test_json_that_is_no_condition_is_refused(value: Any) -> None:
    with pytest.raises(InvalidQuery) as caught:
        condition_from_json(value)
    assert caught.value.parameter == "filter"


def test_five_deep_is_read() -> None:
    assert len(list(filters_in(parse_condition("not(not(not(not(page:is:a))))")))) == 1
    assert len(list(filters_in(condition_from_json(nested(5))))) == 1


def test_fifty_filters_are_taken_and_one_more_is_not() -> None:
    ten = AnyOf((GERMAN,) * 10)
    assert len(list(filters_in(All((ten,) * 5)))) == 50
    with pytest.raises(InvalidQuery, match=r"^filter: more than 50 filters"):
        All((*(ten,) * 5, GERMAN))


def test_a_group_has_one_to_twenty_parts() -> None:
    assert len(All((GERMAN,) * 20).of) == 20
    for parts in ((), (GERMAN,) * 21):
        with pytest.raises(InvalidQuery, match=r"^filter: expected 1 to 20"):
            AnyOf(parts)


def test_a_filter_has_one_to_a_hundred_values_of_two_thousand_characters() -> None:
    assert len(Filter("page", "is", ("x" * 2000,) * 100).values) == 100
    for values in ((), ("x",) * 101, ("x" * 2001,)):
        with pytest.raises(InvalidQuery, match=r"^filter: "):
            Filter("page", "is", values)


def test_a_property_has_one_name_however_it_is_written() -> None:
    assert Filter("prop.my plan", "is_set") == Filter("prop.my%20plan", "is_set")
    assert Filter("prop.a", "is_set") == Filter("prop.%61", "is_set")


def test_several_filters_must_all_hold_and_each_is_taken_once() -> None:
    assert condition_of([]) is None
    assert condition_of([GERMAN, GERMAN]) == GERMAN
    assert condition_of([ON_A, GERMAN, ON_A]) == All((ON_A, GERMAN))
    with pytest.raises(InvalidQuery, match=r"^filter: "):
        condition_of(Filter("page", "is", (str(number),)) for number in range(21))


@given(st.none() | conditions())
def test_a_condition_is_made_again_of_its_filters(condition: Condition | None) -> None:
    assert condition_of(filters_of(condition)) == condition


@pytest.mark.parametrize(
    ("text", "scope"),
    [
        ("country:is:DE", "visit"),
        ("page:is:a", "event"),
        ("prop.a:is_set:", "event"),
        ("did(page:is:a)", "visit"),
        ("not(did(page:is:a))", "visit"),
        ("and(country:is:DE;did(page:is:a))", "visit"),
        ("and(country:is:DE;not(page:is:a))", "event"),
        ("or(did(page:is:a);hour:is:9)", "event"),
        ("weekday:is:1", "visit"),
    ],
)
def test_a_filter_on_events_outside_of_did_selects_events(text: str, scope: str) -> None:
    assert scope_of(parse_condition(text)) == scope


def read(parse: Callable[[Any], Condition], value: Any) -> Condition | InvalidQuery:
    try:
        return parse(value)
    except InvalidQuery as error:
        return error


@pytest.mark.parametrize(
    ("parse", "parameter"), [(parse_condition, "filter"), (condition_from_words, "where")]
)
@given(text=hostile_text)
def test_any_text_is_a_condition_or_refused(
    parse: Callable[[str], Condition], parameter: str, text: str
) -> None:
    found = read(parse, text)
    if isinstance(found, InvalidQuery):
        assert found.parameter == parameter
    else:
        assert parse_condition(condition_text(found)) == found


json_names = st.sampled_from(["and", "or", "not", "did", "dimension", "operator", "values"])
any_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | any_text
    | st.sampled_from(["country", "is", "prop.a", "is_set"]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(json_names | any_text, inner, max_size=4)
    ),
)


@given(any_json)
def test_any_json_is_a_condition_or_refused(value: Any) -> None:
    found = read(condition_from_json, value)
    if isinstance(found, InvalidQuery):
        assert found.parameter == "filter"
    else:
        assert condition_from_json(condition_to_json(found)) == found
