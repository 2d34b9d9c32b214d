"""Random traffic of several sites, and what was counted of it, read back from the record."""

import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tracking.columns.schema import TRAITS
from tracking.models import Engagement, Event, Site, Term, Visit
from tracking.records import Hit, SiteRules
from tracking.tests.factories import SiteFactory
from tracking.tests.pipeline import AUSTRIAN_ADDRESS, CHROME, FIREFOX, GERMAN_ADDRESS
from tracking.tests.reports.seen import Seen

DAY = timedelta(days=1)
ZONES = ("Europe/Vienna", "Asia/Kathmandu", "UTC", "America/Los_Angeles")
# Clocks change in Vienna on the first two, in Los Angeles on the next, and nowhere on the last.
MIDDLE_DAYS = tuple(
    map(date.fromisoformat, ("2026-03-29", "2026-10-25", "2026-03-08", "2026-11-01", "2026-06-10"))
)
VISITS_A_SITE = 24

SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
)
PEOPLE = [
    (agent, address)
    for agent in (CHROME, FIREFOX, SAFARI)
    for address in (GERMAN_ADDRESS, AUSTRIAN_ADDRESS)
]
NAMES = {"pageview": 10, "Sign up": 3, "Buy": 3, "Seen": 2, "engagement": 5}
# Characters that globs, LIKE and JSON paths give a meaning to are only characters here.
PATHS = ("/", "/a", "/a/b", "/blog/Käse", "/blog/[x]", "/50%25", "/_", "/a*b", "")
HOSTS = ("site.example", "www.site.example", "Blog.site.example")
TITLES = ("", "Home", "home", "Über uns", "100% [x]?")
PROPS: tuple[tuple[tuple[str, str], ...], ...] = (
    (),
    (),
    (("plan", "pro"),),
    (("plan", "Free"), ("size", "10")),
    (("plan", ""), ('a.b "c"', 'é "\\" %')),
    (("size", "9"), ("$.plan[0]/ü", "x'y")),
)
PROP_KEYS = sorted({key for props in PROPS for key, _ in props})
REFERRERS = (
    *("", "", "https://www.google.com/", "https://t.co/x", "https://news.example/Post?id=1"),
    "https://site.example/a",
)
QUERIES = (
    *("", "", "", "?utm_source=Letter&utm_medium=email&utm_campaign=May%202026", "?gclid=1"),
    "?utm_source=t&utm_medium=cpc&utm_term=shoes&utm_content=%5Bx%5D",
)
AMOUNTS = (None, 1, 1_500_000, -250_000, 9_990_000, 1_000_000_000_000_001)
# Quarters of a second have no error as floats: numbers that are equal stay so when ordered.
GAPS_IN_SECONDS = (0, 0.25, 1, 20, 60, 300, 1200, 1799, 1800, 1800.25, 3000)
EVENTFUL_TIMES = tuple(
    map(
        time.fromisoformat,
        ("00:00:00", "00:20:00", "23:25:00", "23:45:00", "23:59:59.750", "01:40:00", "02:15:00"),
    )
)


@dataclass(frozen=True)
class Traffic:
    """What was counted, and of which sites; and when days were sealed last."""

    sites: tuple[SiteRules, ...]
    seen: tuple[Seen, ...]
    sealed_at: datetime


def random_sites(middle_day: date, chance: random.Random) -> list[Site]:
    """One in each zone; of some the zone changes."""
    sites: list[Site] = [SiteFactory(timezone=zone) for zone in chance.sample(ZONES, len(ZONES))]
    if chance.random() < 0.4:
        changed, zone = chance.choice(sites), chance.choice(ZONES)
        changed.zones.create(first_day=middle_day, timezone=zone)
    return sites


def random_hits(site: Site, middle_day: date, chance: random.Random) -> list[Hit]:
    """Visits around a day, of a few people, many of them at midnight or when clocks change."""
    return [
        hit
        for _ in range(VISITS_A_SITE)
        for hit in random_visit(site, random_start(site, middle_day, chance), chance)
    ]


