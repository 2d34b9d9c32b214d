"""The chart of the report, by mouse and by keyboard."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.filled import Filled, all_parts_are_there

pytestmark = [pytest.mark.browser, pytest.mark.processes]


@pytest.fixture
def report(owner: Page, filled: Filled) -> Page:
    owner.goto(filled.report)
    all_parts_are_there(owner)
    return owner


def test_another_number_is_drawn_without_asking_again_and_back_undoes_it(report: Page) -> None:
    asked: list[str] = []
    report.on("request", lambda request: asked.append(request.url))
    drawn = report.locator(".number[aria-current]")
    report.locator("[data-metric=bounce_rate]").click()

    expect(report).to_have_url(re.compile("metric=bounce_rate"))
    expect(drawn).to_contain_text("Bounce rate")
    expect(report.locator(".chart-table summary")).to_have_text("Bounce rate as a table")
    # Today may have had no visit so far.
    rates = report.locator(".chart-table tbody td:nth-child(2)")
    expect(rates.filter(has_text="%").first).to_be_attached()
    # Chromium may fetch the icon as late as now.
    assert [url for url in asked if "/numbers/" in url] == []
    report.go_back()
    expect(drawn).to_contain_text("Visitors")
    expect(report.locator(".chart-table summary")).to_have_text("Visitors as a table")
    report.go_forward()
    report.reload()
    all_parts_are_there(report)
    expect(drawn).to_contain_text("Bounce rate")


def test_the_chosen_number_stays_with_what_is_clicked_next(report: Page) -> None:
    report.locator("[data-metric=visits]").click()
    report.locator("#menu-period summary").click()
    report.locator("[data-period='7d']").click()
    expect(report).to_have_url(re.compile(r"(?=.*period=7d)(?=.*metric=visits)"))
    all_parts_are_there(report)

    report.locator("[data-metric=visitors]").click()
    report.locator("#menu-compare summary").click()
    report.locator("#menu-compare form button").click()
    expect(report).to_have_url(re.compile("compare_from="))
    assert "metric=" not in report.url


def test_the_chart_is_read_by_arrow_keys(report: Page) -> None:
    rows = report.locator(".chart-table tbody tr")
    last, before = (" ".join(rows.nth(at).locator("td").all_text_contents()) for at in (-1, -2))
    says = report.locator("#chart-says")
    report.locator("#chart").focus()
    report.keyboard.press("ArrowLeft")
    expect(says).to_contain_text(f"{last.split()[0]} {last.split()[1]}: ")
    report.keyboard.press("ArrowLeft")
    expect(says).to_contain_text(f"{before.split()[0]} {before.split()[1]}: ")
    assert "period=" not in report.url


def test_dragging_over_the_chart_zooms_into_its_days(report: Page) -> None:
    box = report.locator("#chart .u-over").bounding_box()
    assert box
    middle = box["y"] + box["height"] / 2
    report.mouse.move(box["x"] + box["width"] * 0.6, middle)
    report.mouse.down()
    report.mouse.move(box["x"] + box["width"] * 0.9, middle, steps=5)
    report.mouse.up()

    expect(report).to_have_url(re.compile(r"period=\d{4}-\d\d-\d\d\.\.\d{4}-\d\d-\d\d"))
    all_parts_are_there(report)
    assert 5 < report.locator(".chart-table tbody tr").count() < 15
    report.go_back()
    all_parts_are_there(report)
    assert report.locator(".chart-table tbody tr").count() == 30


def test_escape_leaves_a_drag_without_a_zoom(report: Page) -> None:
    box = report.locator("#chart .u-over").bounding_box()
    assert box
    middle, before = box["y"] + box["height"] / 2, report.url
    report.mouse.move(box["x"] + box["width"] * 0.6, middle)
    report.mouse.down()
    report.mouse.move(box["x"] + box["width"] * 0.9, middle, steps=5)
    report.keyboard.press("Escape")
    expect(report.locator("#chart .u-select")).to_be_hidden()
    report.mouse.up()
    assert report.url == before
    # The next one zooms again.
    report.mouse.down()
    report.mouse.move(box["x"] + box["width"] * 0.7, middle, steps=5)
    report.mouse.up()
    expect(report).to_have_url(re.compile("period="))
