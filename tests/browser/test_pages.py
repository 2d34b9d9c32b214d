"""Every page can be read and used by everybody, at any width, in light and dark.

A new page gets a line in PAGES, and with it all that is looked for here.
"""

import gzip
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Response

from tests.browser.filled import Filled, Held, Watched, all_parts_are_there

pytestmark = [pytest.mark.browser, pytest.mark.processes]

PEOPLE = ("nobody", "newcomer", "owner", "staff")
NARROW, USUAL, WIDE = 360, 1280, 1920
FIRST_VIEW_BYTES = 100_000
MOST_SHIFT = 0.01
REDIRECTED = range(300, 400)
COLOURS = ["color-contrast", "link-in-text-block"]
BARRIERS = """
  async (options) => (await axe.run(options)).violations.flatMap(
    ({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`)
  )
"""
SHIFTS = """
  window.shifts = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) shifts.push(entry.value);
  }).observe({ type: "layout-shift", buffered: true });
"""
SETTLED = """
  async () => {
    const running = () => document.getAnimations().filter((one) => one instanceof CSSTransition);
    while (running().length) await Promise.allSettled(running().map((one) => one.finished));
  }
"""
PAINTED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


@dataclass(frozen=True)
class Place:
    """A page: its path, with the names of what Filled has in braces, and who looks at it."""

    path: str
    who: str = "owner"
    status: int = 200
    then: Callable[[Page], object] | None = None
    """What leads on to the page that is meant."""
    is_light: bool = True
    """Django admin's own scripts are not."""


def sent_without_token(page: Page) -> None:
    page.locator("[name=csrfmiddlewaretoken]").first.evaluate("(field) => field.remove()")
    page.get_by_label("E-mail").fill("somebody@example.org")
    page.get_by_label("Password").fill("whatever it was")
    page.locator("main button[type=submit]").click()


def with_the_filter_editor(page: Page) -> None:
    page.locator("#open-filter").click()
    page.get_by_role("dialog", name="Add a filter").get_by_label("What").wait_for()


def with_a_list_of_values(page: Page) -> None:
    page.get_by_role("combobox", name="Another value").press("ArrowDown")
    values = page.get_by_role("listbox", name="Values of this site").get_by_role("option")
    values.first.wait_for()


def with_the_owners_box(page: Page) -> None:
    page.get_by_role("combobox", name="Owner").wait_for()


def with_the_owners_box_open(page: Page) -> None:
    page.get_by_role("combobox", name="Owner").click()
    page.get_by_role("option", name="owner@example.org").wait_for()


def with_the_help_sheet(page: Page) -> None:
    page.get_by_role("button", name="Keyboard shortcuts").click()


PAGES = {
    "sign-in": Place("/accounts/login/", "nobody"),
    "register": Place("/accounts/register/", "nobody"),
    "reset": Place("/accounts/reset/", "nobody"),
    "no sites": Place("/sites/", "newcomer"),
    "sites": Place("/sites/"),
    "sites by another name": Place("/sites/?q=nothing+like+it"),
    "add a site": Place("/sites/add/"),
    "all sites": Place("/sites/all/"),
    "report": Place("/sites/{site}/"),
    "whole report": Place("/sites/{site}/?full=1"),
    "filtered report": Place("/sites/{site}/?f=country:is:DE&f=page:is_not:/x&tab=source"),
    "report of a quiet period": Place("/sites/{site}/?from=2015-01-01&to=2015-01-31"),
    "report of a new site": Place("/sites/{new_site}/"),
    "help sheet": Place("/sites/{site}/", then=with_the_help_sheet),
    "filter editor": Place("/sites/{site}/", then=with_the_filter_editor),
    "add a filter": Place("/sites/{site}/conditions/"),
    "values of a filter": Place("/sites/{site}/conditions/", then=with_a_list_of_values),
    "edit a filter": Place("/sites/{site}/conditions/?f=prop.plan:is:yearly&edit=0"),
    "filter without a value": Place("/sites/{site}/conditions/?dimension=page", status=422),
    "keys of properties": Place("/sites/{site}/conditions/?dimension=prop&show=1"),
    "segments": Place("/sites/{site}/segments/?f=country:is:AT"),
    "segment": Place("/sites/{site}/segments/{segment}/"),
    "delete a segment": Place("/sites/{site}/segments/{segment}/delete/"),
    "details": Place("/sites/{site}/details/page/?period=30d"),
    "page of details": Place('/sites/{site}/details/page/?order=page&after=before["/q","/q"]'),
    "details without rows": Place("/sites/{site}/details/title/?q=nothing+like+it"),
    "notes": Place("/sites/{site}/annotations/"),
    "note": Place("/sites/{site}/annotations/{note}/"),
    "delete a note": Place("/sites/{site}/annotations/{note}/delete/"),
    "filtered traffic": Place("/sites/{site}/filtered/"),
    "journey": Place("/sites/{site}/visits/{visit}/"),
    "several sites": Place("/sites/{site}+{new_site}/"),
    "details of several sites": Place("/sites/{site}+{new_site}/details/source/"),
    "realtime of several sites": Place("/sites/{site}+{new_site}/realtime/"),
    "realtime": Place("/sites/{site}/realtime/"),
    "filtered realtime": Place("/sites/{site}/realtime/?f=country:is:DE"),
    "activity": Place("/sites/{site}/activity/"),
    "filtered activity": Place("/sites/{site}/activity/?event=Sign+up"),
    "settings": Place("/sites/{site}/settings/"),
    "snippet": Place("/sites/{site}/snippet/"),
    "delete": Place("/sites/{site}/delete/"),
    "account": Place("/accounts/"),
    "password": Place("/accounts/password/"),
    "delete account": Place("/accounts/delete/"),
    "admin": Place("/admin/", "staff", is_light=False),
    "sites in admin": Place("/admin/tracking/site/", "staff", is_light=False),
    "add a site in admin": Place(
        "/admin/tracking/site/add/", "staff", 200, with_the_owners_box, False
    ),
    "owners in admin": Place(
        "/admin/tracking/site/add/", "staff", 200, with_the_owners_box_open, False
    ),
    "no such page": Place("/nowhere/", "nobody", 404),
    "no such site": Place("/sites/nosuchsite/", "owner", 404),
    "not allowed": Place("/accounts/login/", "nobody", 403, then=sent_without_token),
    "no such order": Place("/sites/?sort=never", "owner", 400),
    "no such period": Place("/sites/{site}/?period=never", "owner", 400),
}


