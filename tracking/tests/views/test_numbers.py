"""The big numbers, the chart, and the pickers of period, comparison and interval."""

import json
import re
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import now

from tracking.models import Annotation, Site
from tracking.tests.factories import SiteFactory
from tracking.tests.pipeline import NINE, count, hit

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def site(client: Client) -> Any:
    """Two visits on 2 March, one of them with two pages, and one visit the day before."""
    site = SiteFactory()
    client.force_login(site.owner)
    count(
        [
            hit(site, NINE - DAY, "/before"),
            hit(site, NINE, "/one"),
            hit(site, NINE + timedelta(minutes=1), "/two"),
            hit(site, NINE + timedelta(hours=2), "/late"),
        ]
    )
    return site


def series(client: Client, site: Site, query: str) -> Any:
    answer = client.get(f"/sites/{site.public_id}/numbers/?{query}")
    assert answer.status_code == 200
    found = re.search(
        r'id="chart-series" type="application/json">(.*?)</script>', answer.content.decode()
    )
    assert found
    return json.loads(found[1])


def page(client: Client, site: Site, query: str) -> Any:
    answer = client.get(f"/sites/{site.public_id}/?{query}")
    assert answer.status_code == 200
    return answer.context


def test_the_chart_has_every_metric_and_what_it_is_compared_with(
    client: Client, site: Site
) -> None:
    found = series(client, site, "period=2026-03-02..2026-03-02&metric=pageviews")

    assert found["metric"] == "pageviews"
    assert (found["labels"][9], found["comparedLabels"][9]) == ("09:00", "09:00")
    pageviews, visits = found["metrics"]["pageviews"], found["metrics"]["visits"]
    assert (pageviews["values"][9], pageviews["values"][11], pageviews["compared"][9]) == (2, 1, 1)
    assert (visits["values"][9], visits["compared"][11]) == (1, 0)
    assert len(pageviews["values"]) == len(pageviews["compared"]) == 24
    assert not found["open"]


def test_the_series_can_be_zoomed_into_whole_days(client: Client, site: Site) -> None:
    found = series(client, site, "from=2026-02-16&to=2026-03-15&interval=week&f=page:is_set:")

    assert found["days"][0] == ["2026-02-16", "2026-02-22"]
    assert found["days"][-1] == ["2026-03-09", "2026-03-15"]
    assert found["zoom"] == "?period=FROM..TO&f=page%3Ais_set%3A"
    months = series(client, site, "from=2026-02-16&to=2026-04-15&interval=month")
    assert months["days"] == [
        ["2026-02-16", "2026-02-28"],
        ["2026-03-01", "2026-03-31"],
        ["2026-04-01", "2026-04-15"],
    ]


def test_today_has_no_hours_to_come_and_its_last_is_open(client: Client, site: Site) -> None:
    count([hit(site, now())])
    found = series(client, site, "period=today")

    assert len(found["labels"]) == now().hour + 1
    assert found["open"]


@pytest.mark.parametrize(
    ("query", "labels"),
    [
        ("period=2026-03-02..2026-03-02", ["Minutes", "Hours", "Days"]),
        ("from=2026-02-01&to=2026-03-02", ["Hours", "Days", "Weeks", "Months"]),
        ("from=2026-01-01&to=2026-12-31", ["Days", "Weeks", "Months"]),
    ],
)
def test_a_period_offers_the_intervals_that_it_can_be_cut_by(
    client: Client, site: Site, query: str, labels: list[str]
) -> None:
    answer = client.get(f"/sites/{site.public_id}/numbers/?{query}")
    assert [one["label"] for one in answer.context["intervals"]] == labels


