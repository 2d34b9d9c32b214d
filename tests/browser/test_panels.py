"""A report's cards in a browser: tabs, the map, and the search of the details."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from axe_core_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from django.utils.timezone import now
from playwright.sync_api import Browser, Page, expect

from tracking.models import Site
from tracking.tests.factories import SiteFactory
from tracking.tests.pipeline import GERMAN_ADDRESS, count, hit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def beside_a_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Playwright runs a loop in the thread in which tests speak with the database."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")


@pytest.fixture
def site(beside_a_loop: None, transactional_db: None) -> Site:
    """A site with a German who signed up, and an Austrian."""
    site = SiteFactory()
    at = now() - timedelta(minutes=1)
    count(
        [
            hit(site, at, "/docs", address=GERMAN_ADDRESS),
            hit(site, at, name="Sign up", props=(("plan", "yearly"),), address=GERMAN_ADDRESS),
            hit(site, at, "/pricing"),
        ]
    )
    return site


@pytest.fixture
def page(browser: Browser, site: Site, live_server: Any) -> Iterator[Page]:
    """A page of the owner's, in which nothing may go wrong."""
    client = Client()
    client.force_login(site.owner)
    context = browser.new_context(base_url=live_server.url)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}]
    )
    errors: list[str] = []
    opened = context.new_page()
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    yield opened
    context.close()
    assert errors == []


def tabs_in(page: Page) -> list[str]:
    return parse_qs(urlsplit(page.url).query).get("tab", [])


def test_tabs_of_several_cards_stay_open_in_the_address(page: Page, site: Site) -> None:
    page.goto(f"/sites/{site.public_id}/")
    page.get_by_role("link", name="Map", exact=True).click()
    expect(page.locator(".world a")).to_have_count(2)
    page.get_by_role("link", name="Properties").click()
    page.locator("#card-events").get_by_role("link", name="plan", exact=True).click()
    expect(page.get_by_role("link", name="yearly")).to_be_visible()
    assert tabs_in(page) == ["map", "prop.plan"]

    page.reload()
    expect(page.get_by_role("link", name="yearly")).to_be_visible()
    page.get_by_role("link", name="Events", exact=True).click()
    expect(page.get_by_role("link", name="Sign up")).to_be_visible()
    assert tabs_in(page) == ["map"]


def test_a_click_on_a_country_of_the_map_filters(page: Page, site: Site) -> None:
    page.goto(f"/sites/{site.public_id}/?tab=map")
    germany = page.locator(".world a", has_text="Germany")
    expect(germany.locator("title")).to_have_text("Germany: 1 visitors")
    box = germany.locator("use").bounding_box()
    assert box is not None, "the shape was not loaded"
    assert box["width"] > 5

    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    expect(page.locator(".chip", has_text="Germany")).to_be_visible()
    assert tabs_in(page) == ["map"]


def test_the_search_finds_while_it_is_typed_and_is_in_the_address(page: Page, site: Site) -> None:
    page.goto(f"/sites/{site.public_id}/details/page/")
    expect(page.get_by_role("link", name="/docs", exact=True)).to_be_visible()

    page.get_by_role("searchbox").press_sequentially("pri")

    expect(page.get_by_role("link", name="/docs", exact=True)).to_have_count(0)
    expect(page.get_by_role("link", name="/pricing", exact=True)).to_be_visible()
    expect(page.get_by_role("status")).to_have_text("1 row")
    assert parse_qs(urlsplit(page.url).query)["q"] == ["pri"]


def test_cards_and_details_can_be_used_by_anybody(page: Page, site: Site) -> None:
    axe = Axe()
    for path in ("?full=1&tab=map&tab=prop.plan&tab=browser_version", "?full=1", "details/page/"):
        page.goto(f"/sites/{site.public_id}/{path}")
        broken = axe.run(page)["violations"]
        assert [(one["id"], one["nodes"][0]["html"]) for one in broken] == []
