"""The page of what was not counted."""

import re
from datetime import date, timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client

from tracking.models import DailyTotal, Site
from tracking.tests.factories import SiteFactory

pytestmark = pytest.mark.django_db

FIRST = date(2026, 3, 2)


@pytest.fixture
def filtered(site: Site) -> Site:
    """A Monday and the Tuesday after with 1,500 filtered hits, 500 counted; others before."""
    for days, reason, count in (
        *((0, "bot", 1200), (0, "spam", 100)),
        *((1, "bot", 200), (-1, "rate", 9)),
    ):
        drop(site, FIRST + timedelta(days=days), reason, count)
    DailyTotal.objects.create(site=site, day=FIRST, pageviews=400, events=100)
    return site


def drop(site: Site, day: date, reason: str, count: int) -> None:
    site.dropped_hits.create(day=day, reason=reason, count=count)


def page(client: Client, site: Site, query: str = "?period=2026-03-02..2026-03-03") -> Any:
    answer = client.get(f"/sites/{site.public_id}/filtered/{query}")
    assert answer.status_code == 200
    return answer


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def legend(text: str) -> list[tuple[str, str]]:
    """The colours, by their classes, and what they stand for."""
    found = re.findall(r'<li> <svg> <rect class="(part-\d)"[^>]*> </svg> (.*?) </li>', text)
    return [(css_class, unescape(label)) for css_class, label in found]


def cells(answer: Any) -> list[tuple[str, int, list[int]]]:
    return [(row["label"], row["total"], row["hits"]) for row in answer.context["table"]["rows"]]


def test_days_by_the_reasons_that_occur_with_totals_and_shares(
    client: Client, filtered: Site
) -> None:
    answer = page(client, filtered)
    text = text_of(answer)

    assert cells(answer) == [("3 Mar 2026", 200, [200, 0]), ("2 Mar 2026", 1300, [1200, 100])]
    assert answer.context["table"]["labels"] == ["Bots and crawlers", "Referrer spam"]
    assert "1,500 hits not counted, 2 Mar 2026 \N{EN DASH} 3 Mar 2026" in text
    assert "75% of all hits" in text
    assert "Crawlers, tools and libraries" in text
    assert "More hits than a person makes" not in text


def test_each_days_bar_is_stacked_by_reason_in_the_legends_order(
    client: Client, filtered: Site
) -> None:
    text = text_of(page(client, filtered))
    bars = re.findall(r"<g> <title>(.*?)</title> (.*?) </g>", text)

    assert [title for title, _ in bars] == ["2 Mar 2026: 1,300", "3 Mar 2026: 200"]
    assert [
        re.findall(r'"(part-\d)".*?y="(.*?)".*?height="(.*?)"', parts) for _, parts in bars
    ] == [
        [("part-1", "7.7", "92.3"), ("part-2", "0.0", "7.7")],
        [("part-1", "84.6", "15.4")],
    ]
    assert legend(text) == [("part-1", "Bots and crawlers"), ("part-2", "Referrer spam")]


@pytest.mark.parametrize(
    ("reasons", "last"), [(5, "Host names left out by the site's filters"), (6, "Other reasons")]
)
def test_the_rarest_of_many_reasons_are_one_part(
    client: Client, site: Site, reasons: int, last: str
) -> None:
    names = ["bot", "spam", "rate", "path", "host", "country"][:reasons]
    for rank, reason in enumerate(names):
        drop(site, FIRST, reason, 100 - rank)
    text = text_of(page(client, site))

    assert [css_class for css_class, _ in legend(text)] == [f"part-{n}" for n in range(1, 6)]
    assert legend(text)[-1][1] == last
    drawn = [
        float(height) for height in re.findall(r'<rect class="part-\d" x.*?height="(.*?)"', text)
    ]
    share = sum(100 - rank for rank in range(4, reasons)) / sum(range(101 - reasons, 101))
    assert drawn[-1] == pytest.approx(100 * share, abs=0.1)
    assert sum(drawn) == pytest.approx(100)


