"""The script in real pages, under a strict policy, in real Chromium: each behaviour of its docs."""

import subprocess
import threading
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import NAMES, Reader
from tests.browser.servers import QUEUE, SITE, Pages
from tests.conftest import CHROMIUM_OPTIONS
from tracking.records import ENGAGEMENT, OPT_OUT, PAGEVIEW, WEBDRIVER, Hit

pytestmark = pytest.mark.browser


def has(count: int, hits: list[Hit]) -> bool:
    return len(hits) == count


def paths(hits: list[Hit]) -> list[tuple[str, str]]:
    """Name, and path with what follows it, of each hit."""
    return [(hit.name, "/" + hit.url.split("/", 3)[3]) for hit in hits]


def test_a_page_that_loads_sends_a_pageview_without_the_fragment(
    reader: Reader, pages: Pages
) -> None:
    pages.add("/from", '<a href="/page?a=1#part">On</a>')
    pages.add("/page")
    reader.open("/from")
    reader.page.get_by_text("On").click()

    hit = reader.hits(2)[-1]
    assert (hit.name, hit.url) == (PAGEVIEW, f"{pages.origin}/page?a=1")
    assert (hit.referrer, hit.title) == (f"{pages.origin}/from", "Page /page")
    assert (hit.screen, hit.language) == ("Laptop", "en")
    assert (hit.hash_mode, hit.signals, hit.interactive) == (False, (), True)


def test_a_page_that_changes_its_address_sends_a_pageview_with_its_new_title(
    reader: Reader, pages: Pages
) -> None:
    pages.add("/app")
    reader.open("/app")
    reader.call("history.pushState({}, '', '/app/b'); document.title = 'B'")
    reader.wait(lambda hits: len(hits) == 2)
    reader.call("history.replaceState({}, '', '/app/b?c')")
    reader.wait(lambda hits: len(hits) == 3)
    reader.call("history.back()")

    hits = reader.hits(4)
    assert [url for _, url in paths(hits)] == ["/app", "/app/b", "/app/b?c", "/app"]
    assert [hit.title for hit in hits[:2]] == ["Page /app", "B"]
    assert [hit.referrer for hit in hits[1:]] == ["", "", ""]


def test_an_address_that_differs_in_its_fragment_or_state_alone_is_the_same_page(
    reader: Reader, pages: Pages
) -> None:
    pages.add("/app")
    reader.open("/app")
    reader.call("history.pushState({a: 1}, '', '/app'); location.hash = 'part'")
    reader.call("history.replaceState({}, '', '/app#other'); history.back()")

    reader.hits(1)


def test_two_changes_at_once_are_one_pageview_of_the_last(reader: Reader, pages: Pages) -> None:
    pages.add("/app")
    reader.open("/app")
    reader.call(
        "history.pushState({}, '', '/login'); history.replaceState({}, '', '/login?next=1')"
    )

    assert paths(reader.hits(2))[1] == (PAGEVIEW, "/login?next=1")


def test_in_hash_mode_the_fragment_is_part_of_the_page(reader: Reader, pages: Pages) -> None:
    pages.add("/app", '<a href="#/c">C</a>', tag="data-hash")
    pages.add("/elsewhere")
    reader.open("/app#/a")
    reader.call("location.hash = '/b'")
    reader.wait(lambda hits: len(hits) == 2)
    reader.page.get_by_text("C").click()

    hits = reader.hits(3)
    assert [url for _, url in paths(hits)] == ["/app#/a", "/app#/b", "/app#/c"]
    assert all(hit.hash_mode for hit in hits)


def test_a_page_out_of_the_back_forward_cache_is_a_pageview(reader: Reader, pages: Pages) -> None:
    pages.add("/a")
    pages.add("/b")
    reader.open("/a")
    reader.call("window.kept = true")
    reader.open("/b")
    reader.go_back("/a")

    assert paths(reader.hits(3))[2] == (PAGEVIEW, "/a")
    assert reader.call("window.kept")


