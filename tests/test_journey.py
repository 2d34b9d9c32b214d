"""What a newcomer does, from an invitation to the first numbers, in a real browser."""

import re
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.instance import Instance, wait_for

PASSWORD = "a quiet morning walk"


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Say nothing: a test's output is the test's."""


class OwnersPages:
    """The pages of somebody who uses Footfall, on an origin of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.server = ThreadingHTTPServer(
            ("127.0.0.1", 0), partial(QuietHandler, directory=str(folder))
        )
        self.url = f"http://localhost:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def write(self, name: str, snippet: str, body: str = "") -> None:
        self.folder.joinpath(name).write_text(
            f"<!doctype html><html lang=en><title>{name}</title>{body}{snippet}</html>"
        )

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def owners_pages(tmp_path: Path) -> Iterator[OwnersPages]:
    pages = OwnersPages(tmp_path / "pages")
    yield pages
    pages.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    # Headless Chromium calls itself that, and is counted as the robot it is.
    made = browser.new_context(
        user_agent="Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/126.0.0.0 Safari/537.36"
    )
    yield made
    made.close()


def sign_in(page: Page, instance: Instance, email: str, password: str) -> None:
    page.goto(f"{instance.url}/")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


def invite(page: Page, instance: Instance, email: str) -> str:
    """Invite somebody from admin; returns the link in the mail, which goes to the console."""
    page.goto(f"{instance.url}/admin/accounts/user/add/")
    page.locator("input[name=email]").fill(email)
    page.locator("input[name=_save]").click()
    expect(page.locator(".messagelist")).to_be_visible()
    links = re.compile(r"http://localhost:\d+/accounts/invitation/\S+")
    wait_for("the invitation's mail", lambda: bool(links.search(instance.log.read_text())))
    found = links.search(instance.log.read_text())
    assert found
    return found.group()


def add_site(page: Page, owners_pages: OwnersPages) -> str:
    """Add the site, and return its snippet as the page shows it."""
    page.get_by_label("Base URL").fill(owners_pages.url)
    page.get_by_label("Name").fill("My pages")
    page.get_by_role("button", name="Add site").click()
    expect(page.get_by_text("Waiting for the first hit")).to_be_visible()
    return page.locator("pre code").first.inner_text()


def headline(page: Page, name: str) -> str:
    return page.locator(".number", has=page.get_by_text(name, exact=True)).first.inner_text()


def reload_until(page: Page, text: str) -> None:
    def shown() -> bool:
        page.reload(wait_until="networkidle")
        return text in page.locator("main").inner_text()

    wait_for(f"the report to show {text!r}", shown)


def no_barriers(page: Page) -> None:
    """Fails with what a screen reader or a keyboard would stumble over on this page."""
    found = Axe().run(page)["violations"]
    assert not [(one["id"], [node["html"] for node in one["nodes"]][:3]) for one in found]


@pytest.fixture
def owner(instance: Instance, browser: Browser, context: BrowserContext) -> Page:
    """Somebody who was invited, has set a password, and looks at the empty list of sites."""
    instance.start()
    staff = browser.new_page()
    sign_in(staff, instance, "admin@example.org", "correct horse battery")
    link = invite(staff, instance, "owner@example.org")
    staff.close()
    page = context.new_page()
    page.goto(link)
    no_barriers(page)
    for field in page.locator("input[type=password]").all():
        field.fill(PASSWORD)
    page.locator("main button[type=submit], main button.btn-primary").first.click()
    if urlsplit(page.url).path.startswith("/accounts/login"):
        sign_in(page, instance, "owner@example.org", PASSWORD)
    expect(page.get_by_role("heading", name="Sites", exact=True)).to_be_visible()
    return page


@pytest.mark.browser
@pytest.mark.processes
def test_from_an_invitation_to_three_pageviews_of_one_visit(
    owner: Page, owners_pages: OwnersPages, context: BrowserContext
) -> None:
    problems: list[str] = []
    owner.on("console", lambda message: problems.append(message.text))
    owner.on("pageerror", lambda error: problems.append(str(error)))
    no_barriers(owner)
    snippet = add_site(owner, owners_pages)
    no_barriers(owner)
    owner.get_by_label("data-outbound").check()
    owner.get_by_label("data-events").uncheck()
    chosen = "data-engagement data-outbound data-local></script>"
    expect(owner.locator("#snippet")).to_contain_text(chosen)
    move = "<button onclick=\"history.pushState({}, '', '/third')\">Third</button>"
    owners_pages.write("index.html", snippet, '<a href="/second.html">Second</a>')
    owners_pages.write("second.html", snippet, move)

    visitor = context.new_page()
    visitor.goto(f"{owners_pages.url}/")
    with visitor.expect_request("**/t/*"):
        visitor.get_by_text("Second").click()
    with visitor.expect_request("**/t/*"):
        visitor.get_by_text("Third").click()

    expect(owner.get_by_text("It works")).to_be_visible(timeout=10_000)
    owner.get_by_role("link", name="Report").first.click()
    reload_until(owner, "/third")
    # Parts are asked for one after the other: the first may be older than the last.
    owner.reload(wait_until="networkidle")
    assert "1" in headline(owner, "Visitors").split()
    assert "1" in headline(owner, "Visits").split()
    assert "3" in headline(owner, "Pageviews").split()
    no_barriers(owner)
    expect(owner.locator("#live")).to_contain_text("1 visitor now")
    owner.locator("#live").click()
    expect(owner.locator("main")).to_contain_text("Visitors now")
    expect(owner.locator("main")).to_contain_text("/third")
    no_barriers(owner)
    owner.get_by_role("link", name="Activity").first.click()
    expect(owner.locator("main")).to_contain_text("/second.html")
    no_barriers(owner)
    owner.get_by_role("link", name="Visit of").first.click()
    expect(owner.get_by_role("region", name="Events in order")).to_contain_text("/third")
    no_barriers(owner)
    # A part whose turn was taken is asked for again, and Chromium tells of each such answer.
    assert [one for one in problems if "503 (Service Unavailable)" not in one] == []


@pytest.mark.browser
@pytest.mark.processes
def test_without_scripts_the_pixel_counts(
    owner: Page, owners_pages: OwnersPages, browser: Browser
) -> None:
    snippet = add_site(owner, owners_pages)
    owners_pages.write("plain.html", snippet)

    context = browser.new_context(
        java_script_enabled=False,
        user_agent="Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    )
    visitor = context.new_page()
    with visitor.expect_response("**/*.gif") as pixel:
        visitor.goto(f"{owners_pages.url}/plain.html")
    assert pixel.value.status == 200

    expect(owner.get_by_text("It works")).to_be_visible(timeout=10_000)
    owner.get_by_role("link", name="Report").first.click()
    reload_until(owner, "/plain.html")
    assert "1" in headline(owner, "Pageviews").split()
    context.close()