def test_a_day_without_any_is_a_row_too(client: Client, filtered: Site) -> None:
    answer = page(client, filtered, "?from=2026-03-01&to=2026-03-05")
    assert [total for _, total, _ in cells(answer)] == [0, 0, 200, 1300, 9]


@pytest.mark.parametrize(
    ("last_day", "interval", "rows"),
    [
        (FIRST + timedelta(days=91), "day", 92),
        (FIRST + timedelta(days=92), "week", 14),
        (FIRST + timedelta(days=370), "week", 53),
        (FIRST + timedelta(days=371), "month", 13),
    ],
)
def test_long_periods_have_few_rows(
    client: Client, site: Site, last_day: date, interval: str, rows: int
) -> None:
    first = FIRST - timedelta(days=3 * 364)
    last = last_day - timedelta(days=3 * 364)
    drop(site, first, "bot", 2)
    drop(site, last, "bot", 3)
    answer = page(client, site, f"?from={first}&to={last}")

    assert answer.context["table"]["interval"] == interval
    assert len(cells(answer)) == rows
    assert (cells(answer)[-1][1], cells(answer)[0][1]) == (2, 3)


def test_days_to_come_are_no_rows(client: Client, site: Site) -> None:
    drop(site, site.today(), "bot", 1)
    until = site.today() + timedelta(days=30)
    assert len(cells(page(client, site, f"?from={site.today()}&to={until}"))) == 1
    ahead = page(client, site, f"?from={until}&to={until}")
    assert "Every hit that came was counted." in text_of(ahead)


def test_nothing_filtered_is_said(client: Client, site: Site) -> None:
    text = text_of(page(client, site))
    assert "Every hit that came was counted." in text
    assert "<table" not in text


def test_the_same_for_each_day_as_csv(client: Client, filtered: Site) -> None:
    answer = client.get(f"/sites/{filtered.public_id}/filtered.csv?from=2026-03-02&to=2026-03-04")

    assert answer.content.decode().splitlines() == [
        "day,counted,not_counted,bot,spam",
        "2026-03-02,500,1300,1200,100",
        "2026-03-03,0,200,200,0",
        "2026-03-04,0,0,0,0",
    ]
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "_filtered_2026-03-02_2026-03-04.csv" in answer.headers["Content-Disposition"]


def test_the_report_and_the_settings_lead_there(client: Client, site: Site) -> None:
    drop(site, site.today(), "bot", 1334)
    report = client.get(f"/sites/{site.public_id}/?period=7d").content.decode()
    address = f"/sites/{site.public_id}/filtered/"

    assert f'href="{address}?period=7d">1,334 hits not counted (Bots' in report
    assert address in client.get(f"/sites/{site.public_id}/settings/").content.decode()


def test_several_sites_are_added_up_and_nobody_elses(client: Client, filtered: Site) -> None:
    drop(SiteFactory(owner=filtered.owner), FIRST, "bot", 50)
    drop(SiteFactory(), FIRST, "bot", 7)
    answer = client.get("/sites/all/filtered/?period=2026-03-02..2026-03-02")
    assert cells(answer) == [("2 Mar 2026", 1350, [1250, 100])]


@pytest.mark.parametrize("file", ["filtered/", "filtered.csv"])
def test_only_readers_get_it_and_only_for_a_period(client: Client, site: Site, file: str) -> None:
    assert client.get(f"/sites/{SiteFactory().public_id}/{file}").status_code == 404
    refused = client.get(f"/sites/{site.public_id}/{file}?period=never")
    assert refused.status_code == 400
    assert "<code>period: " in refused.content.decode()


def test_it_costs_the_same_however_much_there_is(
    client: Client, site: Site, django_assert_num_queries: Any
) -> None:
    short, long = "?period=2026-03-02..2026-03-02", "?period=2026-03-01..2026-05-01"
    page(client, site, short)
    for day in range(60):
        drop(site, FIRST + timedelta(days=day), "bot", 1)
    for query in (short, long):
        with django_assert_num_queries(10):
            page(client, site, query)
