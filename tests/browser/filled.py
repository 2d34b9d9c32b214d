"""An instance with people and traffic, as the browser tests of its pages want it."""

import json
import re
import subprocess
import sys
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    Route,
)

from tests.instance import ROOT, Instance


@dataclass(frozen=True)
class Filled:
    """A running instance: `owner` has a visited and a new site, `newcomer` none; `staff` may all.

    The visited site has a segment, a note and visits; of each, the id of one is here.
    """

    instance: Instance
    site: str
    new_site: str
    segment: int
    note: int
    visit: int
    cookie_name: str
    cookies: dict[str, str]

    @classmethod
    def made(cls, instance: Instance) -> "Filled":
        """Fill an instance, and start its web process."""
        instance.manage("prepare")
        told = subprocess.run(
            [sys.executable, "-m", "tests.browser.fill"],
            cwd=ROOT,
            env=instance.environ | {"DJANGO_SETTINGS_MODULE": "tracking_project.settings"},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        instance.start("web")
        return cls(instance, **json.loads(told))

    @property
    def report(self) -> str:
        """The path of the visited site's report."""
        return f"/sites/{self.site}/"

    def context(
        self, browser: Browser, who: str = "owner", width: int = 1280, *, scripts: bool = True
    ) -> BrowserContext:
        """A browser's profile in which this person is signed in; of `nobody`, none is."""
        made = browser.new_context(
            base_url=self.instance.url,
            viewport={"width": width, "height": 800},
            java_script_enabled=scripts,
        )
        if who in self.cookies:
            made.add_cookies(
                [{"name": self.cookie_name, "value": self.cookies[who], "url": self.instance.url}]
            )
        return made


@dataclass
class Watched:
    """A page, with what it complained of, which other origins it asked, and what it was sent."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    answers: list[Response] = field(default_factory=list)
    status: int = 200
    """What the page itself is expected to answer: Chromium reports each error as a complaint."""

    def __post_init__(self) -> None:
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._look)
        self.page.on("response", self._keep)

    def _hear(self, message: ConsoleMessage) -> None:
        own_status = f"responded with a status of {self.status} "
        if message.type in {"error", "warning"} and own_status not in message.text:
            self.complaints.append(message.text)

    def _keep(self, answer: Response) -> None:
        self.answers.append(answer)

    def _look(self, request: Request) -> None:
        asked, own = urlsplit(request.url), urlsplit(self.page.url)
        if asked.scheme in {"http", "https"} and own.netloc not in {"", asked.netloc}:
            self.strangers.append(request.url)


class Held:
    """Requests of a page that are kept from the server, until they are released."""

    def __init__(self, page: Page, address: re.Pattern[str]) -> None:
        self.routes: list[Route] = []
        self.is_over = False
        page.route(address, self._take)

    def _take(self, route: Route) -> None:
        if self.is_over:
            route.continue_()
        else:
            self.routes.append(route)

    def release(self) -> None:
        """Let those go that were kept, the last first, and all that come."""
        self.is_over = True
        for route in reversed(self.routes):
            route.continue_()


def all_parts_are_there(page: Page) -> None:
    """Return when each part of a report has come."""
    page.wait_for_function("() => !document.querySelector('[data-part]')")
