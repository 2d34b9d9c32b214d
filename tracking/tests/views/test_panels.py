"""What the cards of a report show, and where their rows lead."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from xml.etree import ElementTree as ET

import pytest
from django.test import Client
from django.utils.timezone import now

from tracking.models import Site
from tracking.reports.engine import answer
from tracking.tests.factories import SiteFactory
from tracking.tests.pipeline import AUSTRIAN_ADDRESS, FIREFOX, GERMAN_ADDRESS, NINE, count, hit
from tracking.views.report.cards import PANELS, card_of

pytestmark = pytest.mark.django_db

MARCH = "from=2026-03-01&to=2026-03-31"
WORLD = Path(__file__).parents[2] / "static" / "tracking" / "vendor" / "natural-earth" / "world.svg"


def card(client: Client, site: Site, name: str, query: str = "") -> Any:
    """A card as it is shown; its template's context is in `context`."""
    answer = client.get(f"/sites/{site.public_id}/cards/{name}/?{MARCH}&{query}")
    assert answer.status_code == 200
    assert "style=" not in answer.content.decode()
    return answer


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def rows_of(answer: Any) -> dict[str, list[Any]]:
    """What each row says, by its text."""
    table = answer.context["table"]
    return {row["text"]: [value for _, value in row["numbers"]] for row in table["rows"]}


def filters_of(url: str) -> list[str]:
    return parse_qs(urlsplit(url).query).get("f", [])


# Hours


def busy_week(site: Site) -> None:
    """Two visitors on Monday at nine, one on Sunday at 23:59."""
    sunday = datetime(2026, 3, 8, 23, 59, tzinfo=NINE.tzinfo)
    count([hit(site, NINE), hit(site, NINE, address=GERMAN_ADDRESS), hit(site, sunday)])


def test_every_hour_of_the_week_has_a_cell_with_its_number(client: Client, site: Site) -> None:
    busy_week(site)
    answer = card(client, site, "hours")
    days = answer.context["table"]["days"]

    assert [day["name"] for day in days][::6] == ["Monday", "Sunday"]
    assert [len(day["cells"]) for day in days] == [24] * 7
    numbers = {
        (day["name"], hour): (cell["count"], cell["shade"])
        for day in days
        for hour, cell in enumerate(day["cells"])
        if cell["count"]
    }
    assert numbers == {("Monday", 9): (2, 8), ("Sunday", 23): (1, 4)}
    text = text_of(answer)
    assert 'title="Monday, 9:00 to 10:00: 2 visitors"' in text
    assert 'title="Tuesday, 9:00 to 10:00: 0 visitors"' in text
    assert ">Tuesday, 9:00 to 10:00: 0 visitors</span></a></td>" in text
    assert "tabindex" not in text.partition('class="hours"')[2]
    assert text.count("<th scope=") == 24 + 7
    assert "Visitors by weekday and hour</caption>" in text


def test_an_hour_a_weekday_and_a_cell_filter(client: Client, site: Site) -> None:
    busy_week(site)
    table = card(client, site, "hours").context["table"]
    monday = table["days"][0]

    assert filters_of(table["hours"][9]["url"]) == ["hour:is:9"]
    assert filters_of(monday["url"]) == ["weekday:is:1"]
    assert filters_of(monday["cells"][9]["url"]) == ["weekday:is:1", "hour:is:9"]
    # Who looks at a Monday may change to a Tuesday.
    table = card(client, site, "hours", "f=weekday:is:1").context["table"]
    assert filters_of(table["days"][1]["url"]) == ["weekday:is:2"]
    assert table["days"][6]["cells"][23]["count"] == 0


# The map


def test_the_map_shades_countries_and_says_how_many_there_are(client: Client, site: Site) -> None:
    count(
        [
            *(hit(site, NINE, address=GERMAN_ADDRESS, user_agent=f"{FIREFOX} {n}") for n in "abcd"),
            hit(site, NINE, address=AUSTRIAN_ADDRESS),
            hit(site, NINE, address="127.0.0.1"),
        ]
    )
    answer = card(client, site, "places", "tab=map")
    text = text_of(answer)

    assert "<title>Germany: 4 visitors</title>" in text
    assert 'class="shade-8" href="/static/tracking/vendor/natural-earth/world.svg#DE"' in text
    assert 'class="shade-4" href="/static/tracking/vendor/natural-earth/world.svg#AT"' in text
    assert "<tr><td>Germany</td><td>4</td></tr>" in text
    assert "Of 1 visitor the country is not known." in text
    [germany] = [one for one in answer.context["table"]["countries"] if one["code"] == "DE"]
    assert filters_of(germany["url"]) == ["country:is:DE"]
    assert f"/sites/{site.public_id}/details/country/?" in text


