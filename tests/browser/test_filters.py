"""Filters and segments of a report, by keyboard alone."""

from collections.abc import Iterator

import pytest
import requests
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.filled import Filled, all_parts_are_there
from tests.instance import Instance, wait_for

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:{}.0) Gecko/20100101 Firefox/{}.0"
# A whole page is worked out again after each step, maybe on a machine that does much else.
PATIENCE_MS = 30_000
PAGES = ("/docs/install", "/docs/install", "/docs/start", "/pricing")


def visit_pages(instance: Instance, site: str) -> None:
    """A visitor for each page, who differ in the version of their browser."""
    for number, page in enumerate(PAGES, 120):
        answer = requests.post(
            f"{instance.url}/t/{site}",
            json={"u": f"https://site.example{page}"},
            headers={"User-Agent": FIREFOX.format(number, number)},
            timeout=10,
        )
        answer.raise_for_status()


@pytest.fixture
def report(instance: Instance, browser: Browser) -> Iterator[Page]:
    """The owner's report of a site with visitors, everything on it at once."""
    site = instance.manage("add_site", "site.example", "--owner", "admin@example.org").strip()
    instance.start()
    visit_pages(instance, site)
    page = browser.new_page(base_url=instance.url)
    page.goto("/")
    page.get_by_label("E-mail").fill("admin@example.org")
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Sites", exact=True)).to_be_visible()

    def has_all() -> bool:
        page.goto(f"/sites/{site}/?full=1&period=7d")
        return "4" in page.locator(".number").first.inner_text().split()

    wait_for("the hits to be counted", has_all)
    yield page
    page.close()


def no_barriers(page: Page) -> None:
    found = Axe().run(page)["violations"]
    assert not [(one["id"], [node["html"] for node in one["nodes"]][:3]) for one in found]


def visitors(page: Page, number: int) -> None:
    """Wait until the report is about this many visitors."""
    expect(page.locator(".number .value").first).to_have_text(str(number), timeout=PATIENCE_MS)


@pytest.mark.browser
@pytest.mark.processes
def test_a_filter_is_added_edited_negated_kept_and_removed_by_keyboard(report: Page) -> None:
    problems: list[str] = []
    report.on("pageerror", lambda error: problems.append(str(error)))
    keys = report.keyboard
    options = report.get_by_role("listbox", name="Values").get_by_role("option")

    # Typing narrows the list down, arrows choose in it, Enter takes.
    report.locator("#open-filter").press("Enter")
    dialog = report.get_by_role("dialog", name="Add a filter")
    expect(dialog.get_by_label("What")).to_be_focused(timeout=PATIENCE_MS)
    field = dialog.get_by_role("combobox", name="Another value")
    field.focus()
    keys.press("ArrowDown")
    expect(options).to_have_count(3, timeout=PATIENCE_MS)
    expect(options.first).to_contain_text("/docs/install")
    keys.type("DOCS")
    expect(options).to_have_count(2, timeout=PATIENCE_MS)
    keys.press("ArrowDown")
    expect(field).to_have_attribute("aria-activedescendant", "filter-option-0")
    no_barriers(report)
    # Escape closes the list alone; free text is taken as it is.
    keys.press("Escape")
    expect(options).to_have_count(0)
    expect(dialog).to_be_visible()
    field.fill("/nowhere")
    keys.press("Enter")
    expect(dialog.get_by_role("checkbox")).to_have_count(1)
    keys.press("ArrowDown")
    expect(options).to_have_count(3, timeout=PATIENCE_MS)
    keys.press("ArrowUp")
    keys.press("ArrowDown")
    keys.press("Enter")
    expect(dialog.get_by_role("checkbox", name="/docs/install")).to_be_checked()
    no_barriers(report)
    keys.press("Enter")
    visitors(report, 2)
    assert "page%3Ais%3A%252Fnowhere%2C%252Fdocs%252Finstall" in report.url

    # The chip opens what it says; Backspace takes the last value away.
    report.get_by_role("link", name="Edit the filter Page is").press("Enter")
    dialog = report.get_by_role("dialog", name="Edit the filter")
    expect(dialog.get_by_role("checkbox")).to_have_count(2, timeout=PATIENCE_MS)
    keys.press("Backspace")
    expect(dialog.get_by_role("checkbox")).to_have_count(1)
    keys.type("/pricing")
    keys.press("Enter")
    keys.press("Enter")
    visitors(report, 1)
    report.get_by_role("link", name="is", exact=True).press("Enter")
    visitors(report, 3)
    no_barriers(report)

    # What is there now is kept under a name, and comes back with one choice.
    report.locator("#menu-segments summary").press("Enter")
    report.get_by_label("Save these filters as").fill("Others")
    no_barriers(report)
    keys.press("Enter")
    expect(report.get_by_text("Saved as “Others”.")).to_be_visible(timeout=PATIENCE_MS)
    no_barriers(report)
    report.get_by_role("link", name="Remove the filter Page is not").press("Enter")
    visitors(report, 4)
    report.locator("#menu-segments summary").press("Enter")
    report.get_by_role("link", name="Others", exact=True).press("Enter")
    visitors(report, 3)
    report.go_back()
    visitors(report, 4)
    report.go_forward()
    visitors(report, 3)
    assert problems == []


@pytest.mark.browser
@pytest.mark.processes
def test_a_propertys_key_is_chosen_among_the_sites_own(owner: Page, filled: Filled) -> None:
    owner.goto(f"{filled.report}?period=30d")
    all_parts_are_there(owner)
    owner.locator("#open-filter").press("Enter")
    dialog = owner.get_by_role("dialog", name="Add a filter")
    dialog.get_by_label("What").select_option("Property")
    key = dialog.get_by_label("Property's key")
    key.focus()
    keys = dialog.locator("datalist option")
    expect(keys).to_have_count(1, timeout=PATIENCE_MS)
    expect(keys).to_have_attribute("value", "plan")
    no_barriers(owner)
    key.fill("x")
    expect(keys).to_have_count(0, timeout=PATIENCE_MS)
    key.fill("pl")
    expect(keys).to_have_count(1, timeout=PATIENCE_MS)

    key.fill("plan")
    dialog.get_by_role("combobox", name="Another value").press("ArrowDown")
    owner.get_by_role("option", name="yearly").click(timeout=PATIENCE_MS)
    dialog.get_by_role("button", name="Show the report").click()
    expect(owner.get_by_role("link", name="Edit the filter plan is yearly")).to_be_visible()
    assert "f=prop.plan%3Ais%3Ayearly" in owner.url


@pytest.mark.browser
@pytest.mark.processes
def test_without_scripts_the_keys_are_listed(filled: Filled, readers_browser: Browser) -> None:
    context = filled.context(readers_browser, scripts=False)
    page = context.new_page()
    page.goto(f"{filled.report}conditions/?period=30d")
    page.get_by_label("What").select_option("Property")
    page.get_by_role("button", name="Show this site's keys and values").click()
    expect(page.get_by_text("Keys of this site: plan")).to_be_visible()
    context.close()
