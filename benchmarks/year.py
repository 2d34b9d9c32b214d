"""Fills an instance with a year of events of its first site, as counting their hits leaves them.

`python -m benchmarks.year [EVENTS] [OTHER_SITES]` writes straight into the database's tables, the
same rows whenever it is the same minute: the 365 days before today, and today as far as it has
come. Each other site gets a few events of today. Prints the sites' public ids as JSON, the first
site's first.
"""

import gc
import json
import os
import shutil
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracking_project.settings")

import django

django.setup()

from collections import Counter  # noqa: E402 - Django had to be set up first
from collections.abc import Iterable, Iterator, Sequence  # noqa: E402
from contextlib import contextmanager  # noqa: E402
from dataclasses import dataclass  # noqa: E402
from datetime import UTC, date, datetime, time, timedelta  # noqa: E402
from itertools import accumulate  # noqa: E402
from operator import attrgetter  # noqa: E402
from random import Random  # noqa: E402

from django.conf import settings  # noqa: E402
from django.db import connection, transaction  # noqa: E402

from accounts.models import User  # noqa: E402
from benchmarks.readers import (  # noqa: E402
    CUSTOM,
    EVENT_NAME,
    HOSTNAME,
    LANGUAGES,
    MINUTE_MS,
    PAGES,
    SIGNAL,
    Population,
    Readers,
    Visit,
    Window,
    page,
    title,
)
from tracking.models import DailyTotal, Site, SpoolFile, TermKind  # noqa: E402
from tracking.models.pieces import pieces  # noqa: E402
from tracking.records import PAGEVIEW, SiteRules, event_id  # noqa: E402
from tracking.spool.writer import SUFFIX  # noqa: E402
from tracking.store.terms import Terms  # noqa: E402
from tracking.store.writer import (  # noqa: E402
    AGENT_KINDS,
    ENGAGEMENT_COLUMNS,
    EVENT_COLUMNS,
    ORIGIN_KINDS,
    PLACE_KINDS,
    VISIT_COLUMNS,
    Row,
    _insert,
)

EVENTS = 10_000_000
MINUTE, QUARTER = timedelta(minutes=1), timedelta(minutes=15)
DAYS = 365
EVENTS_OF_OTHERS = 8
GROWTH = 0.6
BY_WEEKDAY = (1.0, 1.05, 1.05, 1.0, 0.95, 0.7, 0.75)
SEED = 1
# The index on visitors is written all over: the more days at once, the less often each page.
DAYS_AT_ONCE = 20
# A spool line has between these many bytes and 127 more.
SHORTEST_LINE = 320
SQLITE_FOR_BULK = ("PRAGMA synchronous = OFF", "PRAGMA cache_size = -200000")


@dataclass(frozen=True)
class Task:
    """A day's work: how many events of which site, by primary key."""

    day: date
    window: Window
    events: dict[int, int]


def main(events: int, others: int) -> None:
    """Fill, and print the sites' public ids."""
    site = Site.objects.order_by("pk").first()
    if site is None:
        raise SystemExit("The instance has no site: add_site makes one.")
    small = [_other_site(site, number) for number in range(others)]
    population = Population.make()
    with transaction.atomic():
        ids = _Ids(population, Terms())
    with _in_bulk():
        for some in pieces(_plan(site, events, small), DAYS_AT_ONCE):
            with transaction.atomic():
                for task in some:
                    _write(task, population, ids)
    # Without a list of them the files that reports read are made from the tables.
    shutil.rmtree(settings.COLUMNS_DIR, ignore_errors=True)
    print(json.dumps([one.public_id for one in (site, *small)]))


def _other_site(like: Site, number: int) -> Site:
    return Site.objects.create(
        name=f"Site {number}",
        base_url=f"https://site-{number}.example",
        owner=User.objects.get(pk=like.owner_id),
        timezone=like.timezone,
    )


