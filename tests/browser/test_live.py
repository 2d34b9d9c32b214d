"""What the report's pages ask for anew, in a real browser whose clock the test moves."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Request, Route, expect

from tests.instance import ROOT

pytestmark = pytest.mark.browser

ORIGIN = "http://stats.example"
STATIC = ROOT / "tracking" / "static" / "tracking"
SCRIPTS = {
    "/htmx.js": STATIC / "vendor" / "htmx" / "htmx.min.js",
    "/parts.js": STATIC / "report" / "parts.js",
    "/live.js": STATIC / "report" / "live.js",
}
REALTIME = """
<!doctype html><html lang=en><title>Realtime</title>
<script defer src=/htmx.js></script><script defer src=/live.js></script>
<span role=status id=live-state></span> <button id=live-pause hidden>Pause</button>
<div id=realtime tabindex=-1 hx-get=/part hx-trigger=again data-every=5>
  <p id=answer>as it came</p><a href="?f=one">One</a><details id=minutes><summary>Table</summary>
</div></html>"""
REPORT = """
<!doctype html><html lang=en><title>Report</title>
<script defer src=/htmx.js></script><script defer src=/parts.js></script>
<script defer src=/live.js></script>
<a id=live href=/realtime hx-get=/now hx-trigger=again data-every=30 data-lazy>Realtime</a>
<section data-part hx-get=/first hx-trigger=part hx-swap=outerHTML></section>
<section data-part hx-get=/second hx-trigger=part hx-swap=outerHTML></section></html>"""


class Server:
    """Answers a page's requests: with `status`, and text that says how many there were before."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.asked: list[str] = []
        self.status, self.headers = 200, {"Content-Type": "text/html"}
        self.more = ""
        page.route("**/*", self._answer)

    def _answer(self, route: Route, request: Request) -> None:
        path = request.url.removeprefix(ORIGIN)
        if path in SCRIPTS:
            route.fulfill(path=SCRIPTS[path])
        elif path in {"/realtime", "/report"}:
            route.fulfill(
                body=REALTIME if path == "/realtime" else REPORT, content_type="text/html"
            )
        else:
            self.asked.append(path)
            body = f"<p id=answer>answer {len(self.asked)}</p>{self.more}"
            route.fulfill(status=self.status, headers=self.headers, body=body)

    def open(self, path: str) -> None:
        """Go to a page, with a clock that stands still."""
        self.page.clock.install(time=0)
        self.page.clock.pause_at(1)
        self.page.goto(ORIGIN + path)

    def after(self, seconds: int, answers: int) -> None:
        """Let time pass; so many answers have come by then, and no request is under way."""
        self.page.clock.run_for(seconds * 1000)
        expect(self.page.locator("#answer")).to_have_text(
            f"answer {answers}" if answers else "as it came"
        )
        assert len(self.asked) == answers

    def hide(self, is_hidden: bool) -> None:
        """As if another tab were shown, or this one again."""
        self.page.evaluate(
            """hidden => {
                Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
                document.dispatchEvent(new Event("visibilitychange"));
            }""",
            is_hidden,
        )


@pytest.fixture
def server(browser: Browser) -> Iterator[Server]:
    page = browser.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield Server(page)
    page.close()
    assert errors == []


def test_it_asks_every_five_seconds_and_not_before(server: Server) -> None:
    server.open("/realtime")
    server.after(4, answers=0)
    server.after(1, answers=1)
    server.after(5, answers=2)
    expect(server.page.get_by_role("status")).to_have_text("")


def test_a_hidden_tab_asks_for_nothing_and_a_shown_one_at_once(server: Server) -> None:
    server.open("/realtime")
    server.hide(True)
    server.after(60, answers=0)
    server.hide(False)
    server.after(0, answers=1)


def test_a_reader_can_pause_and_go_on(server: Server) -> None:
    server.open("/realtime")
    server.page.get_by_role("button", name="Pause").click()
    server.after(60, answers=0)
    expect(server.page.get_by_role("status")).to_have_text("Paused")
    server.page.get_by_role("button", name="Go on").click()
    server.after(0, answers=1)


def test_a_busy_server_is_asked_less_often_and_what_was_there_stays(server: Server) -> None:
    server.open("/realtime")
    server.status, server.headers = 503, {"Content-Type": "text/html", "Retry-After": "1"}
    for seconds, requests in ((5, 1), (10, 2), (20, 3)):
        server.page.clock.run_for(seconds * 1000)
        told = f"The server is busy: the next update is in {2 * seconds} seconds."
        expect(server.page.get_by_role("status")).to_have_text(told)
        assert len(server.asked) == requests
    expect(server.page.locator("#answer")).to_have_text("as it came")

    server.status = 200
    server.after(40, answers=4)
    server.after(5, answers=5)
    expect(server.page.get_by_role("status")).to_have_text("")


def test_focus_and_an_open_table_stay(server: Server) -> None:
    server.more = '<a href="?f=two">Two</a><a href="?f=one">One</a>'
    server.more += "<details id=minutes><summary>Table</summary></details>"
    server.open("/realtime")
    server.page.get_by_text("Table").click()
    server.page.get_by_role("link", name="One").focus()
    server.after(5, answers=1)

    expect(server.page.get_by_role("link", name="One")).to_be_focused()
    assert server.page.locator("details").get_attribute("open") is not None
    server.more = ""
    server.after(5, answers=2)
    expect(server.page.locator("#realtime")).to_be_focused()


def test_where_one_may_not_look_any_more_it_stops(server: Server) -> None:
    server.open("/realtime")
    server.status = 404
    server.page.clock.run_for(5000)
    expect(server.page.get_by_role("status")).to_contain_text("can't be updated any more")
    server.page.clock.run_for(120_000)
    assert len(server.asked) == 1


def test_the_live_count_comes_after_the_parts_and_every_half_minute(server: Server) -> None:
    server.open("/report")
    # A part is there once it has settled, which takes its time as well.
    expect(server.page.locator("[data-part]")).to_have_count(0)
    server.page.clock.run_for(100)
    expect(server.page.locator("#live")).to_have_text("answer 3")
    assert sorted(server.asked[:2]) == ["/first", "/second"]
    assert server.asked[2:] == ["/now"]

    server.page.clock.run_for(29_000)
    assert len(server.asked) == 3
    server.page.clock.run_for(1000)
    expect(server.page.locator("#live")).to_have_text("answer 4")
    server.status = 503
    with server.page.expect_response("**/now"):
        server.page.clock.run_for(30_000)
    expect(server.page.locator("#live")).to_have_text("answer 4")
