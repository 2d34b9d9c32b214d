"""The hours of the week by keyboard: a grid, and links for those without scripts."""

import re

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.filled import Filled, all_parts_are_there

pytestmark = [pytest.mark.browser, pytest.mark.processes]

ALL = "?period=7d&full=1"
IN_GRID = "[role=grid] a[tabindex='0']"


@pytest.fixture(params=["", "full=1"], ids=["part", "whole"])
def grid(owner: Page, filled: Filled, request: pytest.FixtureRequest) -> Locator:
    """The grid, on a page that loads it as a part and on one that has it at once."""
    owner.goto(f"{filled.report}?period=7d&{request.param}")
    all_parts_are_there(owner)
    return owner.get_by_role("grid", name="Visitors by weekday and hour")


def expect_focus(page: Page, words: str) -> None:
    expect(page.locator(":focus")).to_have_attribute("title", re.compile(f"^{words}"))


def test_the_grid_is_one_tab_stop_and_arrows_lead_through_it(grid: Locator) -> None:
    page, keys = grid.page, grid.page.keyboard
    expect(grid.get_by_role("gridcell")).to_have_count(24 * 7 + 1)
    expect(page.locator(IN_GRID)).to_have_count(1)
    page.locator("#card-hours").get_by_role("link", name="Details").focus()
    keys.press("Tab")
    expect_focus(page, "0:00 to 1:00")
    # There is nothing above and nothing to the left.
    keys.press("ArrowUp")
    keys.press("ArrowLeft")
    expect_focus(page, "0:00 to 1:00")
    for key, words in (
        ("ArrowDown", "Monday, 0:00 to 1:00: "),
        ("ArrowRight", "Monday, 1:00 to 2:00: "),
        ("ArrowDown", "Tuesday, 1:00 to 2:00: "),
        ("Home", "Tuesday"),
        ("ArrowRight", "Tuesday, 0:00 to 1:00: "),
        ("End", "Tuesday, 23:00 to 24:00: "),
        ("ArrowRight", "Tuesday, 23:00 to 24:00: "),
        ("Control+End", "Sunday, 23:00 to 24:00: "),
        ("ArrowLeft", "Sunday, 22:00 to 23:00: "),
    ):
        keys.press(key)
        expect_focus(page, words)
    expect(page.locator(IN_GRID)).to_have_count(1)
    expect(page.locator(":focus")).to_have_css("outline-style", "solid")
    # Tab leaves, and comes back to the same cell.
    keys.press("Tab")
    expect(grid.locator(":focus")).to_have_count(0)
    keys.press("Shift+Tab")
    expect_focus(page, "Sunday, 22:00 to 23:00: ")
    keys.press("Enter")
    expect(page).to_have_url(re.compile("f=weekday%3Ais%3A7&f=hour%3Ais%3A22$"))


def test_without_scripts_each_cell_is_a_link_and_all_can_be_skipped(
    filled: Filled, readers_browser: Browser
) -> None:
    context = filled.context(readers_browser, scripts=False)
    page = context.new_page()
    page.goto(filled.report + ALL)
    page.get_by_role("link", name="Skip the hours").focus()
    page.keyboard.press("Tab")
    expect_focus(page, "0:00 to 1:00")
    for _ in range(25):
        page.keyboard.press("Tab")
    expect_focus(page, "Monday, 0:00 to 1:00: ")
    page.get_by_role("link", name="Skip the hours").press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator(".hours :focus")).to_have_count(0)
    page.get_by_role("link", name=re.compile("^Friday, 9:00 to 10:00: ")).press("Enter")
    expect(page).to_have_url(re.compile("f=weekday%3Ais%3A5&f=hour%3Ais%3A9$"))
    context.close()