def test_a_prerendered_page_counts_once_somebody_sees_it(pages: Pages, tmp_path: Path) -> None:
    # Chromium does not prerender while it is driven, so this one drives itself.
    pages.policy = pages.policy.replace("connect-src", "connect-src 'self'")
    pages.headers["Speculation-Rules"] = '"/rules.json"'
    pages.add_script("/rules.json", '{"prerender": [{"urls": ["/b"], "eagerness": "immediate"}]}')
    pages.held["/go"] = threading.Event()
    pages.add_script("/go", "")
    pages.add("/a", script="fetch('/go').then(() => { location = '/b' })")
    pages.add_script("/ready.js", "footfall('Ready', {props: {hidden: document.prerendering}})")
    pages.add_script("/last.js", "fetch('/ready')")
    scripts = '<script defer src="/ready.js"></script><script defer src="/last.js"></script>'
    pages.add("/b", scripts)

    chromium = subprocess.Popen(
        [
            *("/usr/bin/chromium", "--headless=new", *CHROMIUM_OPTIONS, NAMES),
            *(f"--user-data-dir={tmp_path}", "--remote-debugging-port=0", f"{pages.origin}/a"),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert pages.asked["/ready"].wait(60)
        assert paths(pages.stats.wait(lambda hits: len(hits) >= 1)) == [(PAGEVIEW, "/a")]
        pages.held["/go"].set()
        hits = pages.stats.wait(lambda hits: len(hits) == 3)
    finally:
        chromium.terminate()
        chromium.wait()
    assert sorted(paths(hits)[1:]) == [("Ready", "/b"), (PAGEVIEW, "/b")]
    [ready] = [hit for hit in hits if hit.name == "Ready"]
    assert ready.props == (("hidden", "true"),)


def test_an_event_from_code_carries_props_revenue_and_whether_it_is_interactive(
    reader: Reader, pages: Pages
) -> None:
    pages.add("/shop")
    reader.open("/shop")
    reader.call(
        "footfall('Purchase', {revenue: {amount: 12.5, currency: 'EUR'},"
        " props: {plan: 'yearly', seats: 3}, interactive: false})"
    )
    hit = reader.wait(lambda hits: len(hits) == 2)[1]
    reader.call("footfall('Sign up')")

    assert (hit.name, hit.revenue_micros, hit.currency) == ("Purchase", 12_500_000, "EUR")
    assert (hit.props, hit.interactive) == ((("plan", "yearly"), ("seats", "3")), False)
    assert reader.hits(3)[2].interactive


def test_calls_from_before_the_script_has_loaded_wait_for_it(reader: Reader, pages: Pages) -> None:
    pages.add("/page", script=f"{QUEUE}; footfall('Early', {{props: {{a: 1}}}}); footfall('Next')")
    reader.open("/page")

    hits = reader.hits(3)
    assert sorted(hit.name for hit in hits) == ["Early", "Next", PAGEVIEW]
    assert next(hit.props for hit in hits if hit.name == "Early") == (("a", "1"),)


@pytest.mark.parametrize("wish", ["doNotTrack: '1'", "globalPrivacyControl: true"])
def test_a_reader_who_opts_out_is_told_to_the_server(
    reader: Reader, pages: Pages, wish: str
) -> None:
    pages.add("/page")
    name, value = wish.split(": ")
    reader.page.add_init_script(
        f"Object.defineProperty(Navigator.prototype, '{name}', {{get: () => {value}}})"
    )
    reader.open("/page")

    assert reader.hits(1)[0].signals == (OPT_OUT,)


def test_a_browser_that_a_program_drives_says_so(browser: Browser, pages: Pages) -> None:
    address = f"http://127.0.0.1:{pages.stats.port}/t.js"
    pages.files["/page"] = f'<script src="{address}" data-site="{SITE}" data-local></script>'
    pages.policy = "default-src *"
    driven = browser.browser_type.launch(executable_path="/usr/bin/chromium", args=CHROMIUM_OPTIONS)
    driven.new_page().goto(f"http://127.0.0.1:{pages.port}/page")

    assert pages.stats.wait(lambda hits: len(hits) == 1)[0].signals == (WEBDRIVER,)
    driven.close()


def test_an_owner_who_asked_so_is_not_counted(reader: Reader, pages: Pages) -> None:
    pages.add("/a", tag="data-engagement")
    pages.add("/b")
    pages.files["/blank"] = "<title>Blank</title>"
    reader.page.goto(f"{pages.origin}/blank")
    reader.call("localStorage.footfall_ignore = 'true'")
    reader.page.goto(f"{pages.origin}/a")
    reader.call("footfall('Sign up')")
    reader.page.goto(f"{pages.origin}/blank")
    reader.call("localStorage.removeItem('footfall_ignore')")
    reader.open("/b")

    assert paths(reader.hits(1)) == [(PAGEVIEW, "/b")]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "app.localhost"])
