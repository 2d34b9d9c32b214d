"""The reference itself: the worked cases of docs/figures.md, and what they leave open, by hand."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tracking.records import EnrichedHit, Origin, Place, SiteRules
from tracking.reports.conditions import All, AnyOf, Condition, Did, Filter, Not, condition_of
from tracking.reports.periods import Period
from tracking.reports.query import Order, ReportQuery
from tracking.tests.reports.numbers import Numbers
from tracking.tests.reports.reference import Report, Row, answer
from tracking.tests.reports.seen import Seen
from tracking.tests.test_figures import CASES, rounded
from tracking.tests.visits.reference import expected_visits
from tracking.tests.visits.test_assign import hit

MONDAY = date(2026, 3, 2)
DAY = timedelta(days=1)
HALF_AN_HOUR = timedelta(minutes=30)


def rules(pk: int = 1, zone: str = "UTC") -> SiteRules:
    return SiteRules(pk, f"site{pk}", ((date.min, ZoneInfo(zone)),))


def period(first_day: date = MONDAY, last_day: date = MONDAY, **more: Any) -> Period:
    return Period(f"{first_day}..{last_day}", first_day, last_day, **more)


def seen(
    order: int,
    minute: float = 540,
    name: str = "pageview",
    *,
    day: date = MONDAY,
    visit: int = 1,
    **more: Any,
) -> Seen:
    """A hit of a site in UTC, each visit with a visitor of its own; texts are the visit's."""
    at = datetime.combine(day, time(), UTC) + timedelta(minutes=minute)
    known = {field: more.pop(field) for field in Seen.__dataclass_fields__ if field in more}
    values = {"page": "/"} | more
    site = known.pop("site", 1)
    return Seen(site, visit, visit, at, order, day, int(minute), name, values, **known)


def report(
    rows: Sequence[Seen],
    metrics: Sequence[str] = ("visitors", "visits", "pageviews"),
    by: Sequence[str] = (),
    where: Sequence[Condition] = (),
    **more: Any,
) -> Report:
    asked: dict[str, Any] = {"sites": (rules(),), "period": period(), **more}
    return answer(
        ReportQuery(
            metrics=tuple(metrics), dimensions=tuple(by), condition=condition_of(where), **asked
        ),
        rows,
    )


def by_key(found: Report) -> dict[str, Numbers]:
    return {", ".join(row.keys): row.metrics for row in found.rows}


# The worked cases


def visitor_of(letter: str, day: date) -> int:
    return day.toordinal() * 100 + ord(letter)


def enriched(number: int, line: Sequence[Any], zone: ZoneInfo) -> EnrichedHit:
    text, letter, name, page, *rest = line
    more: Mapping[str, Any] = rest[0] if rest else {}
    at = datetime.fromisoformat(text).astimezone(UTC)
    day, day_before = at.astimezone(zone).date(), (at - HALF_AN_HOUR).astimezone(zone).date()
    return hit(
        0,
        number,
        name,
        at=at,
        day=day,
        visitor=visitor_of(letter, day),
        visitor_before=visitor_of(letter, day_before) if day_before < day else None,
        page=page,
        interactive=more.get("interactive", True),
        engaged_seconds=more.get("seconds"),
        place=Place(country=more.get("country", "AT")),
        origin=Origin(source=more.get("source", "Direct")),
    )


