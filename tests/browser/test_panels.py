"""A report's cards in a browser: tabs, the map, and the search of the details."""

from urllib.parse import parse_qs, urlsplit

import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.instance import Instance

PATIENCE_MILLISECONDS = 30_000
SITE_WITH_HITS = """
from datetime import timedelta
from django.contrib.auth import get_user_model
from django.utils.timezone import now
from tracking.tests.factories import SiteFactory
from tracking.tests.pipeline import GERMAN_ADDRESS, count, hit
site = SiteFactory(owner=get_user_model().objects.get())
german = {"at": now() - timedelta(minutes=1), "address": GERMAN_ADDRESS}
count([
    hit(site, page="/docs", **german),
    hit(site, name="Sign up", props=(("plan", "yearly"),), **german),
    hit(site, now(), "/pricing"),
])
print("site:", site.public_id)
"""


@pytest.fixture
def report(instance: Instance) -> str:
    """The address of a site where a German signed up, and an Austrian came."""
    printed = instance.manage("shell", "-c", SITE_WITH_HITS)
    instance.start("web")
    return f"{instance.url}/sites/{printed.rpartition('site: ')[2].strip()}/"


def signed_in(browser: Browser, instance: Instance) -> Page:
    page = browser.new_page()
    expect.set_options(timeout=PATIENCE_MILLISECONDS)
    page.goto(f"{instance.url}/accounts/login/")
    page.get_by_label("E-mail").fill("admin@example.org")
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Sites", exact=True)).to_be_visible()
    return page


def go(page: Page, url: str) -> None:
    """Open a page, and wait for all of its parts."""
    page.goto(url)
    expect(page.locator(".part")).to_have_count(0)


def parameters(page: Page, name: str) -> list[str]:
    return parse_qs(urlsplit(page.url).query).get(name, [])


def keep_tabs_in_the_address(page: Page, report: str) -> None:
    go(page, report)
    page.get_by_role("link", name="Map", exact=True).click()
    expect(page.locator(".world a")).to_have_count(2)
    page.get_by_role("link", name="Properties").click()
    page.locator("#card-events").get_by_role("link", name="plan", exact=True).click()
    expect(page.get_by_role("link", name="yearly")).to_be_visible()
    assert parameters(page, "tab") == ["map", "prop.plan"]

    page.reload()
    expect(page.get_by_role("link", name="yearly")).to_be_visible()
    page.get_by_role("link", name="Events", exact=True).click()
    expect(page.get_by_role("link", name="Sign up")).to_be_visible()
    assert parameters(page, "tab") == ["map"]


def filter_by_the_map(page: Page, report: str) -> None:
    go(page, f"{report}?tab=map")
    germany = page.locator(".world a", has_text="Germany")
    germany.locator("use").click()
    expect(page.locator(".chip", has_text="Germany")).to_be_visible()
    assert parameters(page, "tab") == ["map"]


def find_while_typing(page: Page, report: str) -> None:
    page.goto(f"{report}details/page/")
    expect(page.get_by_role("link", name="/docs", exact=True)).to_be_visible()
    page.get_by_role("searchbox").press_sequentially("pri")
    expect(page.get_by_role("link", name="/docs", exact=True)).to_have_count(0)
    expect(page.get_by_role("link", name="/pricing", exact=True)).to_be_visible()
    expect(page.get_by_role("status")).to_have_text("1 row")
    assert parameters(page, "q") == ["pri"]


def be_without_barriers(page: Page, report: str) -> None:
    for path in ("?full=1&tab=map&tab=prop.plan&tab=browser_version", "?full=1", "details/page/"):
        page.goto(report + path)
        found = Axe().run(page)["violations"]
        assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []


@pytest.mark.browser
@pytest.mark.processes
def test_cards_keep_their_tabs_filter_by_the_map_and_their_details_are_searched(
    browser: Browser, instance: Instance, report: str
) -> None:
    page = signed_in(browser, instance)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))

    keep_tabs_in_the_address(page, report)
    filter_by_the_map(page, report)
    find_while_typing(page, report)
    be_without_barriers(page, report)

    page.close()
    assert errors == []
