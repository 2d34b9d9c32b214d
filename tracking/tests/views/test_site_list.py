"""All sites side by side, and the way to a report over several."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from tracking.access import MOST_SITES
from tracking.models import DailyTotal, Site
from tracking.tests.factories import SiteFactory, UserFactory
from tracking.views import site_list

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TODAY = NOON.date()


@pytest.fixture(autouse=True)
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is noon of a day in March, in UTC."""
    monkeypatch.setattr(site_list, "now", lambda: NOON)


@pytest.fixture
def owner(client: Client) -> Any:
    owner = UserFactory()
    client.force_login(owner)
    return owner


def site_with(owner: Any, name: str, visitors: dict[int, int], **more: Any) -> Site:
    """A site with so many visitors so many days ago, and twice as many pageviews."""
    site: Site = SiteFactory(owner=owner, name=name, **more)
    DailyTotal.objects.bulk_create(
        DailyTotal(
            site=site,
            day=TODAY - timedelta(days=ago),
            visitors=count,
            visits=count,
            pageviews=2 * count,
        )
        for ago, count in visitors.items()
    )
    return site


def page(client: Client, query: str = "") -> str:
    answer = client.get(f"/sites/{query}")
    assert answer.status_code == 200, answer.content
    return " ".join(answer.content.decode().split())


def names(text: str) -> list[str]:
    return re.findall(r'<h2><a href="[^"]*">(.*?)</a></h2>', text)


def counts(text: str) -> list[tuple[str, str]]:
    """Each count of the page with its change in words, first those of all sites together."""
    found = re.findall(r"<dt>(\w+)</dt> <dd> ([\d,]+) (.*?)</dd>", text)
    return [
        (f"{label} {value}", "".join(re.findall(r'visually-hidden">(.*?)<', rest)))
        for label, value, rest in found
    ]


def test_a_card_has_the_days_of_the_period_and_the_change_of_its_whole_days(
    client: Client, owner: Any
) -> None:
    site_with(owner, "One", {0: 1_000, 29: 200, 30: 50, 31: 100, 59: 60, 60: 7})
    up = "up 25% from the period before"
    assert counts(page(client)) == [
        *(("Visitors 1,200", up), ("Visits 1,200", up), ("Pageviews 2,400", up)),
        *(("Visitors 1,200", up), ("Pageviews 2,400", up)),
    ]


@pytest.mark.parametrize(("period", "inside"), [("7d", 6), ("30d", 29), ("91d", 90)])
def test_a_period_ends_today_and_its_first_day_counts(
    client: Client, owner: Any, period: str, inside: int
) -> None:
    site_with(owner, "One", {inside: 3, inside + 1: 40})
    text = page(client, f"?period={period}")
    assert ("Visitors 3", "") in counts(text)
    assert f"are today and the {inside} days before it" in text
    assert ("?period=" + period in re.findall(r'<h2><a href="([^"]*)"', text)[0]) == (
        period != "30d"
    )


def test_each_sites_days_are_its_own(client: Client, owner: Any) -> None:
    """At noon in UTC, the next day has begun in Kiritimati and not in Pago Pago."""
    east = site_with(owner, "East", {-1: 1, 5: 10, 6: 100}, timezone="Pacific/Kiritimati")
    west = site_with(owner, "West", {0: 1, 6: 10, 7: 100}, timezone="Pacific/Pago_Pago")
    found = dict.fromkeys([east.today(), west.today()])
    assert found  # both have a day
    text = page(client, "?period=7d")
    assert [one for one, _ in counts(text) if one.startswith("Visitors")] == [
        *("Visitors 22", "Visitors 11", "Visitors 11")
    ]
    # The line of all sites together joins each one's days by how long ago they are.
    assert 'aria-label="Visitors a day: 0 at least, 20 at most"' in text


def test_the_line_is_as_high_as_the_day_is_busy_and_its_last_day_is_not_over(
    client: Client, owner: Any
) -> None:
    site_with(owner, "One", {6: 4, 1: 2, 0: 1})
    text = page(client, "?period=7d")
    finished, unfinished = re.findall(r'<polyline(?: class="open")? points="(.*?)"', text)[:2]
    assert finished == "0.0,2.0 20.0,31.0 40.0,31.0 60.0,31.0 80.0,31.0 100.0,16.5"
    assert unfinished == "100.0,16.5 120.0,23.8"
    assert "style=" not in text


ORDERS = [
    ("", "Anton Berta Cäsar"),
    ("?sort=-name", "Cäsar Berta Anton"),
    ("?sort=-visitors", "Berta Anton Cäsar"),
    ("?sort=visitors", "Cäsar Anton Berta"),
    ("?sort=-pageviews", "Berta Anton Cäsar"),
    ("?sort=-change", "Anton Berta Cäsar"),
    ("?sort=change", "Berta Anton Cäsar"),
]


@pytest.mark.parametrize(("query", "order"), ORDERS)
def test_sites_are_sorted(client: Client, owner: Any, query: str, order: str) -> None:
    """Cäsar is new: what has no change comes last, whichever way it goes."""
    site_with(owner, "Berta", {1: 90, 31: 100})
    site_with(owner, "Cäsar", {1: 1})
    site_with(owner, "Anton", {1: 20, 31: 10})
    text = page(client, query)
    assert " ".join(names(text)) == order
    for link in ("?sort=-visitors", "?sort=-change"):
        assert f'href="{link.replace("-", "")}"' in text or f'href="{link}"' in text