def test_the_drawn_world_has_a_shape_for_each_country_and_is_small() -> None:
    shapes = {shape.get("id") for shape in ET.parse(WORLD).iter() if shape.get("d")}  # noqa: S314

    assert {"DE", "AT", "US", "FR", "NO", "XK", "SG", "MT", "FJ", "RU"} <= shapes
    assert "AQ" not in shapes
    assert all(name and len(name) == 2 and name.isupper() for name in shapes)
    assert WORLD.stat().st_size < 60_000


# Events and properties


@pytest.fixture
def with_events(site: Site) -> Site:
    """A German signs up twice, an Austrian once; he downloads a file, too."""
    german = {"address": GERMAN_ADDRESS}
    count(
        [
            hit(site, NINE),
            hit(site, NINE, **german),
            hit(site, NINE, name="Sign up", props=(("plan", "yearly"), ("a/b c", "1")), **german),
            hit(site, NINE, name="Sign up", props=(("plan", "yearly"),), **german),
            hit(site, NINE, name="Sign up", props=(("plan", "<b>"),)),
            hit(site, NINE, name="Download", props=(("file", "a.pdf"),)),
        ]
    )
    return site


def test_events_are_counted_with_their_visitors_and_filter(
    client: Client, with_events: Site
) -> None:
    answer = card(client, with_events, "events")

    assert rows_of(answer) == {"Sign up": [3, 2], "Download": [1, 1]}
    assert filters_of(answer.context["table"]["rows"][0]["url"]) == ["event:is:Sign%20up"]


def test_properties_are_listed_by_their_keys_and_each_opens_its_values(
    client: Client, with_events: Site
) -> None:
    answer = card(client, with_events, "events", "tab=property")
    assert rows_of(answer) == {"plan": [2, 3], "a/b c": [1, 1], "file": [1, 1]}
    urls = {row["text"]: row["url"] for row in answer.context["table"]["rows"]}
    assert parse_qs(urls["plan"][1:])["tab"] == ["prop.plan"]

    values = client.get(f"/sites/{with_events.public_id}/cards/events/{urls['plan']}")
    assert rows_of(values) == {"yearly": [1, 2], "<b>": [1, 1]}
    assert 'aria-current="true">plan</a>' in text_of(values)
    assert 'aria-current="true">Properties</a>' in text_of(values)
    [_, yearly] = values.context["table"]["rows"]
    assert filters_of(yearly["url"]) == ["prop.plan:is:yearly"]
    odd = client.get(f"/sites/{with_events.public_id}/cards/events/{urls['a/b c']}")
    assert rows_of(odd) == {"1": [1, 1]}


def test_of_one_event_only_its_own_properties_are_listed(client: Client, with_events: Site) -> None:
    answer = card(client, with_events, "events", "tab=property&f=event:is:Download")
    assert list(rows_of(answer)) == ["file"]


@pytest.mark.parametrize("tab", ["prop.", "prop.%00", "prop." + "x" * 301, "property.x", "%ff"])
def test_a_tab_that_cannot_be_is_refused(client: Client, site: Site, tab: str) -> None:
    answer = client.get(f"/sites/{site.public_id}/?{urlencode({'tab': tab})}".replace("%25", "%"))
    assert answer.status_code == 400
    assert "<code>tab: " in answer.content.decode()


# Campaigns, versions, hosts


def test_campaign_tags_have_tabs_below_the_campaigns_and_show_tagged_visits_alone(
    client: Client, site: Site
) -> None:
    tagged = "/?utm_source=letter&utm_medium=email&utm_campaign=may&utm_term=a&utm_content=b"
    count([hit(site, NINE, tagged), hit(site, NINE, address=GERMAN_ADDRESS)])

    for tag, value in (
        *(("campaign", "may"), ("source", "letter"), ("medium", "email")),
        *(("term", "a"), ("content", "b")),
    ):
        answer = card(client, site, "sources", f"tab=utm_{tag}")
        assert rows_of(answer) == {value: [1]}
        assert answer.context["table"]["rows"][0]["share"] == 1
        assert [tab["title"] for tab in answer.context["tabs"].below] == [
            *("Name", "Source", "Medium", "Term", "Content")
        ]
        assert 'aria-current="true">Campaigns</a>' in text_of(answer)
    assert answer.context["tabs"].top[0]["title"] == "Channels"
    assert card(client, site, "sources").context["tabs"].below == []


