"""A report at a terminal."""

import csv
import io
import json
import shlex
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils.timezone import now

from tracking.errors import ReportUnavailable
from tracking.models import Site
from tracking.tests.factories import SiteFactory
from tracking.tests.pipeline import GERMAN_ADDRESS, NINE, count, hit

pytestmark = pytest.mark.django_db

DAY_BEFORE = NINE - timedelta(days=1)
THAT_DAY = ("--period", "2026-03-02..2026-03-02")

Printed = Callable[..., str]


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str]) -> Printed:
    """What the command prints for these arguments."""

    def run(sites: Any, *arguments: str) -> str:
        capsys.readouterr()
        named = sites.public_id if isinstance(sites, Site) else sites
        call_command("report", named, *arguments)
        return capsys.readouterr().out

    return run


@pytest.fixture
def site() -> Any:
    return SiteFactory()


@pytest.fixture
def visited(site: Site) -> Site:
    """An Austrian with two pages and a sale, a German with one and a sign-up; one a day before."""
    german = {"address": GERMAN_ADDRESS}
    count(
        [
            hit(site, DAY_BEFORE, "/a"),
            hit(site, NINE, "/a"),
            hit(site, NINE + timedelta(minutes=1), "/b"),
            hit(site, NINE + timedelta(minutes=2), "/b", name="Sale", **sale("EUR", 12_500_000)),
            hit(site, NINE + timedelta(hours=2), "/a", **german),
            hit(site, NINE + timedelta(hours=2), "/a", name="Sign up", **german),
        ]
    )
    return site


def sale(currency: str, micros: int) -> dict[str, Any]:
    return {"currency": currency, "revenue_micros": micros}


def test_a_table_has_all_together_and_then_the_rows(visited: Site, printed: Printed) -> None:
    assert printed(visited, *THAT_DAY, "--by", "page,country").splitlines() == [
        "Page  Country  Visitors  Visits  Pageviews",
        "All                   2       2          3",
        "/a    AT              1       1          1",
        "/a    DE              1       1          1",
        "/b    AT              1       1          1",
    ]


def test_two_dates_are_a_period(visited: Site, printed: Printed) -> None:
    dates = ("--from", "2026-03-01", "--to", "2026-03-01")
    assert printed(visited, *dates, "--metrics", "visits").split() == ["Visits", "All", "1"]


def test_what_is_compared_stands_beside(visited: Site, printed: Printed) -> None:
    known = (*THAT_DAY, "--metrics", "visits, bounce_rate", "--compare", "previous")

    assert printed(visited, *known, "--by", "page").splitlines() == [
        "Page  Visits  compared  Bounce rate  compared",
        "All        2         1         0.00      1.00",
        "/a         2         1         0.00      1.00",
        "/b         1         0            -         -",
    ]
    found = json.loads(printed(visited, *known, "--by", "page", "--format", "json"))
    assert found == {
        "totals": {"visits": 2, "bounce_rate": 0.0},
        "compared": {"visits": 1, "bounce_rate": 1.0},
        "rows": [
            {
                "page": "/a",
                "visits": 2,
                "bounce_rate": 0.0,
                "compared": {"visits": 1, "bounce_rate": 1.0},
            },
            {
                "page": "/b",
                "visits": 1,
                "bounce_rate": None,
                "compared": {"visits": 0, "bounce_rate": None},
            },
        ],
        "row_count": 2,
    }
    assert printed(visited, *known, "--by", "page", "--format", "csv").splitlines() == [
        "page,visits,visits compared,bounce_rate,bounce_rate compared",
        "/a,2,1,0.0,1.0",
        "/b,1,0,,",
    ]
    weekdays = (*known, "--match", "weekdays", "--format", "csv")
    assert printed(visited, *weekdays).splitlines()[1] == "2,0,0.0,"


def test_a_series_has_every_bucket(visited: Site, printed: Printed) -> None:
    known = ("--period", "2026-02-28..2026-03-02", "--by", "time", "--metrics", "visits")

    assert printed(visited, *known, "--limit", "1").splitlines() == [
        "Time        Visits",
        "All              3",
        "2026-02-28       0",
        "2026-03-01       1",
        "2026-03-02       2",
    ]
    hours = json.loads(printed(visited, *known, "--interval", "hour", "--format", "json"))["rows"]
    assert len(hours) == 72
    assert [row["time"] for row in hours if row["visits"]] == [
        "2026-03-01T09",
        "2026-03-02T09",
        "2026-03-02T11",
    ]