@pytest.mark.parametrize(
    ("period", "before", "after"),
    [
        ("2026-03-02..2026-03-02", "2026-03-01..2026-03-01", "2026-03-03..2026-03-03"),
        ("2026-03-01..2026-03-31", "2026-02-01..2026-02-28", "2026-04-01..2026-04-30"),
        ("2026-03-02..2026-03-08", "2026-02-23..2026-03-01", "2026-03-09..2026-03-15"),
        ("1970-01-01..1970-01-02", None, "1970-01-03..1970-01-04"),
    ],
)
def test_the_periods_before_and_after_are_one_click_away(
    client: Client, site: Site, period: str, before: str | None, after: str
) -> None:
    picker = page(client, site, f"period={period}")["period"]

    assert picker["previous_url"] == (f"?period={before}" if before else "")
    assert picker["next_url"] == f"?period={after}"


@pytest.mark.parametrize("period", ["today", "30d", "month", "12mo", "all", "realtime"])
def test_there_is_no_step_into_the_future(client: Client, site: Site, period: str) -> None:
    picker = page(client, site, f"period={period}")["period"]

    assert not picker["next_url"]
    assert bool(picker["previous_url"]) == (period not in {"all", "realtime"})


def test_what_a_period_is_compared_with_can_be_chosen(client: Client, site: Site) -> None:
    def urls(query: str) -> dict[str, str]:
        picker = page(client, site, query)["comparison"]
        return {one["label"]: one["url"] for one in picker["options"] if not one["is_chosen"]}

    assert urls("period=7d") == {
        "Same period a year ago": "?period=7d&compare=year",
        "Nothing": "?period=7d&compare=none",
    }
    assert urls("period=7d&compare=year&match=weekdays") == {
        "Period before": "?period=7d&compare=previous&match=weekdays",
        "Nothing": "?period=7d&compare=none",
    }
    assert urls("period=7d&compare=none")["Period before"] == "?period=7d"
    assert urls("period=all") == {"Same period a year ago": "?period=all&compare=year"}
    assert page(client, site, "period=realtime")["comparison"] is None


def test_any_days_can_be_compared_with_by_a_form(client: Client, site: Site) -> None:
    query = "period=2026-03-02..2026-03-02&compare_from=2026-03-01&compare_to=2026-03-01"
    context = page(client, site, query)

    assert context["comparison"]["label"] == "vs 1 Mar 2026"
    assert context["state"].url() == "?period=2026-03-02..2026-03-02&compare=2026-03-01..2026-03-01"
    assert series(client, site, query)["metrics"]["visits"]["compared"][9] == 1
    # Another period is compared with what came before it.
    assert page(client, site, query)["period"]["previous_url"] == "?period=2026-03-01..2026-03-01"


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("compare_from=2026-03-01", "compare"),
        ("compare_from=x&compare_to=y", "compare"),
        ("compare=sometimes", "compare"),
        ("period=7d&interval=minute", "interval"),
        ("tab=mood", "tab"),
        ("full=2", "full"),
    ],
)
def test_what_cannot_be_asked_names_its_parameter(
    client: Client, site: Site, query: str, parameter: str
) -> None:
    for path in ("", "numbers/", "cards/pages/"):
        answer = client.get(f"/sites/{site.public_id}/{path}?{query}")
        assert answer.status_code == 400
        assert f"<code>{parameter}: " in answer.content.decode()


def test_owners_notes_are_in_the_chart_and_its_table(client: Client, site: Site) -> None:
    for day, text in ((date(2026, 3, 2), "<b>Launch</b>"), (date(2026, 3, 9), "Later")):
        Annotation.objects.create(site=site, day=day, text=text)
    query = "from=2026-03-01&to=2026-03-03"

    assert series(client, site, query)["notes"] == {"1": "<b>Launch</b>"}
    answer = client.get(f"/sites/{site.public_id}/?{query}&full=1").content.decode()
    assert "<td>&lt;b&gt;Launch&lt;/b&gt;</td>" in answer
    assert "Later" not in answer
    other = SiteFactory(owner=site.owner)
    both = f"/sites/{site.public_id}+{other.public_id}/?{query}&full=1"
    assert "Launch" not in client.get(both).content.decode()


