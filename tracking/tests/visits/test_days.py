"""Midnight, zones, batches and restarts: from the spool into the database, as properties."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tracking.ingest.batch import Ingester
from tracking.ingest.live import live_lookups
from tracking.models import DailyTotal, DroppedHits, Engagement, Event, Site, Visit
from tracking.records import Hit, SiteRules
from tracking.tests.factories import SiteFactory
from tracking.tests.pipeline import hit, spool

HALF_AN_HOUR = timedelta(minutes=30)
# Each takes some twenty batches through the database: fewer of them than of pure functions.
WEIGHT = 4
# Zones, and a day in each that is longer, shorter or begins elsewhere than others.
DAYS = (
    ("UTC", date(2026, 3, 2)),
    ("Europe/Vienna", date(2026, 3, 29)),
    ("Europe/Vienna", date(2026, 10, 25)),
    ("Asia/Kathmandu", date(2026, 3, 2)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("Pacific/Chatham", date(2026, 9, 27)),
    ("America/Havana", date(2026, 3, 8)),
    ("America/Havana", date(2026, 11, 1)),
    ("Asia/Beirut", date(2026, 10, 25)),
    ("America/St_Johns", date(2010, 11, 7)),
    ("Pacific/Apia", date(2011, 12, 31)),
    ("Pacific/Kiritimati", date(2026, 3, 2)),
    ("Pacific/Pago_Pago", date(2026, 3, 2)),
)
ZONES = tuple(sorted({name for name, _ in DAYS}))
SEARCHES = {"Google": "https://www.google.com/", "Direct": "", "Twitter": "https://t.co/"}


class Killed(Exception):
    """The process ends here."""


@dataclass(frozen=True)
class Zones:
    """The zone of a site's days, and another that follows on a day's own midnight."""

    first: str
    second: str | None = None
    changes_on: date = date.max

    def day(self, at: datetime) -> date:
        """The local day of an instant, by the rules' words."""
        day = at.astimezone(ZoneInfo(self.first)).date()
        if self.second is None:
            return day
        there = at.astimezone(ZoneInfo(self.second)).date()
        if there >= self.changes_on:
            return there
        return min(day, self.changes_on - timedelta(days=1))

    def site(self) -> Site:
        """A site with these zones."""
        site: Site = SiteFactory(timezone=self.first)
        if self.second:
            site.zones.create(first_day=self.changes_on, timezone=self.second)
        return site


@dataclass
class Counted:
    """One visit that the rules make: its hits in order, and where it came from."""

    day: date
    hits: list[Hit]
    source: str


def source_of(one: Hit) -> str:
    return next(name for name, url in SEARCHES.items() if url == one.referrer)


def expected(hits: Sequence[Hit], zones: Zones) -> list[Counted]:
    """The visits of hits in the order of time."""
    visits: dict[str, list[Counted]] = {}
    for one in hits:
        own, day = visits.setdefault(one.address, []), zones.day(one.at)
        near = [visit for visit in own if one.at - visit.hits[-1].at <= HALF_AN_HOUR]
        same_day = [visit for visit in near if visit.day == day]
        before = [visit for visit in near if visit.day < day]
        if same_day:
            same_day[-1].hits.append(one)
        elif one.name != "engagement":
            own.append(Counted(day, [one], before[-1].source if before else source_of(one)))
    return [visit for own in visits.values() for visit in own]


def described(visit: Counted) -> tuple[object, ...]:
    pages = [one.title for one in visit.hits if one.name == "pageview"]
    times = visit.hits[0].at, visit.hits[-1].at
    customs = sum(one.name == "Sign up" for one in visit.hits)
    ends = (pages[0], pages[-1]) if pages else ("None", "None")
    return (visit.day, *times, len(pages), customs, *ends, visit.source, titles(visit))


def titles(visit: Counted) -> frozenset[str]:
    return frozenset(one.title for one in visit.hits if one.name != "engagement")


def stored(site: Site) -> list[tuple[object, ...]]:
    """The site's visits as the database has them, described like those of the rules."""
    events: dict[int, set[str]] = {}
    for visit_id, title in Event.objects.filter(site=site).values_list("visit_id", "title__text"):
        events.setdefault(visit_id, set()).add(str(title))
    return [
        (
            *(visit.day, visit.started_at, visit.ended_at, visit.pageviews, visit.events),
            *(str(visit.entry_page).lstrip("/"), str(visit.exit_page).lstrip("/")),
            *(str(visit.source), frozenset(events[visit.pk])),
        )
        for visit in Visit.objects.filter(site=site).select_related(
            *("entry_page", "exit_page", "source")
        )
    ]


