"""Parts of the report that are slow, busy or failing, and tabs that come and go with Back."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.filled import Filled, Held, all_parts_are_there

pytestmark = [pytest.mark.browser, pytest.mark.processes]

EXCUSE = """
  <section class="panel card excuse part" role="alert">
    <p>These numbers can't be read just now.</p><button hx-get="/">Try again</button>
  </section>
"""


def answer_places(page: Page, answer: Callable[[Route], None]) -> None:
    """Answer in the server's place for the card of places."""
    page.route("**/cards/places/**", answer)


def places_come(page: Page) -> None:
    """From now on the server answers for it again."""
    page.unroute("**/cards/places/**")


def expect_places(page: Page) -> None:
    expect(page.locator("#card-places .card-body")).to_contain_text("Germany")
    expect(page.locator("#card-places[aria-busy]")).to_have_count(0)


def broken(route: Route) -> None:
    route.fulfill(status=500, content_type="text/html", body="<h1>Oh</h1>")


def excused(route: Route) -> None:
    route.fulfill(status=503, content_type="text/html", body=EXCUSE)


def excused_late(route: Route) -> None:
    route.fulfill(status=200, content_type="text/html", body=EXCUSE)


def cut_off(route: Route) -> None:
    route.abort("internetdisconnected")


FAILURES = {
    "pages": (broken, "could not be loaded"),
    "places": (cut_off, "Is there a network?"),
    "technology": (excused, "can't be read just now"),
    "events": (excused_late, "can't be read just now"),
}


def test_parts_that_fail_say_so_and_can_be_asked_for_again(owner: Page, filled: Filled) -> None:
    for name, (answer, _) in FAILURES.items():
        owner.route(f"**/cards/{name}/**", answer)
    owner.goto(filled.report)

    for name, (_, words) in FAILURES.items():
        expect(owner.locator(f"#card-{name}")).to_contain_text(words)
    for name in ("sources", "hours"):
        expect(owner.locator(f"#card-{name} .card-body")).to_be_visible()
    expect(owner.locator(".numbers-part .number")).not_to_have_count(0)
    expect(owner.get_by_role("status").last).to_contain_text("Could not be loaded: ")
    expect(owner.get_by_role("status").last).to_contain_text("Where visitors are")

    part = owner.locator("#card-places")
    expect(part.get_by_role("link", name="Cities")).to_be_visible()
    part.get_by_role("button", name="Try again").click()
    expect(part).to_contain_text("Is there a network?")
    places_come(owner)
    part.get_by_role("button", name="Try again").click()
    expect_places(owner)
    expect(part).to_be_focused()


def test_failed_parts_come_by_themselves_with_the_network(owner: Page, filled: Filled) -> None:
    answer_places(owner, cut_off)
    owner.goto(filled.report)
    expect(owner.locator("#card-places")).to_contain_text("Is there a network?")

    places_come(owner)
    owner.evaluate("dispatchEvent(new Event('online'))")
    expect_places(owner)


def test_a_slow_part_holds_up_no_other_and_says_so(owner: Page, filled: Filled) -> None:
    held = Held(owner, re.compile("/cards/(places|events)/|/numbers/"))
    owner.clock.install()
    owner.goto(filled.report)
    expect(owner.locator("#card-pages .card-body")).to_be_visible()
    expect(owner.locator("#card-technology .skeleton")).to_be_visible()

    owner.clock.fast_forward(4000)
    expect(owner.locator("#card-technology .card-body")).to_be_visible()
    expect(owner.locator("#card-hours .card-body")).to_be_visible()
    part = owner.locator("#card-places")
    expect(part).to_contain_text("longer than usual")
    expect(part).to_have_attribute("aria-busy", "true")

    held.is_over = True
    part.get_by_role("button", name="Ask again").click()
    expect_places(owner)
    expect(part).not_to_contain_text("longer than usual")


def test_a_busy_server_is_asked_again(owner: Page, filled: Filled) -> None:
    asked: list[str] = []

    def busy(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) < 3:
            route.fulfill(
                status=503, headers={"Retry-After": "1"}, content_type="text/html", body=EXCUSE
            )
        else:
            route.continue_()

    answer_places(owner, busy)
    owner.goto(filled.report)
    all_parts_are_there(owner)
    expect_places(owner)
    assert len(asked) == 3
    expect(owner.get_by_role("status").last).to_contain_text("The report is loaded")