@pytest.mark.parametrize(
    ("period", "day"),
    [("2026-03-01..2026-03-02", date(2026, 3, 2)), ("7d", None)],
)
def test_a_note_can_be_added_to_the_last_day_that_is_shown(
    client: Client, site: Site, period: str, day: date | None
) -> None:
    count([hit(site, now())])
    url = f"/sites/{site.public_id}/annotations/?day={day or site.today()}"
    answer = client.get(f"/sites/{site.public_id}/numbers/?period={period}").content.decode()
    assert f'href="{url}">Add a note</a>' in answer

    other = SiteFactory(owner=site.owner)
    both = client.get(f"/sites/{site.public_id}+{other.public_id}/numbers/?period={period}")
    assert "Add a note" not in both.content.decode()


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        (date(2026, 10, 5), date(2026, 10, 5), "5 Oct 2026"),
        (date(2026, 10, 5), date(2026, 11, 7), "5 Oct \N{EN DASH} 7 Nov 2026"),
        (date(2025, 12, 7), date(2026, 1, 5), "7 Dec 2025 \N{EN DASH} 5 Jan 2026"),
    ],
)
def test_a_change_names_the_days_that_it_is_from(
    client: Client, site: Site, first: date, last: date, words: str
) -> None:
    count([hit(site, datetime.combine(last, NINE.timetz()))])
    query = f"period=2026-03-02..2026-03-02&compare={first}..{last}"
    answer = client.get(f"/sites/{site.public_id}/numbers/?{query}").content.decode()
    assert f'<span class="visually-hidden">up 100% from {words}</span>' in answer
    assert f'title="1 from {words}"' in answer


def test_without_scripts_the_chart_is_an_open_table(client: Client, site: Site) -> None:
    query = "period=2026-03-02..2026-03-02&interval=day&metric=visits&full=1"
    answer = client.get(f"/sites/{site.public_id}/?{query}").content.decode()
    table = answer.partition('<details class="chart-table" open>')[2].partition("</table>")[0]
    assert [*re.findall("<t[hd][^>]*>(.*?)</t", table)] == [
        *("Time", "Visits", "Compared"),
        *("2 Mar", "2", "1"),
    ]


def test_notes_are_added_changed_and_deleted(client: Client, site: Site) -> None:
    url = f"/sites/{site.public_id}/annotations/"
    assert "No notes yet" in client.get(url).content.decode()
    assert 'value="2026-03-02"' in client.get(f"{url}?day=2026-03-02").content.decode()

    assert client.post(url, {"day": "2026-03-02", "text": "Launch"}).status_code == 302
    note = site.annotations.get()
    assert (note.author, note.day, note.text) == (site.owner, date(2026, 3, 2), "Launch")
    assert (
        client.post(f"{url}{note.pk}/", {"day": "2026-03-03", "text": "Start"}).status_code == 302
    )
    assert "Start" in client.get(url).content.decode()
    assert "Start" in client.get(f"{url}{note.pk}/delete/").content.decode()
    assert site.annotations.exists()
    client.post(f"{url}{note.pk}/delete/")
    assert not site.annotations.exists()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"day": "2026-03-02", "text": "x" * 201}, "at most 200 characters"),
        ({"day": "0001-01-01", "text": "Old"}, "Expected a year from 1970"),
        ({"day": "soon", "text": "Soon"}, "Enter a valid date"),
        ({}, "This field is required"),
    ],
)
def test_a_note_that_is_none_is_refused(
    client: Client, site: Site, fields: dict[str, str], words: str
) -> None:
    answer = client.post(f"/sites/{site.public_id}/annotations/", fields)

    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not site.annotations.exists()


def test_nobody_else_knows_of_a_sites_notes(client: Client, site: Site) -> None:
    note = Annotation.objects.create(site=site, day=date(2026, 3, 2), text="Launch")
    own = SiteFactory()
    client.force_login(own.owner)
    for path in ("", f"{note.pk}/", f"{note.pk}/delete/"):
        for public_id in (site.public_id, own.public_id)[: 1 if not path else 2]:
            url = f"/sites/{public_id}/annotations/{path}"
            assert client.get(url).status_code == 404
            assert client.post(url, {"day": "2026-03-02", "text": "Mine"}).status_code == 404
    assert site.annotations.get().text == "Launch"
