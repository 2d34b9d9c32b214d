"""Three months of lifelike traffic for a site that does not exist."""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from tracking.records import ENGAGEMENT, PAGEVIEW, Hit

DAYS = 91
PEOPLE_ON_A_WEEKDAY = 130
WEEKEND_SHARE = 0.55
GROWTH = 0.5

PAGES = (
    *("/", "/pricing", "/docs/getting-started", "/docs/install", "/docs/settings", "/docs/api"),
    *("/blog/why-we-left-the-cloud", "/blog/counting-without-cookies", "/blog/a-year-in-numbers"),
    *("/docs/upgrade", "/docs/backup", "/about", "/changelog", "/blog/small-servers", "/contact"),
    *("/docs/reverse-proxies", "/docs/faq", "/blog/faster-reports", "/jobs", "/imprint"),
)
REFERRERS = (
    ("", 34),
    ("https://www.google.com/", 27),
    ("https://duckduckgo.com/", 6),
    ("https://www.bing.com/", 4),
    ("https://news.ycombinator.com/item", 6),
    ("https://www.reddit.com/r/selfhosted/", 4),
    ("https://mastodon.social/@somebody", 3),
    ("https://github.com/", 5),
    ("https://chatgpt.com/", 4),
    ("https://en.wikipedia.org/wiki/Web_analytics", 2),
    ("https://lobste.rs/", 2),
)
CAMPAIGNS = (
    "?utm_source=newsletter&utm_medium=email&utm_campaign=autumn",
    "?utm_source=google&utm_medium=cpc&utm_campaign=brand",
)
WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
APPLE = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
CHROME = "Chrome/142.0.0.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X)"
IPAD = "Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X)"
AGENTS = (
    (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} {CHROME} Safari/537.36", 30),
    (f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {APPLE} Version/18.6 Safari/605.1.15", 14),
    (f"{IPHONE} {APPLE} Version/18.6 Mobile/15E148 Safari/604.1", 18),
    (f"Mozilla/5.0 (Linux; Android 14; Pixel 8) {WEBKIT} {CHROME} Mobile Safari/537.36", 15),
    ("Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0", 12),
    (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} {CHROME} Safari/537.36 Edg/142.0", 8),
    (f"{IPAD} {APPLE} Version/17.5 Mobile/15E148 Safari/604.1", 3),
    ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", 6),
)
# Two bytes of networks in several countries; the shipped database says which.
NETWORKS = (
    ("84.112", 9), ("91.64", 22), ("82.64", 10), ("81.2", 9), ("24.16", 24), ("73.32", 12),
    ("142.116", 6), ("177.32", 5), ("203.219", 4), ("126.0", 5), ("83.128", 6), ("78.64", 4),
    ("93.40", 4), ("88.0", 5), ("49.36", 6), ("178.36", 4), ("85.0", 4), ("62.20", 3),
)  # fmt: skip


@dataclass(frozen=True)
class Demo:
    """The traffic up to `now`, the same for the same seed and time."""

    site: str
    base_url: str
    import_id: int
    now: datetime
    seed: int = 1

    def hits(self) -> Iterator[Hit]:
        """Hits of all visits, visit by visit."""
        chance = random.Random(self.seed)  # noqa: S311 - traffic, not a secret
        begin = (self.now - timedelta(days=DAYS)).replace(hour=0, minute=0, second=0, microsecond=0)
        for number in range(DAYS + 1):
            day = begin + timedelta(days=number)
            people = [_person(chance) for _ in range(self._people_on(day, number, chance))]
            for person in people + chance.choices(people, k=len(people) // 6):
                at = day + timedelta(hours=_hour(chance))
                yield from (hit for hit in self._visit(at, person, chance) if hit.at < self.now)

    def _people_on(self, day: datetime, number: int, chance: random.Random) -> int:
        share = WEEKEND_SHARE if day.weekday() >= 5 else 1.0
        trend = 1 + GROWTH * number / DAYS
        return round(PEOPLE_ON_A_WEEKDAY * share * trend * chance.uniform(0.85, 1.15))

    def _visit(self, at: datetime, person: tuple[str, str], chance: random.Random) -> Iterator[Hit]:
        agent, address = person
        referrer = _picked(REFERRERS, chance)
        query = chance.choice(CAMPAIGNS) if chance.random() < 0.07 else ""
        for step in range(_pages_of_a_visit(chance)):
            page = _page(chance)
            known = {"user_agent": agent, "address": address, "import_id": self.import_id}
            url = f"{self.base_url}{page}{query if step == 0 else ''}"
            yield Hit(self.site, at, PAGEVIEW, url, referrer if step == 0 else "", **known)  # type: ignore[arg-type]
            seconds = max(3, round(chance.lognormvariate(3.6, 0.9)))
            yield Hit(
                *(self.site, at + timedelta(seconds=seconds), ENGAGEMENT, url),
                **known,  # type: ignore[arg-type]
                engaged_seconds=seconds,
                scroll_depth=chance.randrange(20, 101),
            )
            yield from self._custom_event(page, url, at + timedelta(seconds=seconds), known, chance)
            at += timedelta(seconds=seconds + chance.randrange(1, 20))

    def _custom_event(
        self, page: str, url: str, at: datetime, known: dict[str, object], chance: random.Random
    ) -> Iterator[Hit]:
        if page == "/pricing" and chance.random() < 0.16:
            props = (("plan", chance.choice(("monthly", "yearly"))),)
            yield Hit(self.site, at, "Sign up", url, **known, props=props)  # type: ignore[arg-type]
        elif page == "/docs/install" and chance.random() < 0.3:
            props = (("file", chance.choice(("archive", "container"))),)
            yield Hit(self.site, at, "Download", url, **known, props=props)  # type: ignore[arg-type]


def _person(chance: random.Random) -> tuple[str, str]:
    """A user agent and an address."""
    address = f"{_picked(NETWORKS, chance)}.{chance.randrange(256)}.{chance.randrange(1, 255)}"
    return _picked(AGENTS, chance), address


def _picked(weighted: tuple[tuple[str, int], ...], chance: random.Random) -> str:
    texts = [text for text, _ in weighted]
    return chance.choices(texts, [weight for _, weight in weighted])[0]


def _page(chance: random.Random) -> str:
    """A page by Zipf's law: the n-th is read a n-th as often as the first."""
    weights = [1 / rank for rank in range(1, len(PAGES) + 1)]
    return chance.choices(PAGES, weights)[0]


def _pages_of_a_visit(chance: random.Random) -> int:
    return 1 if chance.random() < 0.46 else min(12, 2 + int(chance.expovariate(0.6)))


def _hour(chance: random.Random) -> float:
    """An hour of the day, most often in the afternoon."""
    return math.fmod(chance.normalvariate(14.5, 4.6) + 24, 24)
