"""The page of one visit."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from tracking.models import Site, Visit
from tracking.records import ENGAGEMENT
from tracking.tests.factories import SiteFactory
from tracking.tests.pipeline import FIREFOX, GERMAN_ADDRESS, NINE, count, hit

pytestmark = pytest.mark.django_db

GERMAN = {"address": GERMAN_ADDRESS, "user_agent": FIREFOX}


@pytest.fixture
def site(client: Client) -> Any:
    site = SiteFactory(timezone="Europe/Vienna")
    client.force_login(site.owner)
    return site


def after(seconds: int) -> Any:
    return NINE + timedelta(seconds=seconds)


@pytest.fixture
def visit(site: Site) -> Visit:
    """A German who reads a page twice and buys, while an Austrian is there as well."""

    def read(at: int, seconds: int, depth: int | None) -> Any:
        more = {"engaged_seconds": seconds, "scroll_depth": depth}
        return hit(site, after(at), "/docs", name=ENGAGEMENT, **more, **GERMAN)

    bought = {"props": (("plan", "<yearly>"),), "revenue_micros": 1_234_500_000, "currency": "EUR"}
    count(
        [
            hit(site, after(0), "/docs?utm_campaign=spring", title="Docs & more", **GERMAN),
            hit(site, after(5), "/elsewhere"),
            read(20, 15, 40),
            read(30, 5, 30),
            hit(site, after(61), "/pricing", **GERMAN),
            hit(site, after(70), "/docs", **GERMAN),
            read(80, 7, None),
            hit(site, after(100), "/pricing", name="Buy", **bought, **GERMAN),
        ]
    )
    return Visit.objects.get(pageviews=3)


def address(visit: Visit, query: str = "") -> str:
    site = Site.objects.get(pk=visit.site_id)
    return f"/sites/{site.public_id}/visits/{visit.pk}/{query}"


def text_of(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def words_of(text: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def test_its_events_are_in_order_with_what_was_read_of_each(client: Client, visit: Visit) -> None:
    rows = client.get(address(visit)).context["rows"]

    assert [(row["page"], row["name"]) for row in rows] == [
        ("/docs", "pageview"),
        ("/pricing", "pageview"),
        ("/docs", "pageview"),
        ("/pricing", "Buy"),
    ]
    assert [row["since"] for row in rows] == [None, 61, 9, 30]
    assert [row["engaged"] for row in rows] == [20, None, 7, None]
    assert [row["depth"] for row in rows] == [40, None, None, None]


def test_it_shows_times_in_the_sites_zone_and_what_came_with_an_event(
    client: Client, visit: Visit
) -> None:
    text = text_of(client, address(visit))

    for words in (
        *("Visit of 2 Mar 2026, 10:00", "10:01:01", "1m 1s", "Times in Europe/Vienna"),
        *("Docs &amp; more", "plan: &lt;yearly&gt;", "\N{EURO SIGN}1,234.50", "40%"),
    ):
        assert words in text
    assert "/elsewhere" not in text
    assert str(visit.visitor) not in text


def test_each_fact_links_to_the_report_of_such_visits(client: Client, visit: Visit) -> None:
    text = text_of(client, address(visit))
    report = address(visit).partition("visits/")[0]

    for name, value, shown in (
        ("country", "DE", "Germany"),
        ("browser", "Firefox", "Firefox"),
        ("utm_campaign", "spring", "spring"),
        ("entry_page", "%252Fdocs", "/docs"),
        ("exit_page", "%252Fdocs", "/docs"),
    ):
        assert f'<a href="{report}?f={name}%3Ais%3A{value}"' in text
        assert f">{shown}</a>" in text
    assert client.get(f"{report}?f=entry_page%3Ais%3A%252Fdocs").status_code == 200
    for fact in ("Duration 1m 40s", "Bounced No", "Events 1", "Pageviews 3"):
        assert fact in words_of(text)
    assert "City" not in text


def test_one_page_and_nothing_else_is_a_bounce(client: Client, visit: Visit) -> None:
    other = Visit.objects.exclude(pk=visit.pk).get()
    assert "Bounced Yes" in words_of(text_of(client, address(other)))


def test_the_same_visitors_visits_of_the_day_are_a_click_away(
    client: Client, site: Site, visit: Visit
) -> None:
    assert "by this visitor" not in text_of(client, address(visit))
    count([hit(site, after(7200), **GERMAN), hit(site, after(86400), **GERMAN)])
    later = Visit.objects.filter(day=visit.day).latest("started_at")

    first, second = text_of(client, address(visit)), text_of(client, address(later))
    assert "1 of 2 by this visitor" in first
    assert f'href="{address(later)}">Next visit</a>' in first
    assert "Previous visit" not in first
    assert f'href="{address(visit)}">Previous visit</a>' in second
    assert "Next visit" not in second


def test_a_long_visit_goes_on_page_by_page(
    client: Client, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracking.views.journey.PAGE_ROWS", 3)
    first = client.get(address(visit))
    second = client.get(address(visit, first.context["rest_url"]))

    assert [row["page"] for row in first.context["rows"]] == ["/docs", "/pricing", "/docs"]
    assert [row["name"] for row in second.context["rows"]] == ["Buy"]
    assert second.context["rest_url"] is None
    assert "From the start" in second.content.decode()


def test_among_many_others_events_it_is_looked_for_piece_by_piece(
    client: Client, site: Site, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracking.views.looks.LOOKED_AT", 3)
    url, seen = address(visit), []
    while url:
        answer = client.get(url)
        seen += [row["page"] for row in answer.context["rows"]]
        rest = answer.context["rest_url"]
        assert ("may have more after" in answer.content.decode()) is bool(rest)
        url = address(visit, rest) if rest else ""

    assert seen == ["/docs", "/pricing", "/docs", "/pricing"]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [("after=x", "after"), ("after=1.1&after=1.1", "after"), ("page=2", "page")],
)
def test_a_garbled_place_is_named(client: Client, visit: Visit, query: str, parameter: str) -> None:
    answer = client.get(address(visit, f"?{query}"))
    assert answer.status_code == 400
    assert f"<code>{parameter}: " in answer.content.decode()


def test_nobody_elses_visit_and_no_other_sites_is_there(
    client: Client, site: Site, visit: Visit
) -> None:
    own, foreign = SiteFactory(owner=site.owner), SiteFactory()
    count([hit(foreign, NINE)])
    theirs = Visit.objects.get(site=foreign)

    for wrong in (
        address(theirs),
        f"/sites/{own.public_id}/visits/{visit.pk}/",
        f"/sites/{site.public_id}/visits/{theirs.pk}/",
        f"/sites/{site.public_id}/visits/{'9' * 30}/",
    ):
        assert client.get(wrong).status_code == 404


def test_a_visit_asks_the_database_as_often_for_one_event_as_for_many(
    client: Client, site: Site, visit: Visit, django_assert_num_queries: Any
) -> None:
    url = address(visit)
    client.get(url)
    with django_assert_num_queries(13):
        client.get(url)
    count([hit(site, after(100 + n), f"/{n}", **GERMAN) for n in range(60)])
    with django_assert_num_queries(13):
        client.get(url)
