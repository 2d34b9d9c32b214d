"""The fields of the wire: both sides of each limit."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tracking.collect.payload import FIELDS, Sender, parse_json
from tracking.errors import InvalidHit
from tracking.records import OPT_OUT, PREFETCH, WEBDRIVER, Hit

URL = "https://site.example/page"
MILLION_MILLION = 1_000_000_000_000


def parsed(*signals: str, **fields: Any) -> Hit:
    sender = Sender(
        site="abc",
        at=datetime(2026, 3, 2, tzinfo=UTC),
        address="84.112.1.1",
        user_agent="",
        accept_language="",
        referer="",
        signals=signals,
    )
    return parse_json(json.dumps({"u": URL} | fields).encode(), sender)


def refusal(**fields: Any) -> str:
    with pytest.raises(InvalidHit) as refused:
        parsed(**fields)
    return str(refused.value)


@pytest.mark.parametrize(
    ("amount", "micros"),
    [
        (0, 0),
        (-0.0, 0),
        (19.99, 19_990_000),
        ("19.99", 19_990_000),
        (".5", 500_000),
        ("+5.", 5_000_000),
        (-5, -5_000_000),
        ("1e3", 1_000_000_000),
        (0.000001, 1),
        ("0.0000005", 0),
        ("0.00000051", 1),
        (5e-324, 0),
        ("1e-999", 0),
        (MILLION_MILLION, MILLION_MILLION * 1_000_000),
        (-MILLION_MILLION, -MILLION_MILLION * 1_000_000),
        ("1e12", MILLION_MILLION * 1_000_000),
    ],
)
def test_revenue_is_kept_in_millionths(amount: object, micros: int) -> None:
    hit = parsed(a=amount, c="EUR")
    assert (hit.revenue_micros, hit.currency) == (micros, "EUR")


@pytest.mark.parametrize(
    "amount",
    [
        *(MILLION_MILLION + 1, -MILLION_MILLION - 1, "1000000000000.01", 1e300, 2**70),
        *("1e999", "1e9999", "1e999999999999", "-1e999", "9" * 21, "1." + "0" * 21),
        *("", " ", "free", "1,50", "1_000", "١٢", "1 ", "1\n", "0x10", "NaN", "sNaN", "Infinity"),
        *(True, False, [], {}, [1], None),
    ],
)
def test_an_amount_that_is_none_or_too_much_is_refused(amount: object) -> None:
    assert refusal(a=amount, c="EUR").startswith("a: not a number")


@pytest.mark.parametrize(
    "currency",
    ["eur", "EU", "EURO", "EUR\n", "ÄÖÜ", "\uff25UR", "", 978, None, True, ["EUR"]],
)
def test_a_currency_is_three_capital_letters(currency: object) -> None:
    assert refusal(a=1, c=currency).startswith("c: not a currency's code")


def test_an_amount_and_a_currency_come_together_or_not_at_all() -> None:
    assert refusal(a=1).startswith("c: ")
    assert refusal(c="EUR").startswith("a: ")
    for nothing in ({}, {"a": None, "c": None}):
        hit = parsed(**nothing)
        assert (hit.revenue_micros, hit.currency) == (None, "")


@pytest.mark.parametrize("field", ["i", "h", "b", "g"])
@pytest.mark.parametrize("value", [0, 1, "true", "", [], {}, None, 1.0])
def test_a_flag_is_true_or_false_and_nothing_else(field: str, value: object) -> None:
    assert refusal(**{field: value}) == f"{field}: not true or false"


def test_the_fragment_is_part_of_the_page_when_told() -> None:
    assert not parsed().hash_mode
    assert not parsed(h=False).hash_mode
    assert parsed(h=True).hash_mode


@pytest.mark.parametrize(
    ("headers", "fields", "signals"),
    [
        ((), {}, ()),
        ((), {"b": False, "g": False}, ()),
        ((), {"b": True}, (WEBDRIVER,)),
        ((), {"g": True}, (OPT_OUT,)),
        ((), {"b": True, "g": True}, (WEBDRIVER, OPT_OUT)),
        ((PREFETCH, OPT_OUT), {"g": True}, (PREFETCH, OPT_OUT)),
        ((PREFETCH,), {"b": True}, (PREFETCH, WEBDRIVER)),
    ],
)
def test_what_script_and_headers_say_of_the_sender_is_kept_once(
    headers: tuple[str, ...], fields: dict[str, bool], signals: tuple[str, ...]
) -> None:
    assert parsed(*headers, **fields).signals == signals


@pytest.mark.parametrize(
    ("field", "longest"), [("u", 2000), ("n", 120)], ids=["the page", "the event's name"]
)
def test_a_text_may_be_as_long_as_its_limit_and_no_longer(field: str, longest: int) -> None:
    start = "https://site.example/" if field == "u" else ""
    text = start + "x" * (longest - len(start))

    parsed(**{field: text})
    assert refusal(**{field: text + "x"}) == f"{field}: longer than {longest} characters"


@pytest.mark.parametrize(("field", "longest"), [("r", 2000), ("t", 500)])
def test_a_referrer_and_a_title_are_cut(field: str, longest: int) -> None:
    hit = parsed(**{field: "x" * (longest + 1)})
    assert max(len(hit.referrer), len(hit.title)) == longest


@pytest.mark.parametrize(("field", "most"), [("w", 100_000), ("s", 86_400), ("d", 100)])
@pytest.mark.parametrize("value", [-1, -0.1, "1", True, [], 1e300, 2**70])
def test_a_number_lies_between_zero_and_its_limit(field: str, most: int, value: object) -> None:
    parsed(n="engagement", **({"s": 0} | {field: most}))
    parsed(n="engagement", **({"s": 0} | {field: 0}))
    for wrong in (value, most + 1):
        reason = refusal(n="engagement", **({"s": 0} | {field: wrong}))
        assert reason == f"{field}: not a number from 0 to {most}"


def test_a_prop_has_a_name_and_a_value_within_their_limits() -> None:
    hit = parsed(p={"x" * 300: "y" * 2000, " ": "", "number": 1.5, "no": False})

    assert hit.props == (("x" * 300, "y" * 2000), (" ", ""), ("number", "1.5"), ("no", "false"))
    assert parsed().props == parsed(p={}).props == ()
    assert refusal(p={"x" * 301: 1}).startswith("p: a name")
    assert refusal(p={"x": "y" * 2001}).startswith("p: a value")
    assert refusal(p={"x": None}).startswith("p: a value")
    assert refusal(p=None) == "p: not an object"


def test_no_field_is_untested_here_or_at_the_endpoint() -> None:
    assert frozenset("urtnwpisdachbg") == FIELDS