def _plan(site: Site, events: int, others: Sequence[Site]) -> list[Task]:
    """The days in order; their shares vary, and add up to exactly what is wanted."""
    chance = Random(SEED)
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    rules = site.rules()
    today = rules.local(now)[0]
    days = [today - timedelta(days=back) for back in range(DAYS, -1, -1)]
    windows = [_window(rules, day, now) for day in days]
    weights = [
        window.weight
        * BY_WEEKDAY[day.weekday()]
        * (1 + GROWTH * number / DAYS)
        * chance.uniform(0.9, 1.1)
        for number, (day, window) in enumerate(zip(days, windows, strict=True))
    ]
    total, sums = sum(weights), list(accumulate(weights, initial=0.0))
    ends = [round(events * one / total) for one in sums]
    tasks = [
        Task(day, window, {site.pk: after - before})
        for day, window, before, after in zip(days, windows, ends[:-1], ends[1:], strict=True)
    ]
    tasks[-1].events.update({one.pk: EVENTS_OF_OTHERS for one in others})
    # Nobody has come yet in the first minute of a day.
    return [task for task in tasks if task.window.hours]


def _window(rules: SiteRules, day: date, now: datetime) -> Window:
    begin, end = (
        datetime.combine(one, time.min, rules.zone_on(one)).astimezone(UTC)
        for one in (day, day + timedelta(days=1))
    )
    end = min(end, now)
    # Zones differ from UTC by whole quarters.
    hours = [
        rules.local(begin + number * QUARTER)[1] for number in range(-((begin - end) // QUARTER))
    ]
    by_minute = [hour for hour in hours for _ in range(15)][: (end - begin) // MINUTE]
    return Window(_milliseconds(begin), _milliseconds(end), by_minute)


def _milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000)


class _Ids:
    """The ids of all terms, by the numbers that readers' traits and pages have."""

    def __init__(self, population: Population, terms: Terms) -> None:
        def ids(kind: int, texts: Iterable[str]) -> list[int | None]:
            texts = list(texts)
            found = terms.ids(kind, texts)
            return [found[text] for text in texts]

        def trait_ids(kinds: Sequence[tuple[str, TermKind]], traits: Sequence[object]) -> list[Row]:
            columns = [ids(kind, map(attrgetter(name), traits)) for name, kind in kinds]
            return list(zip(*columns, strict=True))

        [self.pageview, self.custom] = ids(TermKind.EVENT, (PAGEVIEW, EVENT_NAME))
        [self.hostname] = ids(TermKind.HOSTNAME, (HOSTNAME,))
        self.pages = ids(TermKind.PAGE, map(page, range(PAGES)))
        self.titles = ids(TermKind.TITLE, map(title, range(PAGES)))
        self.origins = trait_ids(ORIGIN_KINDS, population.origins)
        self.places = trait_ids(PLACE_KINDS, population.places)
        self.coordinates = [(one.latitude, one.longitude) for one in population.places]
        screens = ids(TermKind.SCREEN, (screen for _, screen in population.agents))
        agents = trait_ids(AGENT_KINDS, [agent for agent, _ in population.agents])
        self.agents = [(*row, screen) for row, screen in zip(agents, screens, strict=True)]
        self.languages = ids(TermKind.LANGUAGE, LANGUAGES)


def _write(task: Task, population: Population, ids: _Ids) -> None:
    """Write a day's rows, its totals, and the spool file that they are said to come from."""
    readers = Readers(population, task.window, f"{SEED} {task.day}")
    visitors = {site: readers.come(site, events) for site, events in task.events.items()}
    file = SpoolFile.objects.create(name=f"{task.day:%Y%m%dT%H%M%S}-year{SUFFIX}")
    rows = _Rows(task, readers, ids)
    file.offset = rows.make(file.pk)
    _insert("tracking_visit", VISIT_COLUMNS, rows.visits)
    _insert("tracking_event", EVENT_COLUMNS, rows.events)
    _insert("tracking_engagement", ENGAGEMENT_COLUMNS, rows.signals)
    DailyTotal.objects.bulk_create(_totals(task, readers.visits, visitors))
    # Its times are those of the day, so that upkeep takes it for as old as it is.
    SpoolFile.objects.filter(pk=file.pk).update(
        offset=file.offset,
        hits=len(readers.moments),
        created_at=_moment(task.window.begin),
        updated_at=_moment(task.window.end),
        finished_at=_moment(task.window.end),
    )


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _totals(task: Task, visits: Iterable[Visit], visitors: dict[int, int]) -> Iterator[DailyTotal]:
    counts: Counter[int] = Counter()
    pageviews: Counter[int] = Counter()
    events: Counter[int] = Counter()
    for visit in visits:
        counts[visit.site] += 1
        pageviews[visit.site] += visit.pageviews
        events[visit.site] += visit.events
    for site, count in visitors.items():
        yield DailyTotal(
            site_id=site,
            day=task.day,
            visitors=count,
            visits=counts[site],
            pageviews=pageviews[site],
            events=events[site],
        )


# What stands after a time's minute: seconds, and milliseconds unless there are none.
SECONDS = [
    f"{at // 1000:02}" + (f".{at % 1000:03}000" if at % 1000 else "") for at in range(MINUTE_MS)
]


class _Rows:
    """A day's rows, with times as text: SQLite wants them so, and PostgreSQL reads them as UTC."""

    def __init__(self, task: Task, readers: Readers, ids: _Ids) -> None:
        self.visits: list[Row] = []
        self.events: list[Row] = []
        self.signals: list[Row] = []
        self._day = task.day.isoformat()
        self._readers, self._ids = readers, ids
        self._begin, self._hours = task.window.begin, task.window.hours
        begin = _moment(self._begin)
        # As far as `2026-03-02 09:05:`.
        self._minutes = [
            str(begin + timedelta(minutes=minute))[:17] for minute in range(len(self._hours))
        ]

    def make(self, spool_file: int) -> int:
        """Make all rows, their ids in the order of time; returns the bytes of the spool file."""
        ids, day, hours = self._ids, self._day, self._hours
        chance = Random(spool_file)
        first = now = event_id(spool_file, 0)
        for at, _, visit, what, number, detail in sorted(self._readers.moments):
            minute, milliseconds = divmod(at - self._begin, MINUTE_MS)
            text = self._minutes[minute] + SECONDS[milliseconds]
            visit_id = visit.event_id = visit.event_id or now
            page_id = ids.pages[number]
            if what == SIGNAL:
                self.signals.append((now, visit.site, visit_id, text, day, page_id, *detail))
            else:
                name = ids.custom if what == CUSTOM else ids.pageview
                self.events.append(
                    (now, visit.site, visit_id, text, day, hours[minute], name, page_id)
                    + (ids.hostname, ids.titles[number])
                    + ((detail[0], True, *detail[1:]) if what == CUSTOM else ("", True, None, ""))
                )
            now += SHORTEST_LINE + chance.getrandbits(7)
        self.visits += map(self._of_visit, sorted(self._readers.visits, key=_by_id))
        return now - first

    def _of_visit(self, visit: Visit) -> Row:
        """Values of VISIT_COLUMNS."""
        ids, started = self._ids, self._text(visit.started)
        return (
            *(visit.event_id, visit.site, visit.visitor, self._day),
            *(started, self._text(visit.ended), visit.pageviews, visit.events, visit.events),
            *(ids.pages[visit.entry_page], started),
            *(ids.pages[visit.exit_page], self._text(visit.exited)),
            *ids.origins[visit.origin],
            *ids.places[visit.place],
            *ids.agents[visit.agent],
            ids.languages[visit.language],
            *ids.coordinates[visit.place],
            "",
        )

    def _text(self, at: int) -> str:
        minute, milliseconds = divmod(at - self._begin, MINUTE_MS)
        return self._minutes[minute] + SECONDS[milliseconds]


def _by_id(visit: Visit) -> int:
    return visit.event_id


@contextmanager
def _in_bulk() -> Iterator[None]:
    """The database as it is filled fastest; afterwards it knows its tables' statistics."""
    # Nothing here refers to itself in a circle, and looking for that takes a quarter of the time.
    gc.disable()
    with connection.cursor() as cursor:
        for statement in SQLITE_FOR_BULK if connection.vendor == "sqlite" else ():
            cursor.execute(statement)
        yield
        gc.enable()
        cursor.execute("ANALYZE")
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


if __name__ == "__main__":
    arguments = [int(one) for one in sys.argv[1:]]
    main(*arguments, *(EVENTS, 0)[len(arguments) :])