def test_pages_under_development_count_only_when_told(
    reader: Reader, pages: Pages, host: str
) -> None:
    pages.add("/ignored", script=QUEUE)
    pages.add("/counted", tag="data-local")
    pages.policy += f"; connect-src http://{host}:*"
    reader.page.goto(f"http://{host}:{pages.port}/ignored")
    reader.call("footfall('Sign up')")
    reader.page.goto(f"http://{host}:{pages.port}/counted")

    assert paths(reader.hits(1)) == [(PAGEVIEW, "/counted")]


def test_a_file_on_a_disk_is_not_counted(reader: Reader, pages: Pages, tmp_path: Path) -> None:
    pages.add("/page")
    tmp_path.joinpath("page.html").write_text(pages.files["/page"])
    reader.page.goto(tmp_path.joinpath("page.html").as_uri())
    assert reader.call("typeof footfall") == "function"
    reader.open("/page")

    assert paths(reader.hits(1)) == [(PAGEVIEW, "/page")]


def test_nothing_is_kept_in_the_browser(reader: Reader, pages: Pages) -> None:
    pages.add("/page", tag="data-engagement data-events data-outbound data-downloads data-forms")
    reader.open_with_extras("/page")
    reader.call("footfall('Sign up'); history.pushState({}, '', '/next')")
    reader.wait(lambda hits: {"Sign up", "/next"} <= {x for pair in paths(hits) for x in pair})

    assert reader.context.cookies() == []
    assert reader.call("localStorage.length + sessionStorage.length") == 0
    assert reader.call("indexedDB.databases()") == []


