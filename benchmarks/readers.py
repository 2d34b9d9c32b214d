"""A site's readers on a day, from a fixed seed: who they are, whence they come, what they do.

Few pages, sources, countries and browsers make most of the traffic (Zipf's law). What readers do
follows docs/figures.md: gaps within a visit are far below 30 minutes, those between a reader's
visits above, and no visit goes on after the site's midnight.
"""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, product, repeat
from math import log

from benchmarks.traffic import zipf_weights
from tracking.enrich.sources import SourceList
from tracking.models.site_filter import COUNTRIES as COUNTRY_NAMES
from tracking.records import Agent, Origin, Place

HOSTNAME = "site.example"
PAGES, SOURCES, COUNTRIES, REGIONS, CITIES = 2000, 200, 100, 5, 4
PAGE_WEIGHTS, SOURCE_WEIGHTS = zipf_weights(PAGES), zipf_weights(SOURCES)
PATHS_OF_A_SOURCE, CAMPAIGNS_OF_A_SOURCE = 3, 4
SECTIONS = ("blog", "docs", "shop", "help", "news")
NAMED_SOURCES = (
    *("google.com", "bing.com", "duckduckgo.com", "reddit.com", "facebook.com", "youtube.com"),
    *("chatgpt.com", "linkedin.com", "news.ycombinator.com", "ecosia.org", "t.co", "github.com"),
)
MEDIUMS = ("cpc", "email", "social", "banner")
CAMPAIGNS = tuple(f"{season}-{year}" for year in (2024, 2025) for season in ("spring", "autumn"))
BIG_COUNTRIES = ("US", "DE", "GB", "FR", "IN", "CA", "BR", "NL", "AT", "AU", "ES", "IT", "JP")
BROWSERS = (
    *("Chrome", "Safari", "Edge", "Firefox", "Samsung Internet"),
    *("Opera", "Vivaldi", "Yandex Browser", "UC Browser", "Whale"),
)
VERSIONS_OF_A_BROWSER = 12
# A system, its versions, the device and screen that have it, and its weight.
MACHINES = (
    ("Windows", ("11", "10", "8", "7"), "Desktop", "Desktop", 24),
    ("Windows", ("11", "10"), "Desktop", "Laptop", 14),
    ("Android", ("15", "14", "13", "12", "11", "10"), "Mobile", "Mobile", 26),
    ("iOS", ("18", "17", "16", "15"), "Mobile", "Mobile", 18),
    ("macOS", ("10", "15", "14"), "Desktop", "Laptop", 10),
    ("Linux", ("",), "Desktop", "Desktop", 4),
    ("iOS", ("18", "17"), "Tablet", "Tablet", 2),
    ("Android", ("14", "12"), "Tablet", "Tablet", 1),
    ("ChromeOS", ("14541",), "Desktop", "Laptop", 1),
)
LANGUAGES = (
    *("en", "de", "fr", "es", "pt", "nl", "it", "ja", "pl", "sv"),
    *("ru", "zh", "tr", "da", "cs", "fi", "uk", "hu", "ko", "nb"),
)
LANGUAGE_WEIGHTS = zipf_weights(len(LANGUAGES))
BY_HOUR = (2, 1, 1, 1, 1, 2, 4, 7, 10, 12, 13, 13, 12, 12, 13, 13, 12, 11, 11, 12, 12, 10, 7, 4)

GOES_ON = 0.75  # so that a visit has four events
CUSTOM_SHARE = 0.05
# A visit begins with a pageview: all custom events are among the other three quarters.
CUSTOM_SHARE_OF_LATER = CUSTOM_SHARE / GOES_ON
REVENUE_SHARE_OF_CUSTOM = 0.2
SIGNAL_SHARE = 0.3
CAMPAIGN_SHARE = 0.1
ONE_VISIT_SHARE, TWO_VISITS_SHARE = 0.85, 0.96
SHORTEST_GAP_MS, MEAN_GAP_MS, LONGEST_GAP_MS = 2_000, 50_000, 20 * 60_000
BETWEEN_VISITS_MS, MEAN_BETWEEN_VISITS_MS = 31 * 60_000, 2 * 3_600_000
MINUTE_MS = 60_000
DRAWN_AT_ONCE = 200

EVENT_NAME = "Sign up"
# Each with its props, and its price in millionths.
PLANS = tuple(
    (json.dumps({"plan": plan}), price * 1_000_000)
    for plan, price in (("free", 1), ("monthly", 9), ("yearly", 90), ("team", 249))
)
CURRENCIES = ("EUR", "EUR", "USD")
NO_REVENUE = (None, "")

Detail = tuple[object, ...]
# Milliseconds, a number that keeps the order, the visit, what happened, the page's number, details.
Moment = tuple[int, int, "Visit", int, int, Detail]
PAGEVIEW, CUSTOM, SIGNAL = range(3)