def test_realtime_is_the_last_half_hour(site: Site, printed: Printed) -> None:
    at = now()
    count([hit(site, at - timedelta(minutes=31), "/before"), hit(site, at, "/now")])
    known = ("--period", "realtime", "--metrics", "pageviews", "--format", "json")

    assert json.loads(printed(site, *known))["totals"] == {"pageviews": 1}
    assert len(json.loads(printed(site, *known, "--by", "time"))["rows"]) == 30
    assert json.loads(printed(site, *known, "--by", "page"))["rows"] == [
        {"page": "/now", "pageviews": 1}
    ]


@pytest.mark.parametrize(
    ("conditions", "pageviews"),
    [
        (("--where", "country is AT"), 2),
        (("--where", "country is AT", "--where", "page is not /b"), 1),
        (("--filter", "or(country:is:DE;page:is:/b)"), 2),
        (("--where", "did event is Sign up", "--filter", "page:matches:/*"), 1),
        (("--where", "did not event is Sign up"), 2),
    ],
)
def test_conditions_come_in_words_and_as_a_url_says_them(
    visited: Site, printed: Printed, conditions: tuple[str, ...], pageviews: int
) -> None:
    text = printed(visited, *THAT_DAY, "--metrics", "pageviews", *conditions)
    assert text.split() == ["Pageviews", "All", str(pageviews)]


@pytest.mark.parametrize(
    "goal", ["event is Sign up", "event:is:Sign%20up", "and(event:is:Sign up)"]
)
def test_a_goal_comes_either_way(visited: Site, printed: Printed, goal: str) -> None:
    metrics = ("--metrics", "conversions,conversion_rate", "--format", "csv")
    assert printed(visited, *THAT_DAY, *metrics, "--goal", goal).splitlines() == [
        "conversions,conversion_rate",
        "1,0.5",
    ]


def test_revenue_has_a_column_for_each_currency(visited: Site, printed: Printed) -> None:
    known = (*THAT_DAY, "--metrics", "revenue")
    assert printed(visited, *known).splitlines()[1].split() == ["All", "12.50"]
    yen = [("JPY", 1_000_000_000), ("EUR", 1)]
    count(hit(visited, NINE, "/a", name="Sale", **sale(*one)) for one in yen)

    assert printed(visited, *known, "--by", "page").splitlines() == [
        "Page  Revenue EUR  Revenue JPY",
        "All         12.50     1,000.00",
        "/a           0.00     1,000.00",
        "/b          12.50            -",
    ]
    assert printed(visited, *known, "--format", "csv").splitlines() == [
        "revenue EUR,revenue JPY",
        "12.500001,1000",
    ]
    found = json.loads(printed(visited, *known, "--format", "json"))
    assert found["totals"] == {"revenue": {"EUR": "12.500001", "JPY": "1000"}}
    nothing = printed(visited, "--period", "2025-01-01..2025-01-01", "--metrics", "revenue")
    assert nothing.split() == ["Revenue", "All", "-"]


def test_several_sites_are_counted_together(visited: Site, printed: Printed) -> None:
    other = SiteFactory()
    count([hit(other, NINE)])
    both = f"{visited.public_id}, {other.public_id}"

    assert printed(both, *THAT_DAY, "--metrics", "visits").split() == ["Visits", "All", "3"]


def test_all_begins_where_any_site_does(visited: Site, printed: Printed) -> None:
    other = SiteFactory()
    count([hit(other, DAY_BEFORE - timedelta(days=365))])
    both = f"{visited.public_id},{other.public_id}"

    known = ("--period", "all", "--metrics", "visits")
    assert printed(visited, *known).split() == ["Visits", "All", "3"]
    assert printed(both, *known).split() == ["Visits", "All", "4"]


@pytest.mark.parametrize("order", ["--order=-pageviews", "--order=page", "--order=-page"])
def test_rows_are_read_page_by_page(site: Site, printed: Printed, order: str) -> None:
    count(hit(site, NINE, f"/{n}") for n in (1, 1, 2, 3, 3, 3, 4, 5))
    known = (*THAT_DAY, "--metrics", "pageviews", "--by", "page", order, "--format", "json")
    whole = [row["page"] for row in json.loads(printed(site, *known))["rows"]]
    after = ""
    seen: list[str] = []
    while after or not seen:
        found = json.loads(printed(site, *known, "--limit", "2", "--after", after))
        seen += [row["page"] for row in found["rows"]]
        after = found.get("after", "")

    assert seen == whole
    assert len(whole) == 5