@pytest.mark.parametrize(
    ("query", "found"), [("gar", ["Garden"]), ("WALK.example", ["Daily"]), ("%20GÄ", ["Gärten"])]
)
def test_a_search_finds_names_and_addresses_and_the_totals_are_theirs(
    client: Client, owner: Any, query: str, found: Sequence[str]
) -> None:
    site_with(owner, "Garden", {1: 5}, base_url="https://one.example")
    site_with(owner, "Daily", {1: 5}, base_url="https://walk.example")
    site_with(owner, "Gärten", {1: 5}, base_url="https://three.example")
    text = page(client, f"?q={query}&sort=-visitors")
    assert names(text) == found
    assert counts(text)[0][0] == "Visitors 5"
    assert "1 of 3 sites" in text
    assert 'name="sort" value="-visitors"' in text


def test_what_nobody_is_called_offers_all_sites_again(client: Client, owner: Any) -> None:
    site_with(owner, "Garden", {1: 5})
    text = page(client, "?q=%3Cb%3E&period=7d")
    assert "No site has “&lt;b&gt;” in its name or address" in text
    assert 'href="?period=7d">Show all sites' in text
    assert names(text) == []


def test_a_site_without_a_hit_is_led_to_its_snippet(client: Client, owner: Any) -> None:
    new = site_with(owner, "New", {})
    site_with(owner, "Quiet", {400: 1})
    text = page(client)
    assert text.count("No hits yet.") == 1
    assert f'<a href="/sites/{new.public_id}/snippet/">' in text


def test_the_page_asks_as_often_for_one_site_as_for_many(
    client: Client, owner: Any, django_assert_num_queries: Any
) -> None:
    zones = ("UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Tokyo")
    page(client)
    for more in (1, 30):
        for index in range(more):
            site_with(owner, f"Site {index}", {1: 1}, timezone=zones[index % 4])
        with django_assert_num_queries(12):
            page(client)


def test_there_are_pages_from_the_first_site_too_many_on(
    client: Client, owner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site_list, "SITES_A_PAGE", 2)
    for name in "AB":
        site_with(owner, name, {1: 1})
    assert 'aria-label="Pages"' not in page(client)
    site_with(owner, "C", {1: 1})
    first, second = page(client, "?sort=-name"), page(client, "?sort=-name&page=2")
    assert (names(first), names(second)) == (["C", "B"], ["A"])
    assert 'rel="next" href="?sort=-name&amp;page=2"' in first
    assert 'rel="prev" href="?sort=-name"' in second
    assert counts(second)[0][0] == "Visitors 3"


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        *(("period=8d", "period"), ("sort=--name", "sort"), ("sort=owner", "sort")),
        *(("page=0", "page"), ("page=2", "page"), ("page=x", "page"), ("page=%C2%B2", "page")),
        *(("page=" + "9" * 5000, "page"), ("q=a&q=b", "q"), ("who=me", "who")),
    ],
)
def test_what_makes_no_sense_is_named(
    client: Client, owner: Any, query: str, parameter: str
) -> None:
    site_with(owner, "One", {})
    answer = client.get(f"/sites/?{query}")
    assert answer.status_code == 400
    assert f"<code>{parameter}: " in answer.content.decode()


def test_a_search_may_hold_anything(client: Client, owner: Any) -> None:
    site_with(owner, "One", {})
    for text in ("%00", "%FF", "x" * 5000, "%25_%5C"):
        assert client.get(f"/sites/?q={text}").status_code == 200


def test_others_sites_are_in_no_card_and_no_total(client: Client, owner: Any) -> None:
    site_with(UserFactory(), "Theirs", {1: 500})
    assert "No site yet" in page(client)
    site_with(owner, "Mine", {1: 1})
    text = page(client)
    assert names(text) == ["Mine"]
    assert counts(text)[0][0] == "Visitors 1"


def test_chosen_sites_lead_to_their_report(client: Client, owner: Any) -> None:
    one, other = (site_with(owner, name, {}) for name in "AB")
    choice = f"site={other.public_id}&site={one.public_id}&site={one.public_id}"
    key = f"{one.public_id}+{other.public_id}"
    for more, query in (("", ""), ("&period=7d", "?period=7d"), ("&period=x", "")):
        answer = client.get(f"/sites/report/?{choice}{more}")
        assert answer.headers["Location"] == f"/sites/{key}/{query}"
    assert client.get("/sites/report/", follow=True).redirect_chain == [("/sites/", 302)]


def test_only_ones_own_sites_can_be_chosen(client: Client, owner: Any) -> None:
    mine, theirs = site_with(owner, "A", {}), site_with(UserFactory(), "B", {})
    for bad in (theirs.public_id, "", "a/b", "%00", "all"):
        choice = f"site={mine.public_id}&site={bad}"
        assert client.get(f"/sites/report/?{choice}").status_code == 404
    many = "&".join(f"site=x{number}" for number in range(MOST_SITES + 1))
    assert client.get(f"/sites/report/?{many}").status_code == 404