def page(number: int) -> str:
    """The path of a page; number 0 is the most read."""
    return f"/{SECTIONS[number % len(SECTIONS)]}/{'a-page-about-' * (number % 2)}topic-{number}"


def title(number: int) -> str:
    """The page's own title."""
    return f"All about topic {number} | {SECTIONS[number % len(SECTIONS)].title()} | Site"


@dataclass(frozen=True)
class Population:
    """All that readers can be, as lists beside the cumulative weights by which one is drawn."""

    origins: Sequence[Origin]
    """Of each source in turn: PATHS_OF_A_SOURCE plain ones, then CAMPAIGNS_OF_A_SOURCE tagged."""
    places: Sequence[Place]
    place_weights: Sequence[float]
    agents: Sequence[tuple[Agent, str]]
    """Each with the size of its screen."""
    agent_weights: Sequence[float]

    @classmethod
    def make(cls) -> "Population":
        """The same one every time."""
        places, place_weights = _places()
        agents, agent_weights = _agents()
        return cls(_origins(), places, place_weights, agents, agent_weights)


@dataclass(frozen=True)
class Window:
    """The part of a site's local day that readers come in: milliseconds since 1970, UTC.

    `hours` has the local hour of each of its minutes.
    """

    begin: int
    end: int
    hours: Sequence[int]

    @property
    def weight(self) -> int:
        """How much traffic it has; a whole day of 24 hours has the same as any other."""
        return sum(BY_HOUR[hour] for hour in self.hours)


@dataclass(slots=True, eq=False)
class Visit:
    """A visit while it grows; times are milliseconds, traits and pages are numbers.

    It begins with a pageview, and every custom event is interactive.
    """

    site: int
    visitor: int
    started: int
    ended: int
    entry_page: int
    exit_page: int
    exited: int
    origin: int
    place: int
    agent: int
    language: int
    pageviews: int = 0
    events: int = 0
    event_id: int = 0
    """The id of the event that opened it, once that has one."""