def seen_by_hand(case: Mapping[str, Any]) -> list[Seen]:
    zone = ZoneInfo(case["zone"])
    hits = [enriched(number, line, zone) for number, line in enumerate(case["hits"], start=1)]
    found = []
    for visit in expected_visits(hits):
        for one in visit.hits:
            local = one.at.astimezone(zone)
            values = {
                "page": one.page,
                "source": visit.origin.source,
                "country": visit.hits[0].place.country,
            }
            found.append(
                Seen(
                    *(1, visit.hits[0].event_id, one.visitor, one.at, one.event_id, one.day),
                    *(local.hour * 60 + local.minute, one.name, values),
                    interactive=one.interactive,
                    seconds=one.engaged_seconds,
                )
            )
    return found


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_the_worked_case_by_hand(case: dict[str, Any]) -> None:
    asked, expected = case["ask"], case["expect"]
    days = period(*(date.fromisoformat(str(asked[end])) for end in ("from", "to")))
    filters = [Filter(name, how, tuple(values)) for name, how, values in asked.get("where", [])]
    by = [asked["by"]] if "by" in asked else []
    metrics = {name for row in expected.values() for name in row} if by else expected

    found = report(
        seen_by_hand(case),
        sorted(metrics),
        by,
        filters,
        sites=(rules(1, case["zone"]),),
        period=days,
    )

    if not by:
        assert rounded(found.totals) == expected
        return
    rows = by_key(found)
    assert rows.keys() == expected.keys()
    for key, numbers in expected.items():
        assert rounded({name: rows[key][name] for name in numbers}) == numbers


# Beyond them


SHOP = [
    seen(1, 540, page="/", source="Google"),
    seen(2, 541, "Buy", page="/cart", source="Google", micros=1_500_000, currency="EUR"),
    seen(3, 542, "Buy", page="/cart", source="Google", micros=250_000, currency="EUR"),
    seen(4, 540, page="/", source="Direct", visit=2),
    seen(5, 541, "Buy", page="/", source="Direct", visit=2, micros=1, currency="USD"),
    seen(6, 540, page="/", source="Direct", visit=3),
]


def test_revenue_is_added_per_currency_and_exactly() -> None:
    found = report(SHOP, ("revenue",), ("source",))

    assert found.totals == {"revenue": {"EUR": Decimal("1.75"), "USD": Decimal("0.000001")}}
    assert by_key(found) == {
        "Direct": {"revenue": {"USD": Decimal("0.000001")}},
        "Google": {"revenue": {"EUR": Decimal("1.75")}},
    }
    assert report([], ("revenue",)).totals == {"revenue": {}}


def test_conversions_are_events_and_their_rate_is_of_visitors() -> None:
    metrics = ("conversions", "conversion_rate")
    goal = Filter("event", "is", ("Buy",))
    found = report(SHOP, metrics, ("source",), goal=goal)

    assert found.totals == {"conversions": 3, "conversion_rate": 2 / 3}
    assert by_key(found) == {
        "Google": {"conversions": 2, "conversion_rate": 1.0},
        "Direct": {"conversions": 1, "conversion_rate": 0.5},
    }
    by_page = by_key(report(SHOP, metrics, ("page",), goal=goal))
    assert by_page["/"] == {"conversions": 1, "conversion_rate": 1 / 3}


def test_did_looks_at_the_whole_visit_and_a_filter_at_the_event() -> None:
    bought = Filter("event", "is", ("Buy",))
    at_cart = Did(All((bought, Filter("page", "is", ("/cart",)))))

    assert report(SHOP, where=[bought]).totals == {"visitors": 2, "visits": 2, "pageviews": 0}
    assert report(SHOP, where=[Did(bought)]).totals == {"visitors": 2, "visits": 2, "pageviews": 2}
    assert report(SHOP, where=[at_cart]).totals["visits"] == 1
    assert report(SHOP, where=[Not(at_cart)]).totals["visits"] == 2
    either = AnyOf((at_cart, Filter("source", "is", ("Direct",))))
    assert report(SHOP, where=[either]).totals["visits"] == 3