def test_a_version_is_shown_and_filtered_with_the_name_of_what_has_it(
    client: Client, site: Site
) -> None:
    count([hit(site, NINE), hit(site, NINE, user_agent=FIREFOX)])

    answer = card(client, site, "technology", "tab=browser_version")
    assert set(rows_of(answer)) == {"Chrome 126", "Firefox 128"}
    urls = {row["text"]: row["url"] for row in answer.context["table"]["rows"]}
    assert filters_of(urls["Chrome 126"]) == ["browser:is:Chrome", "browser_version:is:126"]
    assert "Linux (unknown)" in rows_of(card(client, site, "technology", "tab=system_version"))


def test_host_names_are_a_tab(client: Client, site: Site) -> None:
    count([hit(site, NINE)])
    assert rows_of(card(client, site, "pages", "tab=hostname")) == {"site.example": [1]}


# All cards


def test_a_page_of_one_site_can_be_opened(client: Client, site: Site) -> None:
    other = SiteFactory(owner=site.owner)
    count([hit(site, NINE, "/docs"), hit(other, NINE, "/docs")])

    link = f'href="{site.base_url}/docs" rel="noopener noreferrer"'
    assert link in text_of(card(client, site, "pages"))
    assert link in text_of(card(client, site, "pages", "tab=exit_page"))
    both = client.get(f"/sites/{site.public_id}+{other.public_id}/cards/pages/?{MARCH}")
    assert rows_of(both) == {"/docs": [2]}
    assert "noopener" not in text_of(both)


def test_a_row_takes_the_place_of_the_filter_that_it_narrows_down(
    client: Client, site: Site
) -> None:
    count([hit(site, NINE, address=GERMAN_ADDRESS), hit(site, NINE, address=AUSTRIAN_ADDRESS)])
    filters = "f=country:is:DE,AT&f=country:is_not:FR&f=page:is:/"
    [first, _] = card(client, site, "places", filters).context["table"]["rows"]

    kept = ["country:is_not:FR", "page:is:%2F"]
    assert filters_of(first["url"]) in ([*kept, "country:is:AT"], [*kept, "country:is:DE"])


def test_an_unknown_value_has_a_row_that_filters(client: Client, site: Site) -> None:
    count([hit(site, NINE)])
    [row] = card(client, site, "places", "tab=city").context["table"]["rows"]

    assert row["text"] == "(unknown)"
    assert filters_of(row["url"]) == ["city:is:"]
    filtered = client.get(f"/sites/{site.public_id}/cards/places/{row['url']}")
    assert rows_of(filtered) == {"(unknown)": [1]}


def test_a_small_share_is_not_none(client: Client, site: Site) -> None:
    count([hit(site, NINE, "/", address=f"84.112.1.{last}") for last in range(201)])
    count([hit(site, NINE, "/rare", address="84.112.1.1")])

    text = text_of(card(client, site, "pages"))
    assert "&lt;1%" in text
    assert ">0%" not in text


def test_a_panel_without_anything_says_so_and_leads_to_its_details(
    client: Client, site: Site
) -> None:
    for panel in PANELS.values():
        text = text_of(card(client, site, card_of(panel).name, f"tab={panel.name}"))
        assert panel.empty in text
        assert "/details/" in text


def test_a_panel_asks_the_engine_once(
    client: Client, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    count([hit(site, NINE)])
    asked: list[str] = []

    def counted(*args: Any, **more: Any) -> Any:
        asked.append("once")
        return answer(*args, **more)

    monkeypatch.setattr("tracking.views.report.parts.answer", counted)
    for panel in PANELS.values():
        card(client, site, card_of(panel).name, f"tab={panel.name}")

    assert len(asked) == len(PANELS)


def test_realtime_has_hours_and_a_map_too(client: Client, site: Site) -> None:
    count([hit(site, now() - timedelta(minutes=1))])
    for name, tab in (("hours", "hours"), ("places", "map"), ("events", "property")):
        answer = client.get(f"/sites/{site.public_id}/cards/{name}/?period=realtime&tab={tab}")
        assert answer.status_code == 200