def random_start(site: Site, middle_day: date, chance: random.Random) -> datetime:
    day = middle_day + chance.choice((-2, -1, -1, 0, 0, 0, 1, 2)) * DAY
    at = chance.choice(EVENTFUL_TIMES)
    if chance.random() < 0.5:
        at = time(chance.randrange(24), chance.randrange(60), chance.randrange(60))
    local = datetime.combine(day, at.replace(fold=chance.randrange(2)), ZoneInfo(site.timezone))
    return local.astimezone(UTC)


def random_visit(site: Site, at: datetime, chance: random.Random) -> list[Hit]:
    agent, address = chance.choice(PEOPLE)
    host, path, query = chance.choice(HOSTS), chance.choice(PATHS), chance.choice(QUERIES)
    referrer = chance.choice(REFERRERS)
    hits = []
    for _ in range(chance.choice((1, 1, 2, 3, 4, 6))):
        [name] = chance.choices(list(NAMES), list(NAMES.values()))
        if name != "engagement" or chance.random() < 0.1:
            path = chance.choice(PATHS)
        hits.append(
            Hit(
                *(site.public_id, at, name, f"https://{host}{path}{query}", referrer),
                *(agent, address, chance.choice(("", "de", "en"))),
                title=chance.choice(TITLES),
                screen=chance.choice(("", "Mobile", "Desktop")),
                **random_details(name, chance),
            )
        )
        referrer, query = "", ""
        at += timedelta(seconds=chance.choice(GAPS_IN_SECONDS))
    return hits


def random_details(name: str, chance: random.Random) -> dict[str, Any]:
    if name == "engagement":
        seconds, depth = chance.choice(((0, None), (5, 30), (40, 100), (None, 80), (9, 0)))
        return {"engaged_seconds": seconds, "scroll_depth": depth}
    micros = chance.choice(AMOUNTS) if name == "Buy" or chance.random() < 0.05 else None
    return {
        "props": chance.choice(PROPS),
        "interactive": name != "Seen",
        "revenue_micros": micros,
        "currency": "" if micros is None else chance.choice(("EUR", "USD")),
    }


def seen_in_database(sites: Iterable[Site]) -> list[Seen]:
    """All that the record holds of these sites."""
    texts: dict[int | None, str] = {None: "", **dict(Term.objects.values_list("pk", "text"))}
    return [row for site in sites for row in _seen_of(site, texts)]


def _seen_of(site: Site, texts: dict[int | None, str]) -> list[Seen]:
    rules = site.rules()
    visits = {visit.pk: visit for visit in Visit.objects.filter(site=site)}
    kept: Sequence[Any] = [
        *Event.objects.filter(site=site).order_by("pk"),
        *Engagement.objects.filter(site=site).order_by("pk"),
    ]
    return [_seen(one, visits[one.visit_id], rules, texts) for one in kept]


def _seen(one: Any, visit: Visit, rules: SiteRules, texts: dict[int | None, str]) -> Seen:
    """One hit; `one` is an Event or an Engagement."""
    local = one.happened_at.astimezone(rules.zone_on(one.day))
    values = {
        name: texts[getattr(one, f"{name}_id", None)] for name in ("page", "hostname", "title")
    }
    values |= {trait: texts[getattr(visit, f"{trait}_id")] for trait in TRAITS}
    return Seen(
        *(rules.site_id, visit.pk, visit.visitor, one.happened_at, one.pk, one.day),
        minute=local.hour * 60 + local.minute,
        name=texts[one.name_id] if isinstance(one, Event) else "engagement",
        values=values,
        props=json.loads(getattr(one, "props", "") or "{}"),
        interactive=getattr(one, "interactive", True),
        seconds=getattr(one, "seconds", None),
        depth=getattr(one, "scroll_depth", None),
        micros=getattr(one, "revenue_micros", None),
        currency=getattr(one, "currency", ""),
    )
