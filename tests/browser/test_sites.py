"""Sites are found, chosen and switched with the keyboard alone."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.instance import Instance

pytestmark = [pytest.mark.browser, pytest.mark.processes]

TWELVE_SITES = """
from accounts.models import User
from tracking.models import Site
owner = User.objects.get()
for number in range(12):
    name = f"site{number}.example"
    Site.objects.create(name=name, base_url=f"https://{name}", owner=owner)
"""


@pytest.fixture
def admin(instance: Instance, browser: Browser) -> Iterator[Page]:
    """Somebody with a dozen sites, who looks at all of them."""
    # One process for all of them: each takes a second to start.
    instance.manage("shell", "-c", TWELVE_SITES)
    instance.start("web")
    page = browser.new_page(base_url=instance.url)
    page.goto("/")
    page.get_by_label("E-mail").fill("admin@example.org")
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Sites", exact=True)).to_be_visible()
    page.wait_for_load_state()
    yield page
    page.close()


def test_sites_are_found_chosen_and_switched(admin: Page) -> None:
    admin.get_by_label("Choose site3.example").check()
    admin.get_by_label("Search by name or address").press_sequentially("SITE7")
    cards = admin.locator(".site-card")
    expect(cards).to_have_count(1)
    expect(admin.locator("#site-count")).to_have_text("1 of 12 sites")
    expect(admin).to_have_url(re.compile(r"/sites/\?q=SITE7$"))
    admin.get_by_label("Choose site7.example").check()
    admin.get_by_label("Search by name or address").fill("")
    expect(cards).to_have_count(12)
    expect(admin.get_by_label("Choose site3.example")).to_be_checked()
    admin.get_by_role("button", name="Report on 2 sites").click()
    expect(admin).to_have_url(re.compile(r"/sites/\w{10}\+\w{10}/$"))
    admin.wait_for_load_state()

    summary = admin.locator(".switcher summary")
    summary.focus()
    admin.keyboard.press("Enter")
    search = admin.get_by_label("Search your sites")
    expect(search).to_be_focused()
    admin.keyboard.type("site1")
    expect(admin.locator(".switcher-sites li:visible")).to_have_count(3)
    admin.keyboard.press("ArrowDown")
    expect(admin.get_by_role("link", name="site1.example")).to_be_focused()
    admin.keyboard.press("Escape")
    expect(summary).to_be_focused()
    admin.keyboard.press("Enter")
    search.fill("site11")
    admin.keyboard.press("Enter")
    expect(admin.get_by_role("heading", level=1)).to_have_text("site11.example")