@pytest.mark.parametrize(
    ("operator", "values", "pages"),
    [
        ("is", ["/Blog", ""], {"/Blog", ""}),
        ("is_not", ["/Blog", ""], {"/blog/[x]", "/a%b"}),
        ("contains", ["LOG"], {"/Blog", "/blog/[x]"}),
        ("does_not_contain", ["log", "%"], {""}),
        ("matches", ["/?log*"], {"/Blog", "/blog/[x]"}),
        ("matches", ["/blog"], set()),
        ("matches", ["*[x]", "/a%*"], {"/blog/[x]", "/a%b"}),
        ("does_not_match", ["/*"], {""}),
        ("is_set", [], {"/Blog", "/blog/[x]", "/a%b"}),
        ("is_not_set", [], {""}),
    ],
)
def test_each_operator(operator: Any, values: list[str], pages: set[str]) -> None:
    titles = ("/Blog", "/blog/[x]", "/a%b", "")
    rows = [seen(number, title=title) for number, title in enumerate(titles)]

    found = report(rows, by=("title",), where=[Filter("title", operator, tuple(values))])

    assert by_key(found).keys() == pages


def test_a_property_is_of_its_event() -> None:
    rows = [seen(1, props={"plan / ü": "pro"}), seen(2, props={"plan / ü": "free"}), seen(3)]
    found = report(rows, ("pageviews",), ("prop.plan%20%2F%20%C3%BC",))

    assert by_key(found) == {
        "": {"pageviews": 1},
        "free": {"pageviews": 1},
        "pro": {"pageviews": 1},
    }


def test_exits_and_entries_by_page_are_those_of_its_own_visits() -> None:
    rows = [
        seen(1, 540, page="/a"),
        seen(2, 541, page="/b"),
        seen(3, 542, page="/a"),
        seen(4, 540, page="/b", visit=2),
    ]
    metrics = ("exit_rate", "bounce_rate", "visit_duration")

    assert by_key(report(rows, metrics, ("page",))) == {
        "/a": {"exit_rate": 0.5, "bounce_rate": 0.0, "visit_duration": 120.0},
        "/b": {"exit_rate": 0.5, "bounce_rate": 1.0, "visit_duration": 0.0},
    }
    assert report(rows, metrics).totals["exit_rate"] == 2 / 4
    hours = by_key(report(rows, metrics, ("page", "hour")))
    assert hours["/b, 9"] == {"exit_rate": 0.5, "bounce_rate": 1.0, "visit_duration": 0.0}


def test_engagement_belongs_to_the_latest_pageview_of_its_page() -> None:
    rows = [
        seen(1, 540, page="/a"),
        seen(2, 541, "engagement", page="/a", seconds=10, depth=50),
        seen(3, 542, "engagement", page="/a", seconds=20, depth=40),
        # One that was taken before its pageview, in the same instant.
        seen(4, 545, "engagement", page="/a", seconds=5),
        seen(5, 545, page="/a"),
        seen(6, 546, page="/b"),
        seen(7, 547, "engagement", page="/b", depth=100),
    ]
    found = report(rows, ("time_on_page", "scroll_depth", "visit_duration", "events"), ("page",))

    assert found.totals["time_on_page"] == (30 + 5) / 2
    assert found.totals["scroll_depth"] == (50 + 100) / 2
    assert (found.totals["visit_duration"], found.totals["events"]) == (420.0, 0)
    assert by_key(found)["/b"]["time_on_page"] is None


def test_several_sites_add_up_and_others_are_left_out() -> None:
    rows = [seen(number, site=number, visit=number) for number in (1, 2, 3)]

    assert report(rows, sites=(rules(1), rules(3))).totals["visitors"] == 2


def test_rows_are_ordered_with_the_unknown_last_and_cut_by_the_limit() -> None:
    rows = [
        *(seen(1, page="/b"), seen(2, page="/a"), seen(3, page="/c"), seen(4, page="/c")),
        seen(5, name="Call", page="/d"),
    ]

    def keys(**more: Any) -> list[str]:
        found = report(rows, ("pageviews", "exit_rate"), ("page",), **more)
        assert found.row_count == 4
        return list(by_key(found))

    assert keys() == ["/c", "/a", "/b", "/d"]
    assert keys(limit=2) == ["/c", "/a"]
    assert keys(order=Order("pageviews", descending=False)) == ["/d", "/a", "/b", "/c"]
    assert keys(order=Order("exit_rate", descending=True)) == ["/c", "/a", "/b", "/d"]
    assert keys(order=Order("exit_rate", descending=False)) == ["/a", "/b", "/c", "/d"]
    assert keys(order=Order("page", descending=True)) == ["/d", "/c", "/b", "/a"]