def test_whoever_sees_some_rows_is_told_how_to_see_the_next(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    count(hit(site, NINE, f"/{n}") for n in range(3))
    known = (site.public_id, *THAT_DAY, "--by", "page", "--limit", "2")
    call_command("report", *known)
    *_, last = capsys.readouterr().out.splitlines()
    assert last.startswith("2 of 3 rows; the next ones: --after ")

    call_command("report", *known, *shlex.split(last.partition(": ")[2]))
    *_, last = capsys.readouterr().out.splitlines()
    assert last.split() == ["/2", "1", "1", "1"]
    call_command("report", *known, "--format", "csv")
    told = capsys.readouterr()
    assert len(told.out.splitlines()) == 3
    assert told.err.startswith("2 of 3 rows")


def test_a_visitors_text_is_obeyed_by_no_terminal_and_no_spreadsheet(
    site: Site, printed: Printed
) -> None:
    count([hit(site, NINE, name="=1+1\x1b[31m", props=(("a\x07", "x"),))])
    known = (*THAT_DAY, "--metrics", "events", "--by", "event,prop.a%07")
    table = printed(site, *known)

    assert table.replace("\n", "").isprintable()
    assert "=1+1" in table
    cells = list(csv.reader(io.StringIO(printed(site, *known, "--format", "csv"))))
    assert cells[1][0].startswith("'=1+1")
    assert json.loads(printed(site, *known, "--format", "json"))["rows"][0]["event"][:4] == "=1+1"


@pytest.mark.parametrize(
    ("arguments", "parameter"),
    [
        (("--period", "never"), "period"),
        (("--from", "2026-01-01"), "period"),
        (("--period", "7d", "--from", "2026-01-01", "--to", "2026-01-02"), "period"),
        (("--interval", "minute"), "interval"),
        (("--compare", "never"), "compare"),
        (("--period", "realtime", "--compare", "previous"), "compare"),
        (("--match", "months"), "match"),
        (("--compare", "2025-01-01..2025-01-02", "--match", "weekdays"), "match"),
        (("--metrics", "wealth"), "metrics"),
        (("--metrics", ""), "metrics"),
        (("--metrics", "conversions"), "goal"),
        (("--goal", "event is Sale"), "goal"),
        (("--metrics", "conversions", "--goal", "nonsense"), "goal"),
        (("--metrics", "conversions", "--goal", "country is AT"), "goal"),
        (("--by", "mood"), "by"),
        (("--by", "page,page"), "by"),
        (("--by", "page,country,city,region"), "by"),
        (("--where", "nonsense"), "where"),
        (("--where", "mood is good"), "where"),
        (("--filter", "not(" * 10_000), "filter"),
        (("--order", "mood"), "order"),
        (("--metrics", "revenue", "--order", "revenue"), "order"),
        (("--limit", "0"), "limit"),
        (("--limit", "many"), "--limit"),
        (("--by", "page", "--after", "nonsense"), "after"),
        (("--by", "page", "--after", "[" * 10_000), "after"),
        (("--by", "page", "--after", '[1, "\\ud800"]'), "after"),
        (("--by", "page", "--after", '[1, "\\u0000"]'), "after"),
        (("--by", "page", "--after", f'[{10**400}, "/a"]'), "after"),
        (("--format", "poem"), "--format"),
    ],
)
def test_what_is_wrong_is_named(site: Site, arguments: tuple[str, ...], parameter: str) -> None:
    count([hit(site, now())])
    with pytest.raises(CommandError, match=rf"^(Error: argument )?{parameter}: "):
        call_command("report", site.public_id, *arguments)


@pytest.mark.parametrize("public_id", ["nope", "", "\udcff", ",".join("a" * 200)])
def test_an_unknown_site_is_named(public_id: str) -> None:
    with pytest.raises(CommandError, match=r"^site: there is none"):
        call_command("report", public_id)


def test_a_site_that_is_named_twice_is_refused(site: Site) -> None:
    with pytest.raises(CommandError, match=r"^sites: "):
        call_command("report", f"{site.public_id},{site.public_id}")


def test_numbers_that_cannot_be_read_are_an_error(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(*_: Any) -> None:
        raise ReportUnavailable("damaged")

    monkeypatch.setattr("tracking.management.commands.report.answer", unavailable)
    with pytest.raises(CommandError, match="damaged"):
        call_command("report", site.public_id)