@pytest.mark.parametrize("strict", ["", "'strict-dynamic'"])
def test_a_policy_of_nonces_lets_script_and_extras_in(
    reader: Reader, pages: Pages, strict: str
) -> None:
    pages.policy = (
        f"default-src 'none'; script-src 'nonce-cafe' {strict}; connect-src {pages.stats.origin}; "
        "base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )
    pages.add("/page", tag='nonce="cafe" data-404')
    reader.open("/page")

    assert sorted(paths(reader.hits(2))) == [("404", "/page"), (PAGEVIEW, "/page")]


@pytest.mark.parametrize("blocked", ["script-src 'self' {stats}/t.js", "connect-src 'none'"])
def test_a_policy_that_blocks_a_part_leaves_the_page_alone(
    reader: Reader, pages: Pages, blocked: str
) -> None:
    pages.add("/page", tag="data-engagement data-404")
    pages.add("/after", tag="data-engagement")
    whole, part = pages.policy, blocked.format(stats=pages.stats.origin)
    pages.policy = f"{part}; default-src 'self' {pages.stats.origin}"
    with reader.page.expect_event("console", lambda message: "Content Security" in message.text):
        reader.page.goto(f"{pages.origin}/page")
    reader.call("footfall('Sign up'); history.pushState({}, '', '/next')")
    pages.policy = whole
    reader.open("/after")

    counted = {(PAGEVIEW, "/page"), ("Sign up", "/page"), (PAGEVIEW, "/next")}
    expected = set() if "connect" in blocked else counted
    assert set(paths(reader.wait(lambda hits: len(hits) > len(expected)))) == {
        *expected,
        (PAGEVIEW, "/after"),
    }


ODD_PAGES = [
    "delete Navigator.prototype.sendBeacon",
    "Navigator.prototype.sendBeacon = () => false",
    "Object.defineProperty(history, 'pushState', {value: undefined})",
    "Object.freeze(history)",
    "Object.defineProperty(window, 'localStorage', {get() { throw new Error('denied') }})",
    "window.footfall = 'taken'",
    "window.footfall = {q: 7}",
]


@pytest.mark.parametrize("oddity", ODD_PAGES)
def test_an_odd_page_is_counted_all_the_same(reader: Reader, pages: Pages, oddity: str) -> None:
    pages.add("/page", tag="data-engagement", script=oddity)
    reader.open("/page")

    assert paths(reader.hits(1)) == [(PAGEVIEW, "/page")]


@pytest.mark.parametrize(
    "oddity",
    [
        "delete Navigator.prototype.sendBeacon; delete window.fetch",
        "Navigator.prototype.sendBeacon = () => { throw new Error('denied') }",
        "window.fetch = () => Promise.reject(); Navigator.prototype.sendBeacon = () => false",
        "window.fetch = () => undefined; Navigator.prototype.sendBeacon = () => false",
        "JSON.stringify = () => { throw new Error('denied') }",
    ],
)
def test_a_page_where_nothing_can_be_sent_hears_nothing_of_it(
    reader: Reader, pages: Pages, oddity: str
) -> None:
    pages.add("/odd", tag="data-engagement data-404", script=oddity)
    pages.add("/page")
    reader.page.goto(f"{pages.origin}/odd")
    reader.call("footfall('Sign up'); history.pushState({}, '', '/next')")
    reader.open("/page")

    assert paths(reader.hits(1)) == [(PAGEVIEW, "/page")]


def test_a_call_that_makes_no_sense_throws_nothing(reader: Reader, pages: Pages) -> None:
    pages.add("/page")
    reader.open("/page")
    reader.call("const own = {}; own.own = own; footfall('Circular', {props: own})")
    reader.call("footfall('Thrown', {props: {get a() { throw new Error('page') }}}); footfall(1n)")
    reader.call("footfall('None', null); footfall('Free', {revenue: null, props: undefined})")

    assert {hit.name for hit in reader.hits(3)} == {PAGEVIEW, "None", "Free"}


def test_the_pages_own_errors_of_its_history_stay_its_own(reader: Reader, pages: Pages) -> None:
    pages.add("/page")
    reader.open("/page")

    error = "try { history.pushState({}, '', 'https://other.example/') } catch (e) { e.name }"
    assert reader.call(error) == "SecurityError"
    assert reader.call("history.pushState({}, '', '/page')") is None
    reader.hits(1)


def test_a_tag_that_is_a_module_counts(reader: Reader, pages: Pages) -> None:
    pages.add("/page", tag='type="module" data-404')
    reader.open("/page")

    assert sorted(paths(reader.hits(2))) == [("404", "/page"), (PAGEVIEW, "/page")]


def test_a_tag_without_a_site_does_nothing(reader: Reader, pages: Pages) -> None:
    pages.add("/page")
    pages.add("/without", script=QUEUE)
    pages.files["/without"] = pages.files["/without"].replace(f'data-site="{SITE}"', "")
    reader.page.goto(f"{pages.origin}/without")
    reader.call("footfall('Sign up')")
    reader.open("/page")

    assert paths(reader.hits(1)) == [(PAGEVIEW, "/page")]


def test_a_snippet_that_was_pasted_twice_counts_once(reader: Reader, pages: Pages) -> None:
    pages.add("/page", pages.snippet())
    reader.open("/page")

    reader.hits(1)


@pytest.mark.parametrize(("longest", "length"), [(2000, 2000), (2001, 2000)])
def test_an_address_of_more_than_2000_characters_is_cut(
    reader: Reader, pages: Pages, longest: int, length: int
) -> None:
    pages.add("/page")
    start = f"{pages.origin}/page?"
    reader.open("/page?" + "x" * (longest - len(start)))

    assert len(reader.hits(1)[0].url) == length


def test_extras_are_loaded_only_when_the_tag_asks_for_them(reader: Reader, pages: Pages) -> None:
    pages.add("/plain", tag="data-hash data-local", body="<a href='//other.example/'>Other</a>")
    pages.add("/asking", tag="data-outbound")
    reader.open("/plain")
    reader.call("footfall('Sign up')")
    reader.hits(2)
    assert not any("extras" in url for url in reader.requests)
    reader.open_with_extras("/asking")
    assert any(url == f"{pages.stats.origin}/t/extras.js" for url in reader.requests)


LINKS = """
<p><a href="//other.example/there?a=1#b"><b>Other</b></a> <a href="/page#here">Here</a>
<a href="mailto:somebody@example.org">Mail</a> <a href="javascript:void 0">Code</a> <a>None</a>
<a href="/files/Plan.PDF?v=2">Plan</a> <a href="//other.example/plan.zip">Far plan</a>
<a href="/page.html">Page</a> <a href="/make" download>Made</a> <a href="/a.flac">Song</a>
"""
STAY = """
for (const type of ["click", "submit"]) {
  document.documentElement.addEventListener(type, (event) => {
    event.stopPropagation();
    if (type == "submit" || event.target.closest("a")) event.preventDefault();
  });
}
"""
"""A page of an app that takes all into its own hands."""


def click_all(reader: Reader) -> None:
    for link in reader.page.locator("a").all():
        link.click()


def test_links_that_lead_away_are_events_with_their_url(reader: Reader, pages: Pages) -> None:
    pages.add("/page", LINKS, tag="data-outbound", script=STAY)
    reader.open_with_extras("/page")
    click_all(reader)

    hits = reader.hits(3)[1:]
    assert {(hit.name, hit.props, hit.interactive) for hit in hits} == {
        ("Outbound Link", (("url", "http://other.example/there?a=1#b"),), True),
        ("Outbound Link", (("url", "http://other.example/plan.zip"),), True),
    }


def test_a_link_that_is_left_by_the_click_is_still_an_event(reader: Reader, pages: Pages) -> None:
    pages.add("/page", LINKS, tag="data-outbound")
    reader.context.route("http://other.example/**", lambda route: route.fulfill(body="There"))
    reader.open_with_extras("/page")
    reader.page.get_by_text("Other").click()

    assert reader.wait(lambda hits: len(hits) == 2)[1].name == "Outbound Link"


def test_a_middle_click_opens_a_link_and_a_right_click_does_not(
    reader: Reader, pages: Pages
) -> None:
    pages.add(
        "/page",
        LINKS + "<button data-footfall-event='Button'>Button</button>",
        tag="data-outbound data-events",
    )
    reader.context.route("http://other.example/**", lambda route: route.fulfill(body="There"))
    reader.open_with_extras("/page")
    reader.page.get_by_text("Button").click(button="middle")
    reader.page.get_by_text("Other").click(button="right")
    reader.page.get_by_text("Other").click(button="middle")

    assert reader.hits(2)[1].name == "Outbound Link"


def test_files_that_are_fetched_are_events_wherever_they_are(reader: Reader, pages: Pages) -> None:
    pages.add("/page", LINKS, tag="data-downloads data-outbound", script=STAY)
    reader.open_with_extras("/page")
    click_all(reader)

    hits = reader.hits(5)[1:]
    assert {(hit.name, hit.props[0][1].split("/", 3)[3]) for hit in hits} == {
        ("Outbound Link", "there?a=1#b"),
        ("File Download", "files/Plan.PDF?v=2"),
        ("File Download", "plan.zip"),
        ("File Download", "make"),
    }


def test_an_owners_list_of_files_takes_the_place_of_ours(reader: Reader, pages: Pages) -> None:
    pages.add("/page", LINKS, tag='data-downloads="flac, .html"', script=STAY)
    reader.open_with_extras("/page")
    click_all(reader)

    hits = reader.hits(4)[1:]
    assert sorted(hit.props[0][1].rpartition("/")[2] for hit in hits) == [
        *("a.flac", "make", "page.html")
    ]


def test_forms_are_events_that_tell_which_and_never_what(reader: Reader, pages: Pages) -> None:
    pages.add(
        "/page",
        """
        <form id="order" action="/buy"><input name="id" value="secret"><button>A</button></form>
        <form name="letter"><input name="name" value="secret"><button>B</button></form>
        <form action="/search?q=1" method="get"><input name="action" value="secret">
        <button>C</button></form>
        <form id="bad"><input required name="mail"><button>D</button></form>
        """,
        tag="data-forms",
        script=STAY,
    )
    reader.open_with_extras("/page")
    for button in reader.page.get_by_role("button").all():
        button.click()

    hits = reader.hits(4)[1:]
    assert {(hit.name, hit.props) for hit in hits} == {
        ("Form Submit", (("form", "order"),)),
        ("Form Submit", (("form", "letter"),)),
        ("Form Submit", (("form", "/search"),)),
    }


def test_a_page_that_says_it_is_missing_is_an_event_that_ends_no_bounce(
    reader: Reader, pages: Pages
) -> None:
    pages.add("/nowhere", tag="data-404")
    reader.open("/nowhere?a=1")

    [hit] = [hit for hit in reader.hits(2) if hit.name != PAGEVIEW]
    assert (hit.name, hit.props, hit.interactive) == ("404", (("path", "/nowhere"),), False)


MARKED = """
<button data-footfall-event="Purchase" data-footfall-prop-plan="yearly" data-footfall-prop-A-b="1"
 data-footfall-amount="12.50" data-footfall-currency="EUR"><i>Buy</i></button>
<p data-footfall-event="Seen" data-footfall-interactive="false">Look</p>
<label data-footfall-event="Agreed">Agree <input type="checkbox"></label>
<form data-footfall-event="Letter" data-footfall-prop-list="news">
<input name="mail" value="secret"><button>Send</button></form><s>Nothing</s>
"""


def test_elements_that_are_marked_are_events_when_clicked_or_submitted(
    reader: Reader, pages: Pages
) -> None:
    pages.add("/page", MARKED, tag="data-events", script=STAY)
    reader.open_with_extras("/page")
    for text in ("Buy", "Look", "Agree", "Send"):
        expected = len(pages.stats.hits) + 1
        reader.page.get_by_text(text).click()
        reader.wait(partial(has, expected))
    reader.page.get_by_text("Nothing").click()
    reader.page.locator("[name=mail]").click()

    bought, seen, agreed, letter = reader.hits(5)[1:]
    assert (bought.name, bought.revenue_micros, bought.currency) == ("Purchase", 12_500_000, "EUR")
    assert (bought.props, bought.interactive) == ((("plan", "yearly"), ("a-b", "1")), True)
    assert (seen.name, seen.interactive, seen.revenue_micros) == ("Seen", False, None)
    assert (agreed.name, agreed.props) == ("Agreed", ())
    assert (letter.name, letter.props) == ("Letter", (("list", "news"),))


def test_marks_and_links_are_not_looked_at_unless_asked(reader: Reader, pages: Pages) -> None:
    pages.add("/page", MARKED + LINKS, tag="data-404", script=STAY)
    reader.open_with_extras("/page")
    click_all(reader)
    reader.page.get_by_text("Buy").click()
    reader.page.get_by_text("Send").click()

    reader.hits(2)


CLOCK = """
let at = 1000; performance.now = () => at;
window.pass = (seconds) => { at += seconds * 1000 };
window.hide = (state) => {
  Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });
  document.dispatchEvent(new Event('visibilitychange'));
}
"""


def engagement(hits: list[Hit]) -> list[tuple[str, int | None, int | None]]:
    """Path, seconds and depth of the engagement signals."""
    return [
        (path, hit.engaged_seconds, hit.scroll_depth)
        for hit, (name, path) in zip(hits, paths(hits), strict=True)
        if name == ENGAGEMENT
    ]


def test_engaged_time_is_sent_when_the_page_is_left_with_the_address_it_belongs_to(
    reader: Reader, pages: Pages
) -> None:
    pages.add("/a", tag="data-engagement", script=CLOCK)
    pages.add("/b")
    reader.open_with_extras("/a")
    reader.call("pass(7.9)")
    reader.open("/b")

    hits = reader.hits(3)
    assert engagement(hits) == [("/a", 7, 100)]
    assert [hit.name for hit in hits].count(PAGEVIEW) == 2


def test_only_time_in_view_and_in_focus_counts(reader: Reader, pages: Pages) -> None:
    pages.add("/a", tag="data-engagement", script=CLOCK)
    pages.add("/other")
    page = reader.open_with_extras("/a")
    emulation = reader.context.new_cdp_session(page)
    # Playwright has every page believe that it is in focus.
    emulation.send("Emulation.setFocusEmulationEnabled", {"enabled": False})
    reader.call("pass(3)")
    other = reader.new_page()
    other.goto(f"{pages.origin}/other")
    other.bring_to_front()
    assert not reader.call("document.hasFocus()")
    reader.call("pass(50)")
    page.bring_to_front()
    reader.call("pass(2)")
    reader.call("hide('hidden')")
    first = engagement(reader.wait(lambda hits: len(engagement(hits)) == 1))
    reader.call("pass(50); hide('visible'); pass(4.5); hide('hidden')")

    assert first == [("/a", 5, 100)]
    assert engagement(reader.wait(lambda hits: len(engagement(hits)) == 2))[1] == ("/a", 4, 100)


def test_seconds_and_depth_are_told_once(reader: Reader, pages: Pages) -> None:
    pages.add("/a", tag="data-engagement", script=CLOCK)
    reader.open_with_extras("/a")
    reader.call("pass(1.6); hide('hidden'); hide('visible'); pass(0.3); hide('hidden')")
    reader.call("hide('visible'); pass(0.1); hide('hidden')")

    # What was left of a second, 0.6 + 0.3 + 0.1, is one.
    assert sorted(engagement(reader.hits(3)), key=str) == [("/a", 1, 100), ("/a", 1, 100)]


def test_an_address_that_stays_the_same_starts_nothing_over(reader: Reader, pages: Pages) -> None:
    pages.add("/a", tag="data-engagement", script=CLOCK)
    reader.open_with_extras("/a")
    reader.call("pass(1.5); history.pushState({}, '', '/a'); pass(1.5); hide('hidden')")

    assert engagement(reader.hits(2)) == [("/a", 3, 100)]


@pytest.mark.parametrize(
    "leave",
    [
        "hide('hidden')",
        # Some apps show the next page first, and change the address then.
        "document.querySelector('div').style.height = '0'; history.pushState({}, '', '/next')",
    ],
)
def test_depth_is_the_deepest_point_that_was_seen(reader: Reader, pages: Pages, leave: str) -> None:
    pages.add("/long", "<div></div>", tag="data-engagement", script=CLOCK)
    page = reader.open_with_extras("/long")
    reader.call("document.body.style.margin = 0")
    reader.call("document.querySelector('div').style.height = '4000px'")
    reader.call("addEventListener('scroll', () => console.log('scrolled'))")
    for place in (1200, 100):
        with page.expect_event("console", lambda message: message.text == "scrolled"):
            reader.call(f"scrollTo(0, {place})")
    reader.call(leave)

    hits = reader.wait(lambda hits: ENGAGEMENT in {hit.name for hit in hits})
    assert engagement(hits) == [("/long", 0, 50)]


def test_a_page_that_changes_its_address_starts_over(reader: Reader, pages: Pages) -> None:
    pages.add("/app", "<div></div>", tag="data-engagement data-hash", script=CLOCK)
    reader.open_with_extras("/app#a")
    reader.call("document.querySelector('div').style.height = '4000px'")
    reader.call("document.body.style.margin = 0")
    # The page that comes is higher than the window no more.
    reader.call(
        "pass(3); history.pushState({}, '', '#b'); document.querySelector('div').style.height = '0'"
    )
    reader.wait(lambda hits: len(hits) == 3)
    reader.call("pass(2); hide('hidden')")

    hits = reader.hits(4)
    assert engagement(hits) == [("/app#a", 3, 20), ("/app#b", 2, 100)]
    assert all(hit.hash_mode for hit in hits)


def test_a_page_out_of_the_back_forward_cache_starts_over(reader: Reader, pages: Pages) -> None:
    pages.add("/a", tag="data-engagement", script=CLOCK)
    pages.add("/b")
    reader.open_with_extras("/a")
    reader.call("pass(3)")
    reader.open("/b")
    reader.wait(lambda hits: len(hits) == 3)
    reader.go_back("/a")
    reader.wait(lambda hits: len(hits) == 4)
    reader.call("pass(2); hide('hidden')")

    assert engagement(reader.hits(5)) == [("/a", 3, 100), ("/a", 2, 100)]
