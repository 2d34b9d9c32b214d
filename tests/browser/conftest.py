"""A reader's browser, an owner's pages and the collector."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.filled import Filled
from tests.browser.servers import Pages, Stats
from tests.conftest import AS_A_READER, CHROMIUM_OPTIONS
from tests.instance import Instance
from tracking.records import Hit

NAMES = "--host-resolver-rules=MAP *.example 127.0.0.1"


@pytest.fixture(scope="session")
def readers_browser(browser: Browser) -> Iterator[Browser]:
    """Chromium as readers have it: not known to be driven, and with its back-forward cache."""
    launched = browser.browser_type.launch(
        executable_path="/usr/bin/chromium",
        args=[*CHROMIUM_OPTIONS, NAMES, AS_A_READER],
        ignore_default_args=["--disable-back-forward-cache"],
    )
    yield launched
    launched.close()


@pytest.fixture
def stats() -> Iterator[Stats]:
    running = Stats()
    yield running
    running.close()


@pytest.fixture
def pages(stats: Stats) -> Iterator[Pages]:
    running = Pages(stats)
    yield running
    running.close()


class Reader:
    """Somebody who reads the pages; what their browser sends is in `hits`."""

    def __init__(self, context: BrowserContext, pages: Pages) -> None:
        self.context, self.pages, self.stats = context, pages, pages.stats
        self.errors: list[str] = []
        self.requests: list[str] = []
        self.page = self.new_page()

    def new_page(self) -> Page:
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))
        return page

    def open(self, path: str) -> Page:
        """Go to a page, and stay until its pageview has come."""
        before = len(self.stats.hits)
        self.page.goto(self.pages.origin + path)
        self.wait(lambda hits: any(hit.name == "pageview" for hit in hits[before:]))
        return self.page

    def open_with_extras(self, path: str) -> Page:
        """Go to a page, and stay until it also listens for what its tag asks for."""
        self.open(path)
        # The script asked for the same module first, and so has it first.
        self.call(f"import('{self.stats.origin}/t/extras.js').then(() => 0)")
        return self.page

    def go_back(self, path: str) -> None:
        """Go back to a page that the browser kept, and stay until it can be asked again."""
        self.call("history.back()")
        # Its hit may come before the driver knows that it is another page which is there now.
        self.page.wait_for_function("path => location.pathname === path", arg=path)

    def call(self, script: str) -> Any:
        """What a script of the page returns."""
        return self.page.evaluate(script)

    def wait(self, condition: Callable[[list[Hit]], bool]) -> list[Hit]:
        """The hits, as soon as they are as asked for."""
        return self.stats.wait(condition)

    def hits(self, count: int) -> list[Hit]:
        """The hits once there are `count`: exactly, when the page has had its last word."""
        self.wait(lambda hits: len(hits) >= count)
        self.call("footfall('last word')")
        hits = self.wait(lambda hits: any(hit.name == "last word" for hit in hits))
        hits = [hit for hit in hits if hit.name != "last word"]
        assert len(hits) == count, hits
        return hits


@pytest.fixture
def reader(readers_browser: Browser, pages: Pages) -> Iterator[Reader]:
    """A reader, in whose pages nothing may have been thrown when the test is over."""
    context = readers_browser.new_context(viewport={"width": 1300, "height": 800})
    made = Reader(context, pages)
    yield made
    context.close()
    assert made.errors == []


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    """An instance with traffic, which tests only read."""
    instance = Instance(tmp_path_factory.mktemp("filled") / "instance", REGISTRATION="open")
    try:
        yield Filled.made(instance)
    finally:
        instance.stop()


@pytest.fixture
def owner(filled: Filled, readers_browser: Browser) -> Iterator[Page]:
    """A window of the owner's."""
    context = filled.context(readers_browser)
    yield context.new_page()
    context.close()