@pytest.mark.parametrize(
    ("interval", "last_day", "count", "key"),
    [
        ("minute", MONDAY, 1440, "2026-03-02T09:05"),
        ("hour", MONDAY + DAY, 48, "2026-03-02T09"),
        ("day", MONDAY + 3 * DAY, 4, "2026-03-02"),
        ("week", MONDAY + 8 * DAY, 2, "2026-03-02"),
        ("month", MONDAY + 60 * DAY, 3, "2026-03"),
    ],
)
def test_a_series_has_every_bucket(interval: Any, last_day: date, count: int, key: str) -> None:
    days = period(MONDAY, last_day)
    found = report(
        [seen(1, 545)],
        ("visits", "bounce_rate"),
        ("time",),
        period=days,
        interval=interval,
        limit=1,
    )

    assert found.row_count == len(found.rows) == count
    rows = by_key(found)
    assert list(rows) == sorted(rows)
    assert rows.pop(key) == {"visits": 1, "bounce_rate": 1.0}
    assert all(row == {"visits": 0, "bounce_rate": None} for row in rows.values())


def test_realtime_counts_minutes_down_to_now() -> None:
    since = datetime(2026, 3, 2, 9, tzinfo=UTC)
    days = Period("realtime", MONDAY - DAY, MONDAY, since=since)
    rows = [seen(number, 540 + minute) for number, minute in enumerate((-0.5, 0, 0.5, 29.5, 30))]
    found = report(rows, ("pageviews",), ("time",), period=days)

    assert [row.keys for row in found.rows] == [(str(ago),) for ago in range(29, -1, -1)]
    assert [found.rows[at].metrics["pageviews"] for at in (0, 1, 29)] == [2, 0, 2]
    assert found.totals == {"pageviews": 4}


def test_compared_rows_have_the_same_keys_and_buckets_the_same_place() -> None:
    before = MONDAY - DAY
    rows = [
        *(seen(1, 540, page="/a"), seen(2, 600, page="/b")),
        *(seen(3, 540, page="/a", day=before, visit=2),),
        *(seen(4, 600, page="/a", day=before, visit=2),),
    ]
    until_ten = period(before, before, until_minute=600)

    pages = report(rows, ("pageviews", "exit_rate"), ("page",), compared=until_ten)
    assert (pages.totals["pageviews"], pages.compared) == (
        2,
        {"pageviews": 1, "exit_rate": 1.0},
    )
    assert pages.rows == (
        Row(("/a",), {"pageviews": 1, "exit_rate": 0.0}, {"pageviews": 1, "exit_rate": 1.0}),
        Row(("/b",), {"pageviews": 1, "exit_rate": 1.0}, {"pageviews": 0, "exit_rate": None}),
    )
    hours = report(rows, ("pageviews",), ("time",), compared=period(before, before))
    assert hours.rows[10] == Row(("2026-03-02T10",), {"pageviews": 1}, {"pageviews": 1})
    days = report(
        rows,
        ("pageviews",),
        ("time",),
        period=period(MONDAY, MONDAY + DAY),
        interval="day",
        compared=until_ten,
    )
    assert [row.compared for row in days.rows] == [{"pageviews": 1}, None]


def test_a_cut_last_day_keeps_the_whole_visits_own_numbers() -> None:
    rows = [seen(1, 599), seen(2, 601), seen(3, 700, visit=2)]
    found = report(rows, ("visits", "pageviews", "visit_duration"), period=period(until_minute=600))

    assert found.totals == {"visits": 1, "pageviews": 1, "visit_duration": 120.0}
