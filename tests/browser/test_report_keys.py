"""The report by keyboard alone, and on paper."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.filled import Filled, all_parts_are_there

pytestmark = [pytest.mark.browser, pytest.mark.processes]

PERIODS = {
    "t": "today",
    "y": "yesterday",
    "w": "7d",
    "m": "30d",
    "q": "91d",
    "l": "12mo",
    "a": "all",
}


@pytest.fixture
def report(owner: Page, filled: Filled) -> Page:
    """The report of German visitors in a month, its shell alone: keys do not wait for parts."""
    owner.route(re.compile("/(cards|numbers)/"), lambda route: route.fulfill(status=204))
    owner.goto(f"{filled.report}?period=2026-03-01..2026-03-31&f=country:is:DE")
    return owner


def expect_address(page: Page, ending: str) -> None:
    expect(page).to_have_url(re.compile(re.escape(ending) + "$"))


def press(page: Page, key: str) -> None:
    # The sheet's button shows as soon as keys are listened to.
    expect(page.get_by_role("button", name="Keyboard shortcuts")).to_be_visible()
    page.keyboard.press(key)


def test_a_key_a_period(report: Page) -> None:
    for key, period in PERIODS.items():
        link = report.locator(f"[data-key={key}]")
        expect(link).to_have_attribute("href", f"?period={period}&f=country%3Ais%3ADE")
    expect(report.locator("[data-key=r]")).to_have_attribute("href", re.compile("/realtime/$"))
    press(report, "t")
    expect_address(report, "?period=today&f=country%3Ais%3ADE")


def test_keys_for_comparison_filters_and_sites(report: Page) -> None:
    press(report, "w")
    expect_address(report, "?period=7d&f=country%3Ais%3ADE")
    press(report, "c")
    expect_address(report, "?period=7d&compare=none&f=country%3Ais%3ADE")
    press(report, "c")
    expect_address(report, "?period=7d&f=country%3Ais%3ADE")
    press(report, "x")
    expect_address(report, "?period=7d")
    press(report, "s")
    expect_address(report, "/sites/")


def test_keys_press_what_others_put_on_the_page(report: Page) -> None:
    report.evaluate(
        """() => {
          document.querySelectorAll("#open-filter, [rel=prev]").forEach((one) => one.remove());
          document.querySelector("main").insertAdjacentHTML("beforeend", `
            <button id="open-filter">Filter</button> <a rel="prev" href="?period=year">Before</a>
          `);
          document.getElementById("open-filter").onclick = () => { document.title = "filtering"; };
        }"""
    )
    press(report, "f")
    expect(report).to_have_title("filtering")
    press(report, "ArrowLeft")
    expect_address(report, "?period=year")


def test_the_help_sheet(report: Page) -> None:
    sheet = report.get_by_role("dialog", name="Keyboard shortcuts")
    press(report, "?")
    expect(sheet).to_be_visible()
    expect(sheet.get_by_role("link")).to_have_count(len(PERIODS) + 4)
    press(report, "Escape")
    expect(sheet).to_be_hidden()
    report.get_by_role("button", name="Keyboard shortcuts").click()
    expect(sheet).to_be_visible()
    press(report, "w")
    expect_address(report, "?period=7d&f=country%3Ais%3ADE")


def test_keys_are_letters_where_one_writes_and_with_modifiers(report: Page) -> None:
    before = report.url
    report.locator("#menu-period summary").click()
    report.locator("#menu-period input[type=date]").first.focus()
    press(report, "w")
    report.locator("#menu-period summary").focus()
    for keys in ("Control+m", "Alt+w", "Shift+W", "Meta+t"):
        report.keyboard.press(keys)
    # The next key would not be answered here, had one of those been taken.
    press(report, "?")
    expect(report.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    assert report.url == before


def test_keys_can_be_turned_off(report: Page) -> None:
    press(report, "?")
    report.get_by_label("Use these shortcuts in this browser").uncheck()
    report.reload()
    press(report, "w")
    report.keyboard.press("?")
    sheet = report.get_by_role("dialog", name="Keyboard shortcuts")
    expect(sheet).to_be_hidden()
    report.get_by_role("button", name="Keyboard shortcuts").click()
    report.get_by_label("Use these shortcuts in this browser").check()
    report.get_by_role("button", name="Close").click()
    report.keyboard.press("w")
    expect_address(report, "?period=7d&f=country%3Ais%3ADE")


def test_the_report_prints_in_light_without_what_only_a_screen_can_use(
    owner: Page, filled: Filled
) -> None:
    owner.emulate_media(media="print", color_scheme="dark")
    owner.set_viewport_size({"width": 720, "height": 1000})
    owner.goto(f"{filled.report}?period=30d&f=country:is:DE")
    all_parts_are_there(owner)

    expect(owner.locator("body")).to_have_css("background-color", "rgb(255, 255, 255)")
    expect(owner.locator(".printed")).to_contain_text("Last 30 days")
    expect(owner.locator(".printed")).to_contain_text("Country is Germany")
    expect(owner.get_by_role("heading", level=1)).to_be_visible()
    shown = "(all) => all.filter((one) => one.checkVisibility()).map((one) => one.outerHTML)"
    aids = "nav, button, summary:not(.switcher summary), .btn, .skip, .tabs a:not([aria-current])"
    assert owner.locator(aids).evaluate_all(shown) == []
    for part in owner.locator(".panel:not(dialog)").all():
        expect(part).to_have_css("break-inside", "avoid")
    chart = owner.locator("#chart canvas")
    box, page = chart.bounding_box(), owner.locator("main").bounding_box()
    assert box
    assert page
    assert 0 < box["width"] <= page["width"]