@st.composite
def around_midnight(draw: st.DrawFn) -> tuple[Zones, datetime]:
    """Zones of a site, and an instant some hours before one of its days ends or begins."""
    name, day = draw(st.sampled_from(DAYS))
    zones = Zones(name)
    if draw(st.booleans()):
        zones = Zones(name, draw(st.sampled_from(ZONES)), day)
    midnight = datetime.combine(day, time(), ZoneInfo(zones.second or name)).astimezone(UTC)
    return zones, midnight + timedelta(minutes=draw(st.sampled_from([-90, -45, -20, 60, 1380])))


arrivals = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 10, 15, 29, 30, 31, 45, 120]),
        st.sampled_from(["84.112.1.1", "84.112.1.1", "91.64.1.1"]),
        st.sampled_from(["pageview", "pageview", "Sign up", "engagement"]),
        st.sampled_from(sorted(SEARCHES)),
    ),
    min_size=1,
    max_size=12,
)


def hits_of(
    site: Site, began_at: datetime, arrived: Sequence[tuple[int, str, str, str]]
) -> list[Hit]:
    hits, at = [], began_at
    for number, (minutes, address, name, source) in enumerate(arrived):
        at += timedelta(minutes=minutes)
        more: dict[str, Any] = {"engaged_seconds": 3} if name == "engagement" else {}
        hits.append(
            hit(
                *(site, at, f"/{number}"),
                title=str(number),
                name=name,
                address=address,
                referrer=SEARCHES[source],
                **more,
            )
        )
    return hits


def take(ingester: Ingester, how: str) -> Ingester:
    """Take what is spooled; a process that is killed or restarted leaves a new one to go on."""
    if how == "killed":
        with patch("tracking.ingest.batch._advance", side_effect=Killed), suppress(Killed):
            ingester.take_batch()
    if how != "goes on":
        ingester = Ingester(settings.SPOOL_DIR, live_lookups())
    while ingester.take_batch():
        pass
    return ingester


@pytest.mark.django_db
def test_days_cuts_and_restarts_make_the_visits_of_the_rules() -> None:
    batches_taken = 0

    @hypothesis_settings(max_examples=max(1, hypothesis_settings().max_examples // WEIGHT))
    @given(
        around_midnight(),
        arrivals,
        st.sets(st.integers(1, 11)),
        st.lists(st.sampled_from(["goes on", "restarted", "killed"]), min_size=13, max_size=13),
    )
    def are_those_of_the_rules(
        place: tuple[Zones, datetime],
        arrived: list[tuple[int, str, str, str]],
        cuts: set[int],
        ends: list[str],
    ) -> None:
        nonlocal batches_taken
        zones, began_at = place
        site = zones.site()
        hits = hits_of(site, began_at, arrived)
        ingester = Ingester(settings.SPOOL_DIR, live_lookups())
        for (start, end), how in zip(pairwise([0, *sorted(cuts), len(hits)]), ends, strict=False):
            spool(hits[start:end])
            ingester = take(ingester, how)
            batches_taken += 1

        wanted = expected(hits, zones)
        assert sorted(stored(site), key=str) == sorted(map(described, wanted), key=str)
        counted = sum(len(visit.hits) for visit in wanted)
        signals = Engagement.objects.filter(site=site).count()
        assert Event.objects.filter(site=site).count() + signals == counted
        dropped = sum(DroppedHits.objects.filter(site=site).values_list("count", flat=True))
        assert dropped == len(hits) - counted
        visitors = DailyTotal.objects.filter(site=site).values_list("day", "visitors")
        assert dict(visitors) == {
            day: len({one.hits[0].address for one in wanted if one.day == day})
            for day in {one.day for one in wanted}
        }

    are_those_of_the_rules()
    assert batches_taken >= 60


@given(around_midnight(), st.lists(st.integers(0, 3 * 24 * 60), min_size=2, max_size=40))
def test_days_follow_each_other_and_an_hour_is_one_of_24(
    place: tuple[Zones, datetime], minutes: list[int]
) -> None:
    zones, began_at = place
    changes = [(zones.changes_on, ZoneInfo(zones.second))] if zones.second else []
    rules = SiteRules(1, "abc", ((date.min, ZoneInfo(zones.first)), *changes))
    instants = [began_at - timedelta(days=1) + timedelta(minutes=one) for one in sorted(minutes)]
    local = [rules.local(at) for at in instants]

    assert [day for day, _ in local] == [zones.day(at) for at in instants]
    assert all(0 <= hour < 24 for _, hour in local)
    if "America/St_Johns" not in {zones.first, zones.second}:
        # Its clocks once went back a minute after midnight: that day had a minute of the next.
        assert [day for day, _ in local] == sorted(day for day, _ in local)