class Readers:
    """Everybody who comes in one window of time, to any number of sites."""

    def __init__(self, population: Population, window: Window, seed: str) -> None:
        self.moments: list[Moment] = []
        """Pageviews, custom events and engagement signals, visit by visit."""
        self.visits: list[Visit] = []
        self._window = window
        self._chance = chance = random.Random(seed)
        self._minutes = _drawn(chance, list(accumulate(BY_HOUR[hour] for hour in window.hours)))
        self._pages = _drawn(chance, PAGE_WEIGHTS)
        self._sources = _drawn(chance, SOURCE_WEIGHTS)
        self._places = _drawn(chance, population.place_weights)
        self._agents = _drawn(chance, population.agent_weights)
        self._languages = _drawn(chance, LANGUAGE_WEIGHTS)

    def come(self, site: int, events: int) -> int:
        """Let readers make exactly this many events of a site; returns how many readers."""
        readers = 0
        while events > 0:
            readers += 1
            for visit, length in self._visits_of_one(site, events):
                self.visits.append(visit)
                events -= self._fill(visit, length)
        return readers

    def _visits_of_one(self, site: int, most_events: int) -> Iterator[tuple[Visit, int]]:
        """A reader's visits of the day, each filled by the caller before the next is asked for."""
        chance, window = self._chance, self._window
        visitor = chance.getrandbits(64) - (1 << 63)
        place, agent, language = next(self._places), next(self._agents), next(self._languages)
        luck = chance.random()
        visits = 1 if luck < ONE_VISIT_SHARE else 2 if luck < TWO_VISITS_SHARE else 3
        start = window.begin + next(self._minutes) * MINUTE_MS + chance.randrange(MINUTE_MS)
        for _ in range(visits):
            length = min(1 + int(log(1 - chance.random()) / log(GOES_ON)), most_events)
            first = next(self._pages)
            visit = Visit(
                *(site, visitor, start, start, first, first, start),
                *(self._origin(), place, agent, language),
            )
            yield visit, length
            most_events -= visit.pageviews + visit.events
            pause = BETWEEN_VISITS_MS + chance.expovariate(1 / MEAN_BETWEEN_VISITS_MS)
            start = visit.ended + int(pause)
            if start >= window.end or most_events <= 0:
                return

    def _origin(self) -> int:
        chance = self._chance
        kinds = PATHS_OF_A_SOURCE + CAMPAIGNS_OF_A_SOURCE
        if chance.random() < CAMPAIGN_SHARE:
            kind = PATHS_OF_A_SOURCE + int(chance.random() * CAMPAIGNS_OF_A_SOURCE)
        else:
            kind = int(chance.random() * PATHS_OF_A_SOURCE)
        return next(self._sources) * kinds + kind

    def _fill(self, visit: Visit, length: int) -> int:
        """Add up to `length` events, as far as the window lasts; returns how many."""
        moments, chance, end = self.moments, self._chance, self._window.end
        at, made = visit.started, 0
        while made < length and at < end:
            if made and chance.random() < CUSTOM_SHARE_OF_LATER:
                what, detail = CUSTOM, self._custom_event()
                visit.events += 1
            else:
                what, detail = PAGEVIEW, ()
                visit.pageviews += 1
                if made:
                    visit.exit_page, visit.exited = next(self._pages), at
            moments.append((at, len(moments), visit, what, visit.exit_page, detail))
            visit.ended = at
            made += 1
            gap = SHORTEST_GAP_MS + int(chance.expovariate(1 / MEAN_GAP_MS))
            gap = min(gap, LONGEST_GAP_MS)
            if what == PAGEVIEW and chance.random() < SIGNAL_SHARE:
                self._engage(visit, at, int(gap * (0.3 + 0.7 * chance.random())))
            at += gap
        return made

    def _engage(self, visit: Visit, at: int, milliseconds: int) -> None:
        """Add the signal of a pageview that was looked at for this long."""
        left = at + milliseconds
        if left < self._window.end:
            detail = (milliseconds // 1000, 10 + int(91 * self._chance.random()))
            self.moments.append((left, len(self.moments), visit, SIGNAL, visit.exit_page, detail))
            visit.ended = left

    def _custom_event(self) -> Detail:
        """Props, revenue and its currency."""
        chance = self._chance
        props, price = PLANS[int(len(PLANS) * chance.random() ** 2)]
        if chance.random() < REVENUE_SHARE_OF_CUSTOM:
            return props, price, CURRENCIES[int(len(CURRENCIES) * chance.random())]
        return (props, *NO_REVENUE)


def _drawn(chance: random.Random, cumulative_weights: Sequence[float]) -> Iterator[int]:
    """Numbers from 0, endlessly, by their weights."""
    numbers = range(len(cumulative_weights))
    for _ in repeat(None):
        yield from chance.choices(numbers, cum_weights=cumulative_weights, k=DRAWN_AT_ONCE)


def _origins() -> list[Origin]:
    """What Footfall itself makes of their referrers and tags; source 0 is none at all."""
    known = SourceList.load()
    found = []
    for number in range(SOURCES):
        host = NAMED_SOURCES[number - 1] if number <= len(NAMED_SOURCES) else f"s{number}.example"
        paths = [f"https://{host}/{'place' * bool(path)}/{path}" for path in range(3)]
        referrers = [""] * PATHS_OF_A_SOURCE if number == 0 else paths
        found += [known.origin(one, f"https://{HOSTNAME}/") for one in referrers]
        for kind in range(CAMPAIGNS_OF_A_SOURCE):
            tags = (
                f"utm_source={host if number else 'newsletter'}"
                f"&utm_medium={MEDIUMS[(number + kind) % len(MEDIUMS)]}"
                f"&utm_campaign={CAMPAIGNS[(number + kind * kind) % len(CAMPAIGNS)]}-{number % 10}"
                f"&utm_content=variant-{kind % 2}&utm_term=word-{number % 20}"
            )
            found.append(known.origin(referrers[0], f"https://{HOSTNAME}/?{tags}"))
    return found


def _places() -> tuple[list[Place], list[float]]:
    codes = list(dict.fromkeys((*BIG_COUNTRIES, *sorted(COUNTRY_NAMES))))[:COUNTRIES]
    places, weights = [], []
    for country, region, city in product(range(COUNTRIES), range(REGIONS), range(CITIES)):
        code = codes[country]
        latitude, longitude = (country * 37) % 120 - 50 + region / 7, (country * 73) % 360 - 180.0
        places.append(
            Place(
                *(code, f"Region {region} of {code}", f"City {region}{city} of {code}"),
                *(round(latitude, 4), round(longitude + city / 9, 4)),
            )
        )
        weights.append(1 / ((country + 1) * (region + 1) * (city + 1)))
    return places, list(accumulate(weights))


def _agents() -> tuple[list[tuple[Agent, str]], list[float]]:
    """Every browser on every system: odd couples are as good for a measurement."""
    agents, weights = [], []
    for browser, back in product(range(len(BROWSERS)), range(VERSIONS_OF_A_BROWSER)):
        for system, versions, device, screen, weight in MACHINES:
            for number, version in enumerate(versions):
                name, newest = BROWSERS[browser], 142 - 11 * browser
                agents.append((Agent(name, str(newest - back), system, version, device), screen))
                weights.append(weight / ((browser + 1) * (back + 1) * (number + 1)))
    return agents, list(accumulate(weights))
