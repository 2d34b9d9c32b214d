"""The filters of the activity log."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from tracking.models import Site, Visit
from tracking.tests.factories import SiteFactory
from tracking.tests.pipeline import FIREFOX, GERMAN_ADDRESS, NINE, count, hit

pytestmark = pytest.mark.django_db


@pytest.fixture
def site(client: Client) -> Any:
    site = SiteFactory(timezone="Europe/Vienna")
    client.force_login(site.owner)
    return site


@pytest.fixture
def visited(site: Site) -> Site:
    """A German from Google with two pages and a sign-up, and an Austrian with one, a day later."""
    german = {"address": GERMAN_ADDRESS, "user_agent": FIREFOX}
    count(
        [
            hit(site, NINE, "/docs", referrer="https://www.google.com/", **german),
            hit(site, NINE, "/docs/Install", **german),
            hit(site, NINE, "/pricing", name="Sign up", **german),
            hit(site, NINE + timedelta(days=1), "/100%25"),
        ]
    )
    return site


def log(site: Site, **params: str) -> str:
    return f"/sites/{site.public_id}/activity/?{urlencode(params)}"


def pages(client: Client, url: str) -> list[str]:
    answer = client.get(url)
    assert answer.status_code == 200
    return [row["page"] for row in answer.context["rows"]]


ALL = ["/100%25", "/pricing", "/docs/Install", "/docs"]


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({}, ALL),
        ({"event": "", "page": "", "country": "", "source": "", "from": "", "to": ""}, ALL),
        ({"event": "Sign up"}, ["/pricing"]),
        ({"event": "pageview"}, ["/100%25", "/docs/Install", "/docs"]),
        ({"page": "install"}, ["/docs/Install"]),
        ({"page": "%"}, ["/100%25"]),
        ({"country": "DE"}, ["/pricing", "/docs/Install", "/docs"]),
        ({"source": "Google", "page": "docs"}, ["/docs/Install", "/docs"]),
        ({"source": "Google", "country": "AT"}, []),
        ({"from": "2026-03-03"}, ["/100%25"]),
        ({"to": "2026-03-02"}, ["/pricing", "/docs/Install", "/docs"]),
        ({"from": "2026-03-02", "to": "2026-03-02", "event": "Sign up"}, ["/pricing"]),
        ({"from": "2100-12-31"}, []),
    ],
)
def test_the_log_has_only_what_all_filters_hold_for(
    client: Client, visited: Site, params: dict[str, str], found: list[str]
) -> None:
    assert pages(client, log(visited, **params)) == found


def test_what_was_searched_for_stands_in_the_form_and_can_be_cleared(
    client: Client, visited: Site
) -> None:
    text = client.get(log(visited, event="Sign up", page="pri", country="DE")).content.decode()

    assert 'value="Sign up"' in text
    assert 'value="pri"' in text
    assert '<option value="DE" selected>Germany</option>' in text
    assert f'href="/sites/{visited.public_id}/activity/">Clear</a>' in text


@pytest.mark.parametrize("name", ["event", "country", "source"])
def test_a_text_that_was_never_counted_has_no_rows_at_once(
    client: Client, visited: Site, django_assert_num_queries: Any, name: str
) -> None:
    url = log(visited, **{name: "Nobody"})
    client.get(url)
    with django_assert_num_queries(8):
        answer = client.get(url)
    assert "No such events" in answer.content.decode()


def test_a_day_is_the_sites_own_to_the_second(client: Client, site: Site) -> None:
    midnight = datetime(2026, 3, 1, 23, tzinfo=UTC)  # in Vienna
    second = timedelta(seconds=1)
    count([hit(site, midnight - second, "/before"), hit(site, midnight, "/first")])
    count([hit(site, midnight + timedelta(days=1) - second, "/last")])
    count([hit(site, midnight + timedelta(days=1), "/after")])

    days = {"from": "2026-03-02", "to": "2026-03-02"}
    assert pages(client, log(site, **days)) == ["/last", "/first"]


def test_the_links_to_older_and_newest_keep_the_filters(client: Client, site: Site) -> None:
    count(hit(site, NINE + timedelta(seconds=n), f"/{n % 2}/{n}") for n in range(120))
    url = log(site, page="/1/")
    first = client.get(url)
    seen = [row["page"] for row in first.context["rows"]]
    second = client.get(f"/sites/{site.public_id}/activity/{first.context['rest_url']}")
    seen += [row["page"] for row in second.context["rows"]]

    assert seen == [f"/1/{n}" for n in range(119, 0, -2)]
    assert second.context["rest_url"] is None
    assert f'href="?{urlencode({"page": "/1/"})}">Newest</a>' in second.content.decode()


def test_a_page_ends_where_enough_was_looked_at_and_says_so(
    client: Client, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracking.views.looks.LOOKED_AT", 10)
    # Three of each second: pages end among events of one instant.
    count(hit(site, NINE + timedelta(seconds=n // 3), f"/{n}", name=f"{n % 12}") for n in range(25))
    url, seen, looks = log(site, event="2"), [], 0
    while True:
        answer = client.get(url)
        seen += [row["page"] for row in answer.context["rows"]]
        looks += 1
        if not answer.context["rest_url"]:
            break
        text = " ".join(answer.content.decode().split())
        assert "events were looked at, back to" in text
        assert "Look further back" in text
        url = f"/sites/{site.public_id}/activity/{answer.context['rest_url']}"

    assert seen == ["/14", "/2"]
    assert looks == 3


@pytest.mark.parametrize(("events", "is_cut"), [(9, False), (10, True)])
def test_fewer_events_than_are_looked_at_are_all(
    client: Client, site: Site, monkeypatch: pytest.MonkeyPatch, events: int, is_cut: bool
) -> None:
    monkeypatch.setattr("tracking.views.looks.LOOKED_AT", 10)
    count(hit(site, NINE + timedelta(seconds=n), f"/{n}") for n in range(events))
    answer = client.get(log(site, page="nothing", country="AT"))

    assert answer.context["is_cut"] is is_cut
    assert ("No such events" in answer.content.decode()) is not is_cut


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("color=red", "color"),
        ("event=a&event=b", "event"),
        ("page=%00", "page"),
        (f"source={'x' * 2001}", "source"),
        ("from=yesterday", "from"),
        ("from=2026-02-30", "from"),
        ("to=20260302", "to"),
        ("to=0001-01-01", "to"),
        ("from=2026-03-02&to=2026-03-01", "to"),
        ("event=a&before=x", "before"),
        ("before=1.2&before=1.2", "before"),
    ],
)
def test_a_garbled_filter_is_named(
    client: Client, visited: Site, query: str, parameter: str
) -> None:
    answer = client.get(f"/sites/{visited.public_id}/activity/?{query}")
    assert answer.status_code == 400
    assert f"<code>{parameter}: " in answer.content.decode()


def test_a_filtered_page_asks_the_database_as_often_for_one_event_as_for_many(
    client: Client, visited: Site, django_assert_num_queries: Any
) -> None:
    url = log(visited, page="/", event="pageview", country="AT", source="Direct")
    client.get(url)
    with django_assert_num_queries(12):
        client.get(url)
    count([hit(visited, NINE, f"/{n}", address=f"84.112.1.{n}") for n in range(60)])
    with django_assert_num_queries(12):
        assert len(pages(client, url)) == 50


def test_each_row_links_to_its_visit(client: Client, visited: Site) -> None:
    text = client.get(log(visited, event="Sign up")).content.decode()
    visit = Visit.objects.earliest("started_at")
    assert f'href="/sites/{visited.public_id}/visits/{visit.pk}/"' in text


def test_somebody_elses_log_is_not_there(client: Client, site: Site) -> None:
    assert client.get(log(SiteFactory())).status_code == 404
