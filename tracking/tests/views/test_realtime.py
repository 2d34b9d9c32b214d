"""The realtime page and the live count."""

from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from tracking.models import Site
from tracking.tests.factories import SiteFactory
from tracking.tests.pipeline import FIREFOX, GERMAN_ADDRESS, NINE, count, hit
from tracking.views.turns import report_turn

pytestmark = pytest.mark.django_db

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
PATHS = ("realtime/", "realtime/part/", "now/")


@pytest.fixture(autouse=True)
def nine_o_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is nine, in UTC."""
    monkeypatch.setattr("tracking.views.report.parts.now", lambda: NINE)


@pytest.fixture
def site(client: Client) -> Any:
    site = SiteFactory(timezone="Europe/Vienna")
    client.force_login(site.owner)
    return site


@pytest.fixture
def visited(site: Site) -> Site:
    """A German from Google at this minute, an Austrian ten minutes ago with two pages."""
    german = {"address": GERMAN_ADDRESS, "user_agent": FIREFOX}
    count(
        [
            hit(site, NINE - 31 * MINUTE, "/before"),
            hit(site, NINE - 10 * MINUTE, "/docs"),
            hit(site, NINE - 9 * MINUTE, "/pricing"),
            hit(site, NINE - SECOND, "/", referrer="https://www.google.com/", **german),
        ]
    )
    return site


def text_of(client: Client, site: Site, path: str = "realtime/") -> str:
    answer = client.get(f"/sites/{site.public_id}/{path}")
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def number(label: str, value: int) -> str:
    return f'<span class="label">{label}</span> <span class="value">{value}</span>'


def test_now_is_the_last_five_minutes(client: Client, site: Site) -> None:
    for number_of, ago in enumerate((5 * MINUTE, 5 * MINUTE + SECOND, 6 * MINUTE)):
        count([hit(site, NINE - ago, address=f"84.112.1.{number_of}")])

    assert number("Visitors now", 1) in text_of(client, site)
    assert "1 visitor now" in text_of(client, site, "now/")
    count([hit(site, NINE, address="84.112.1.1")])
    assert "2 visitors now" in text_of(client, site, "now/")


@pytest.mark.parametrize("path", ["realtime/", "realtime/part/"])
def test_the_last_half_hour_by_minute_page_source_and_place(
    client: Client, visited: Site, path: str
) -> None:
    text = text_of(client, visited, path)

    for label, value in (("Visitors now", 1), ("Visitors", 2), ("Pageviews", 3)):
        assert number(label, value) in text
    for minute, views in (("now", 1), ("8 min ago", 1), ("7 min ago", 0)):
        assert f'<td>{minute}</td><td class="num">{views}</td>' in text
    for row in ("/docs", "/pricing", "Google", "Direct", "Germany", "Austria"):
        assert f"<span>{row}</span>" in text
    assert "Updated" in text
    assert ">10:00:00</time>" in text
    assert ("Times in Europe/Vienna" in text) is (path == "realtime/")


def test_a_quiet_half_hour_is_all_zeros(client: Client, site: Site) -> None:
    text = text_of(client, site)
    assert number("Visitors now", 0) in text
    assert "Nothing in this period" in text
    assert "0 visitors now" in text_of(client, site, "now/")


def test_the_newest_ten_events_link_to_their_visits(client: Client, site: Site) -> None:
    count([hit(site, NINE - n * SECOND, f"/{n}") for n in range(11)])
    answer = client.get(f"/sites/{site.public_id}/realtime/")
    rows = answer.context["rows"]

    assert [row["page"] for row in rows] == [f"/{n}" for n in range(10)]
    link = f'href="/sites/{site.public_id}/visits/{rows[0]["visit_id"]}/"'
    assert link in answer.content.decode()


def test_filters_hold_for_all_of_it_and_show_as_chips(client: Client, visited: Site) -> None:
    text = text_of(client, visited, "realtime/?f=country:is:DE")

    for label, value in (("Visitors now", 1), ("Visitors", 1), ("Pageviews", 1)):
        assert number(label, value) in text
    assert "<span>/docs</span>" not in text
    assert 'aria-label="Remove the filter Country is Germany"' in text
    assert "Newest events" in text
    assert f"/sites/{visited.public_id}/realtime/part/?f=country%3Ais%3ADE" in text
    assert "0 visitors now" in text_of(client, visited, "now/?f=country:is:AT")


def test_the_links_of_the_page_lead_back_to_it(client: Client, visited: Site) -> None:
    text = text_of(client, visited)
    link = "?period=realtime&amp;f=country%3Ais%3ADE"
    assert f'href="{link}"' in text
    filtered = text_of(client, visited, f"realtime/{link.replace('&amp;', '&')}")
    assert number("Visitors", 1) in filtered
    assert 'class="remove" href="?period=realtime"' in filtered


def test_without_scripts_there_is_a_link_to_reload(client: Client, visited: Site) -> None:
    text = text_of(client, visited)
    assert '<noscript><a class="btn" href="?period=realtime">Reload</a></noscript>' in text
    assert "http-equiv" not in text


def newest(client: Client, path: str) -> list[tuple[str, str]]:
    """Page and site of the events that the page lists."""
    answer = client.get(path)
    assert answer.status_code == 200
    return [(row["page"], row["site"].name) for row in answer.context["rows"]]


def test_the_newest_events_are_those_that_the_filters_select(client: Client, visited: Site) -> None:
    name, path = visited.name, f"/sites/{visited.public_id}/realtime/"
    count(
        [
            hit(visited, NINE - 2 * MINUTE, "/buy", name="Buy", props=(("plan", "x"),)),
            *(hit(visited, NINE - n * SECOND, f"/many/{n}") for n in range(12, 24)),
        ]
    )
    assert newest(client, f"{path}?f=country:is:DE") == [("/", name)]
    assert newest(client, f"{path}?f=prop.plan:is:x") == [("/buy", name)]
    assert newest(client, f"{path}?f=page:is:/before") == []
    assert newest(client, f"{path}?f=did(event:is:Buy)&f=page:contains:/docs") == [("/docs", name)]
    assert newest(client, f"{path}?f=entry_page:is:/before&f=page:is:/docs") == [("/docs", name)]
    many = newest(client, f"{path}?f=page:contains:many")
    assert many == [(f"/many/{n}", name) for n in range(12, 22)]
    assert newest(client, f"{path}?f=page:is:/nowhere") == []


def test_the_newest_events_of_several_sites_say_which_and_are_nobody_elses(
    client: Client, visited: Site
) -> None:
    other, strange = SiteFactory(owner=visited.owner, name="Other <b>"), SiteFactory()
    count([hit(other, NINE - 2 * SECOND, "/other"), hit(strange, NINE, "/strange")])

    path = "/sites/all/realtime/"
    assert newest(client, path)[:3] == [
        *(("/", visited.name), ("/other", "Other <b>"), ("/pricing", visited.name))
    ]
    text = " ".join(client.get(path).content.decode().split())
    assert f'href="/sites/{other.public_id}/realtime/">Other &lt;b&gt;</a>' in text
    visit = client.get(path).context["rows"][1]["visit_id"]
    assert f'href="/sites/{other.public_id}/visits/{visit}/"' in text
    assert "strange" not in text
    both = f"/sites/{visited.public_id}+{other.public_id}/realtime/?f=page:is:/other"
    assert newest(client, both) == [("/other", "Other <b>")]


def test_several_sites_are_counted_together(client: Client, visited: Site) -> None:
    other = SiteFactory(owner=visited.owner)
    count([hit(other, NINE)])
    text = " ".join(client.get("/sites/all/realtime/").content.decode().split())

    assert number("Visitors now", 2) in text
    assert 'href="/sites/all/">Report</a>' in text
    assert "Newest events" in text


def test_the_report_links_to_it_with_its_filters(client: Client, visited: Site) -> None:
    text = text_of(client, visited, "?f=country:is:DE&period=7d")
    assert f'href="/sites/{visited.public_id}/realtime/?f=country%3Ais%3ADE"' in text
    assert f'hx-get="/sites/{visited.public_id}/now/?f=country%3Ais%3ADE"' in text


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("period=7d", "period"),
        ("period=realtime&compare=previous", "compare"),
        ("f=nonsense", "filter"),
        ("color=red", "color"),
    ],
)
def test_a_garbled_address_is_named(
    client: Client, visited: Site, path: str, query: str, parameter: str
) -> None:
    answer = client.get(f"/sites/{visited.public_id}/{path}?{query}")
    assert answer.status_code == 400
    assert f"{parameter}: " in answer.content.decode()


@pytest.mark.parametrize("path", PATHS)
def test_a_busy_server_says_when_to_ask_again(client: Client, visited: Site, path: str) -> None:
    with ExitStack() as others:
        for _ in range(max(1, settings.WEB_THREADS // 3)):
            others.enter_context(report_turn())
        answer = client.get(f"/sites/{visited.public_id}/{path}")

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"


@pytest.mark.parametrize("path", PATHS)
def test_nobody_elses_site_is_there(client: Client, site: Site, path: str) -> None:
    assert client.get(f"/sites/{SiteFactory().public_id}/{path}").status_code == 404


@pytest.mark.parametrize(
    ("path", "queries"),
    [
        *(("realtime/", 11), ("realtime/?f=browser:is:Chrome", 11)),
        *(("realtime/part/", 10), ("now/", 7)),
    ],
)
def test_pages_ask_the_database_as_often_for_one_event_as_for_many(
    client: Client, visited: Site, django_assert_num_queries: Any, path: str, queries: int
) -> None:
    url = f"/sites/{visited.public_id}/{path}"
    client.get(url)
    with django_assert_num_queries(queries):
        client.get(url)
    count([hit(visited, NINE, f"/{n}", address=f"84.112.1.{n}") for n in range(60)])
    with django_assert_num_queries(queries):
        client.get(url)