@pytest.fixture(scope="module")
def contexts(filled: Filled, readers_browser: Browser) -> Iterator[dict[str, BrowserContext]]:
    made = {who: filled.context(readers_browser, who) for who in PEOPLE}
    yield made
    for context in made.values():
        context.close()


@pytest.fixture
def watched(contexts: dict[str, BrowserContext], place: Place) -> Iterator[Watched]:
    made = Watched(contexts[place.who].new_page(), status=place.status)
    made.page.add_init_script(SHIFTS)
    yield made
    made.page.close()


def go(watched: Watched, place: Place, filled: Filled) -> tuple[float, dict[str, int]]:
    """Open the page, and what is meant of it.

    Returns how much has moved before it was touched, and what it weighs if that is too much.
    """
    page = watched.page
    watched.answers.clear()
    path = place.path.format_map(vars(filled))
    answer = page.goto(path)
    all_parts_are_there(page)
    first_view = shift(page), too_heavy(watched.answers) if place.is_light else {}
    if place.then:
        place.then(page)
        page.wait_for_load_state()
        all_parts_are_there(page)
    else:
        assert answer
        assert answer.status == place.status
    return first_view


def barriers(page: Page, rules: list[str] | None = None) -> list[str]:
    """What a screen reader, a keyboard or weak eyes would stumble over; by all rules or by some."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    options = {"resultTypes": ["violations"]} | ({"runOnly": rules} if rules else {})
    found: list[str] = page.evaluate(BARRIERS, options)
    return found


def too_heavy(answers: list[Response]) -> dict[str, int]:
    """What each of these answers weighs, if they are too much for a first view."""
    bodies = {one.url: one.body() for one in answers if one.status not in REDIRECTED}
    sizes = {url: len(gzip.compress(body)) for url, body in bodies.items()}
    return sizes if sum(sizes.values()) > FIRST_VIEW_BYTES else {}


def look(page: Page, width: int, scheme: Any = "light") -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme)
    page.evaluate(PAINTED)
    # A colour on its way from one to the other may be hard to read.
    page.evaluate(SETTLED)
    page.evaluate(PAINTED)


def overhang(page: Page) -> int:
    """By how many pixels the page is wider than its window."""
    found: int = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return max(0, found)


def shift(page: Page) -> float:
    """By how much of the window what is there has moved since the page came; little is nothing."""
    page.evaluate(PAINTED)
    moved: float = page.evaluate("shifts.reduce((sum, one) => sum + one, 0)")
    return moved if moved >= MOST_SHIFT else 0.0


@pytest.mark.parametrize("place", PAGES.values(), ids=PAGES.keys())
def test_everybody_can_read_and_use_it(watched: Watched, place: Place, filled: Filled) -> None:
    page = watched.page
    look(page, USUAL)
    moved, heavy = go(watched, place, filled)
    found: dict[str, object] = {"shift": moved, "weight": heavy, "light": barriers(page)}
    found["overhang"] = overhang(page)
    look(page, USUAL, "dark")
    found["dark"] = barriers(page, COLOURS)
    look(page, NARROW)
    moved, heavy = go(watched, place, filled)
    found |= {"narrow shift": moved, "narrow weight": heavy, "narrow": barriers(page)}
    found["narrow overhang"] = overhang(page)
    look(page, WIDE)
    found["wide overhang"] = overhang(page)
    found |= {"complaints": watched.complaints, "other origins": watched.strangers}
    assert not {name: problem for name, problem in found.items() if problem}


@pytest.mark.parametrize("width", [USUAL, NARROW])
def test_a_first_view_is_light_and_nothing_moves(
    filled: Filled, readers_browser: Browser, width: int
) -> None:
    context = filled.context(readers_browser, width=width)
    page = context.new_page()
    page.add_init_script(SHIFTS)
    answers: list[Response] = []

    def note(answer: Response) -> None:
        answers.append(answer)

    page.on("response", note)
    held = Held(page, re.compile("/(cards|numbers)/"))
    page.goto(filled.report)
    # What comes after it has been painted would move what is below.
    page.evaluate(PAINTED)
    held.release()
    all_parts_are_there(page)
    page.evaluate(PAINTED)

    sizes = {answer.url: len(gzip.compress(answer.body())) for answer in answers}
    assert len(sizes) > 10
    assert sum(sizes.values()) <= FIRST_VIEW_BYTES, sizes
    assert shift(page) == 0
    context.close()