def test_who_has_signed_out_meanwhile_is_led_to_the_sign_in(owner: Page, filled: Filled) -> None:
    # The live count would find it out as well.
    owner.route("**/now/**", lambda route: route.fulfill(body=""))
    owner.goto(filled.report)
    all_parts_are_there(owner)
    owner.context.clear_cookies()
    owner.get_by_role("link", name="Cities").click()

    owner.wait_for_url("**/accounts/login/**")
    assert "next=/sites/" in owner.url
    assert "tab%3Dcity" in owner.url


@pytest.fixture
def report(owner: Page, filled: Filled) -> Page:
    """The report with all of its parts."""
    owner.goto(f"{filled.report}?period=30d")
    all_parts_are_there(owner)
    return owner


FIRST = ["Channels", "Pages", "Countries", "Browsers", "Events"]
WITH_SOURCES = ["Sources", *FIRST[1:]]
WITH_BOTH = ["Sources", "Pages", "Countries", "Devices", "Events"]


def expect_tabs(page: Page, tabs: list[str]) -> None:
    expect(page.locator(".panels .card-head .tabs [aria-current]")).to_have_text(tabs)
    expect(page.locator("[aria-busy]")).to_have_count(0)
    for tab in tabs:
        expect(page.locator(".panels table caption", has_text=f"{tab} by")).to_have_count(1)


def test_tabs_are_steps_of_the_history(report: Page) -> None:
    report.get_by_role("link", name="Sources", exact=True).click()
    expect_tabs(report, WITH_SOURCES)
    expect(report.get_by_role("link", name="Sources", exact=True)).to_be_focused()
    expect(report.get_by_role("status").last).to_have_text("Where visits come from: Sources")
    report.get_by_role("link", name="Devices").click()
    expect_tabs(report, WITH_BOTH)
    assert report.url.endswith("?period=30d&tab=source&tab=device")

    report.go_back()
    expect_tabs(report, WITH_SOURCES)
    report.go_back()
    expect_tabs(report, FIRST)
    assert report.url.endswith("?period=30d")
    report.go_forward()
    expect_tabs(report, WITH_SOURCES)
    report.reload()
    expect_tabs(report, WITH_SOURCES)


def test_back_from_a_filter_is_where_one_was(report: Page) -> None:
    report.get_by_role("link", name="Sources", exact=True).click()
    expect_tabs(report, WITH_SOURCES)
    report.locator("#card-sources").get_by_role("link", name="Google").click()
    expect(report.locator(".chip")).to_contain_text("Google")
    expect_tabs(report, WITH_SOURCES)
    report.get_by_role("link", name="Devices").click()
    expect_tabs(report, WITH_BOTH)

    report.go_back()
    expect_tabs(report, WITH_SOURCES)
    report.go_back()
    expect(report.locator(".chip")).to_have_count(0)
    expect_tabs(report, WITH_SOURCES)
    report.go_back()
    expect_tabs(report, FIRST)
    report.go_forward()
    report.go_forward()
    expect(report.locator(".chip")).to_contain_text("Google")
    expect_tabs(report, WITH_SOURCES)


def test_every_link_and_form_takes_the_chosen_tabs_along(report: Page) -> None:
    report.get_by_role("link", name="Sources", exact=True).click()
    expect_tabs(report, WITH_SOURCES)

    link = report.locator("#menu-period nav a", has_text="Last 7 days")
    expect(link).to_have_attribute("href", re.compile("tab=source"))
    expect(report.locator("#tab-device")).to_have_attribute("href", re.compile("tab=source"))
    report.locator("#menu-period summary").click()
    report.get_by_role("button", name="Show").click()
    report.wait_for_url("**from=**tab=source**")
    expect_tabs(report, WITH_SOURCES)


def test_a_tab_that_is_chosen_while_the_card_loads_is_what_shows(
    owner: Page, filled: Filled
) -> None:
    held = Held(owner, re.compile("/cards/places/"))
    owner.goto(filled.report)
    with owner.expect_request("**/cards/places/**tab=city**"):
        owner.get_by_role("link", name="Cities").click()
    held.release()

    expect(owner.locator("#card-places caption")).to_contain_text("Cities")
    all_parts_are_there(owner)
    expect(owner.locator("#card-places caption")).to_contain_text("Cities")
