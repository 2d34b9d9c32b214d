"""The page of all rows of a panel."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from tracking.models import Site
from tracking.reports.engine import answer
from tracking.tests.factories import UserFactory
from tracking.tests.pipeline import AUSTRIAN_ADDRESS, FIREFOX, GERMAN_ADDRESS, NINE, count, hit
from tracking.views.report import details as details_module
from tracking.views.report.cards import PANELS

pytestmark = pytest.mark.django_db

DAY = "from=2026-03-02&to=2026-03-02"


@pytest.fixture
def visited(site: Site) -> Site:
    """A German reads two pages, an Austrian one; the day before, only one page was read."""
    german = {"address": GERMAN_ADDRESS, "user_agent": FIREFOX}
    count(
        [
            hit(site, NINE - timedelta(days=1), "/docs/a"),
            hit(site, NINE, "/docs/a", **german),
            hit(site, NINE + timedelta(minutes=1), "/Docs/b", **german),
            hit(site, NINE, "/docs/a", address=AUSTRIAN_ADDRESS),
            hit(site, NINE, "/pricing", address=AUSTRIAN_ADDRESS, user_agent=FIREFOX),
        ]
    )
    return site


def page(client: Client, site: Site, panel: str, query: str = "") -> Any:
    answer = client.get(f"/sites/{site.public_id}/details/{panel}/?{DAY}&{query}")
    assert answer.status_code == 200
    assert "style=" not in answer.content.decode()
    return answer


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def names(answer: Any) -> list[str]:
    return [row["text"] for row in answer.context["rows"]]


def numbers(answer: Any, name: str) -> list[Any]:
    """The numbers of one row."""
    [row] = [row for row in answer.context["rows"] if row["text"] == name]
    return [one["value"] for one in row["numbers"]]


def column(answer: Any, label: str) -> dict[str, Any]:
    [found] = [one for one in answer.context["columns"] if one["label"] == label]
    return dict(found)


def test_every_row_has_every_metric_that_fits(client: Client, visited: Site) -> None:
    answer = page(client, visited, "page")

    assert names(answer) == ["/docs/a", "/Docs/b", "/pricing"]
    assert [one["label"] for one in answer.context["columns"]] == [
        *("Visitors", "Visits", "Pageviews", "Bounce rate"),
        *("Time on page", "Scroll depth", "Exit rate"),
    ]
    assert numbers(answer, "/docs/a") == [2, 2, 2, 0.5, None, None, 0.5]
    assert [row["share"] for row in answer.context["rows"]] == [2 / 3, 1 / 3, 1 / 3]
    countries = page(client, visited, "country")
    assert numbers(countries, "Germany") == [1, 1, 2, 2.0, 0.0, 60.0]
    assert '<th scope="row">All of these</th>' in text_of(answer)


def test_every_panel_of_the_report_has_its_page_with_the_fitting_metrics(
    client: Client, visited: Site
) -> None:
    count([hit(visited, NINE, name="Sign up", props=(("plan", "x"),), address=GERMAN_ADDRESS)])
    for panel in [*PANELS.values()]:
        answer = client.get(f"/sites/{visited.public_id}/details/{panel.name}/?{DAY}")
        assert answer.status_code == (404 if panel.name == "map" else 200)
    assert numbers(page(client, visited, "event"), "Sign up") == [1, 1, 1]
    keys = page(client, visited, "property")
    assert numbers(keys, "plan") == [1, 1, 1]
    assert f"/sites/{visited.public_id}/details/prop.plan/?" in keys.context["rows"][0]["url"]
    assert numbers(page(client, visited, "prop.plan"), "x") == [1, 1, 1]


def test_hours_are_called_and_found_as_people_read_them(client: Client, site: Site) -> None:
    count([hit(site, NINE), hit(site, NINE + timedelta(hours=5), "/b", address=GERMAN_ADDRESS)])
    assert names(page(client, site, "hours")) == ["Monday 14:00", "Monday 9:00"]
    assert names(page(client, site, "hours", "q=14:")) == ["Monday 14:00"]
    assert len(names(page(client, site, "hours", "q=mond"))) == 2
    assert names(page(client, site, "hours", "q=sunday")) == []
    [row, _] = page(client, site, "hours").context["rows"]
    assert parse_qs(urlsplit(row["url"]).query)["f"] == ["weekday:is:1", "hour:is:14"]


def test_rows_stand_beside_those_of_the_compared_period(client: Client, visited: Site) -> None:
    text = text_of(page(client, visited, "page"))
    assert "compared with 1 Mar 2026" in text
    assert "up 100%" in text

    alone = text_of(page(client, visited, "page", "compare=none"))
    assert "compared with" not in alone
    assert "up 100%" not in alone


@pytest.mark.parametrize(
    ("panel", "search", "found"),
    [
        ("page", "DOCS", ["/docs/a", "/Docs/b"]),
        ("page", "docs/a", ["/docs/a"]),
        ("page", "nowhere", []),
        ("country", "germ", ["Germany"]),
        ("country", "a", ["Austria", "Germany"]),
        ("country", "atlantis", []),
        ("browser_version", "126", ["Chrome 126"]),
        ("browser_version", "fire", ["Firefox 128"]),
    ],
)
def test_the_search_finds_rows_by_a_part_of_their_text(
    client: Client, visited: Site, panel: str, search: str, found: list[str]
) -> None:
    answer = page(client, visited, panel, f"q={search}")

    assert names(answer) == found
    assert f'value="{search}"' in text_of(answer)
    if not found:
        assert f"Nothing has “{search}” in it." in text_of(answer)


def test_a_share_is_one_of_all_rows_also_of_those_that_are_not_found(
    client: Client, visited: Site
) -> None:
    answer = page(client, visited, "page", "q=pricing")
    assert [row["share"] for row in answer.context["rows"]] == [1 / 3]


def test_each_column_sorts_and_turns_the_order_around(client: Client, visited: Site) -> None:
    answer = page(client, visited, "page")
    assert column(answer, "Visitors")["sort"] == "descending"
    assert text_of(answer).count("aria-sort") == 1

    here = f"/sites/{visited.public_id}/details/page/"
    visitors = client.get(here + column(answer, "Visitors")["url"])
    assert column(visitors, "Visitors")["sort"] == "ascending"
    assert names(visitors)[-1] == "/docs/a"
    by_name = client.get(here + visitors.context["name_column"]["url"])
    assert names(by_name) == ["/Docs/b", "/docs/a", "/pricing"]
    assert by_name.context["name_column"]["sort"] == "ascending"
    around = client.get(here + by_name.context["name_column"]["url"])
    assert names(around) == ["/pricing", "/docs/a", "/Docs/b"]
    rates = page(client, visited, "page", "order=-bounce_rate")
    assert names(rates)[0] == "/pricing"


def test_rows_come_page_by_page_and_none_twice(
    client: Client, visited: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(details_module, "ROWS", 2)
    first = page(client, visited, "page", "q=/&order=page")
    assert first.context["row_count"] == 3
    assert first.context["first_url"] == ""

    url = f"/sites/{visited.public_id}/details/page/{first.context['next_url']}"
    second = client.get(url)
    assert names(first) + names(second) == ["/Docs/b", "/docs/a", "/pricing"]
    assert second.context["next_url"] == ""
    assert names(client.get(url.partition("?")[0] + second.context["first_url"])) == names(first)


def test_pages_lead_back_and_say_which_rows_they_have(
    client: Client, visited: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No page has a time: rows without a number are in the order of their names, either way.
    count([hit(visited, NINE, f"/{n}", address=GERMAN_ADDRESS) for n in range(2)])
    monkeypatch.setattr(details_module, "ROWS", 2)
    for order in ("page", "-page", "time_on_page", "-visitors"):
        pages = [page(client, visited, "page", f"order={order}")]
        while url := pages[-1].context["next_url"]:
            pages.append(client.get(f"/sites/{visited.public_id}/details/page/{url}"))
        assert [f"{one.context['first_row']} {one.context['last_row']}" for one in pages] == [
            *("1 2", "3 4", "5 5")
        ]
        found = sorted(name for one in pages for name in names(one))
        assert found == ["/0", "/1", "/Docs/b", "/docs/a", "/pricing"]
        back = [pages[-1]]
        while url := back[-1].context["previous_url"]:
            back.append(client.get(f"/sites/{visited.public_id}/details/page/{url}"))
        assert list(map(names, back)) == list(map(names, pages[::-1]))
        assert back[-1].context["next_url"]
    assert "Rows 1\N{EN DASH}2 of 5" in text_of(back[-1])
    assert 'rel="prev"' in text_of(pages[1])
    assert "Row 5 of 5" in text_of(pages[-1])


def test_beyond_the_last_row_there_is_a_way_back(client: Client, visited: Site) -> None:
    for cursor in ('[0,"~"]', 'before[9,""]'):
        answer = page(client, visited, "page", f"after={cursor}")
        assert names(answer) == []
        assert "There are no more rows here." in text_of(answer)
        assert "First rows</a>" in text_of(answer)


def test_a_row_leads_to_the_report_with_its_filter_and_the_same_state(
    client: Client, visited: Site
) -> None:
    answer = page(client, visited, "country", "tab=city&f=page:is:/docs/a&metric=visits")
    [row] = [row for row in answer.context["rows"] if row["text"] == "Germany"]
    there = urlsplit(row["url"])

    assert there.path == f"/sites/{visited.public_id}/"
    state = parse_qs(there.query)
    assert state["f"] == ["page:is:%2Fdocs%2Fa", "country:is:DE"]
    assert (state["tab"], state["metric"]) == (["city"], ["visits"])
    assert state["period"] == ["2026-03-02..2026-03-02"]
    back = parse_qs(urlsplit(answer.context["back_url"]).query)
    assert back == state | {"f": ["page:is:%2Fdocs%2Fa"]}
    assert 'aria-label="Remove the filter Page is /docs/a"' in text_of(answer)
    assert client.get(row["url"]).status_code == 200


def test_the_search_keeps_the_state_and_the_order(client: Client, visited: Site) -> None:
    answer = page(client, visited, "page", "f=country:is:DE,AT&order=-visits&tab=city")
    kept = answer.context["kept"]

    assert ("f", "country:is:DE,AT") in kept
    assert {("order", "-visits"), ("tab", "city")} <= set(kept)


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("order=wealth", "order"),
        ("order=-country", "order"),
        ("order=visits&order=visits", "order"),
        ("q=a&q=b", "q"),
        (f"q={'x' * 201}", "q"),
        ("q=%00", "filter"),
        ("after=nowhere", "after"),
        ("after=[1,2]", "after"),
        ("after=before", "after"),
        ("after=before[1,2]", "after"),
        ("after=beforebefore", "after"),
        ("color=red", "color"),
        ("period=never", "period"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_its_name(
    client: Client, visited: Site, query: str, parameter: str
) -> None:
    answer = client.get(f"/sites/{visited.public_id}/details/page/?{query}")
    assert answer.status_code == 400
    assert f"<code>{parameter}: " in answer.content.decode()


@pytest.mark.parametrize("panel", ["map", "wealth", "prop.", "time", "%ff"])
def test_what_is_no_panel_has_no_page(client: Client, site: Site, panel: str) -> None:
    assert client.get(f"/sites/{site.public_id}/details/{panel}/").status_code == 404


def test_the_details_of_somebody_elses_site_are_not_there(client: Client, visited: Site) -> None:
    client.force_login(UserFactory())
    assert client.get(f"/sites/{visited.public_id}/details/page/").status_code == 404


def test_details_ask_as_often_for_one_row_as_for_many(
    client: Client,
    visited: Site,
    django_assert_num_queries: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def counted(*args: Any, **more: Any) -> Any:
        asked.append("once")
        return answer(*args, **more)

    monkeypatch.setattr("tracking.views.report.parts.answer", counted)
    page(client, visited, "page", "q=docs")
    with django_assert_num_queries(8):
        page(client, visited, "page", "q=docs")
    assert len(asked) == 4
    count([hit(visited, NINE, f"/docs/{n}", address=f"84.112.1.{n}") for n in range(60)])
    with django_assert_num_queries(8):
        page(client, visited, "page", "q=docs")
    assert len(asked) == 6
