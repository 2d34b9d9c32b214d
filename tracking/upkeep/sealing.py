"""Seals days when somebody asks for it, and not only when they are due.

Whoever calls this leads upkeep. Each day is written and then listed in one step, so that a kill at
any point leaves a day's old files or its new ones, and the same call can be made again.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from pathlib import Path

from tracking.columns.chunks import drop_sealed_rows
from tracking.columns.manifest import read_sealed
from tracking.columns.seal import SEALED_TOGETHER, SETTLED, seal_days, seal_together
from tracking.errors import SealRefused
from tracking.models import DailyTotal, Site
from tracking.records import SiteRules
from tracking.upkeep.steps import copy_new_events


@dataclass(frozen=True)
class SiteDay:
    """A local day of a site, and how many events it has."""

    site_id: int
    day: date
    events: int = 0


def seal_due_days(folder: Path, sites: Collection[SiteRules], at: datetime) -> int:
    """Seal those days of these sites that upkeep would seal now; returns how many."""
    manifest = copy_new_events(folder)
    sealed = seal_days(folder, manifest, {rules.site_id: rules for rules in sites}, at)
    if sealed:
        drop_sealed_rows(folder, manifest)
    return sealed


def finished_days(folder: Path, sites: Collection[SiteRules], at: datetime) -> list[SiteDay]:
    """All days of these sites that are over and kept, with events or with files; in order."""
    first_kept = Site.objects.all().first_kept_days(at)
    events = _events([rules.site_id for rules in sites])
    for rules in sites:
        for day in read_sealed(folder, rules.site_id).days:
            events.setdefault((rules.site_id, day), 0)
    over = {rules.site_id: rules.local(at - SETTLED)[0] for rules in sites}
    return [
        SiteDay(site_id, day, count)
        for (site_id, day), count in sorted(events.items())
        if first_kept[site_id] <= day < over[site_id]
    ]


def named_days(sites: Collection[SiteRules], days: Iterable[date], at: datetime) -> list[SiteDay]:
    """These days of each of these sites, in order.

    Raises SealRefused for one that is not over or that one of the sites no longer keeps.
    """
    first_kept = Site.objects.all().first_kept_days(at)
    events = _events([rules.site_id for rules in sites])
    found = {(rules.site_id, day): rules for rules in sites for day in days}
    for (site_id, day), rules in found.items():
        _see_that_it_can_be_sealed(rules, day, first_kept[site_id], at)
    return [SiteDay(*key, events.get(key, 0)) for key in sorted(found)]


def write_anew(folder: Path, days: Sequence[SiteDay]) -> Iterator[int]:
    """Write the files of these days, as they come in order, from the database.

    Yields after each piece how many days it had. What is counted meanwhile is copied in between,
    since upkeep does not.
    """
    for site_id, some in _together(days):
        seal_together(folder, site_id, some, copy_new_events(folder))
        yield len(some)
    drop_sealed_rows(folder, copy_new_events(folder))


def _see_that_it_can_be_sealed(rules: SiteRules, day: date, first_kept: date, at: datetime) -> None:
    site = f"the site {rules.public_id}"
    if day < first_kept:
        raise SealRefused(f"{day} is before {first_kept}, the first day that {site} keeps")
    if day > rules.local(at)[0]:
        raise SealRefused(f"{day} is in the future of {site}")
    if day >= rules.local(at - SETTLED)[0]:
        raise SealRefused(f"{day} is not over for {site}, or only just")


def _events(site_ids: Sequence[int]) -> dict[tuple[int, date], int]:
    """How many events each day of these sites was counted with."""
    totals = DailyTotal.objects.filter(site_id__in=site_ids)
    return {
        (site_id, day): pageviews + events
        for site_id, day, pageviews, events in totals.values_list(
            "site_id", "day", "pageviews", "events"
        )
    }


def _together(days: Sequence[SiteDay]) -> Iterator[tuple[int, list[date]]]:
    """Days of a site's month, as many as may be sealed together."""
    for (site_id, _, _), of_month in groupby(
        days, key=lambda one: (one.site_id, one.day.year, one.day.month)
    ):
        some: list[date] = []
        events = 0
        for one in of_month:
            if some and events + one.events > SEALED_TOGETHER:
                yield site_id, some
                some, events = [], 0
            some.append(one.day)
            events += one.events
        yield site_id, some
