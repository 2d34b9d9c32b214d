"""Writes a finished day of a site into files of its own, from the record.

A sealed day remembers the number of the last chunk that it includes: rows of earlier chunks are
in it. How a late event opens it again is told in `chunks.py`.
"""

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from time import monotonic

import duckdb
from django.db.models import F, QuerySet

from tracking.columns import duck
from tracking.columns.chunks import days_in_chunks
from tracking.columns.files import Slices
from tracking.columns.manifest import (
    EVENTS,
    NAME,
    VISITS,
    DamagedList,
    Manifest,
    Sealed,
    SealedDay,
    SealedFile,
    forget_sites,
    read_sealed,
    replace_sealed,
    site_folder,
    sites_with_files,
    write_manifest,
    write_sealed,
)
from tracking.columns.record import by_visitors, drop_uncopied, events_of_days, load
from tracking.columns.schema import SCHEMA
from tracking.columns.shape import (
    first_visits,
    joined_events,
    marks,
    numbered_visits,
    sealed_events,
    sealed_visits,
)
from tracking.models import DailyTotal, SpoolFile
from tracking.records import VISIT_TIMEOUT, SiteRules, event_id

# The last visits of a day may still grow by engagement until the timeout is over.
SETTLED = VISIT_TIMEOUT + timedelta(minutes=1)
# An import may add to a day again and again: it is sealed when that is over, or now and then.
REOPENED_FOR = timedelta(minutes=10)
ROWS_AT_ONCE = 600_000
"""Of raw rows: with twice as many, some joins no longer fit into the memory that there is."""
VISITS_AT_ONCE = 25_000
SEALED_TOGETHER = 300_000
"""Events, as long as it is more than one day."""
LONGEST_SECONDS = 120.0
"""For so long other steps of upkeep wait for days that are brought to the present schema."""


def seal_days(
    folder: Path, manifest: Manifest, sites: Mapping[int, SiteRules], now: datetime
) -> int:
    """Seal every finished day that has rows in chunks; returns how many that were."""
    opened_at = {(one.site, one.day): one.at for one in manifest.reopened}
    latest = (now - REOPENED_FOR).timestamp()
    sealed = 0
    for site_id, day, last_chunk in days_in_chunks(folder, manifest):
        if site_id not in sites or sites[site_id].local(now - SETTLED)[0] <= day:
            continue
        known = read_sealed(folder, site_id).days.get(day)
        if known is not None and known.chunk >= last_chunk:
            continue
        if known is None or opened_at.get((site_id, day), 0) <= latest:
            seal_day(folder, site_id, day, manifest)
            sealed += 1
    return sealed


def seal_old_schemas(folder: Path, listed: Callable[[], Manifest]) -> int:
    """Write days anew whose files have an earlier schema; returns how many that were.

    `listed` is called before every few days, and gives the list of chunks as it is by then. What
    would take too long is left for the next time.
    """
    sites = {site_id: read_sealed(folder, site_id) for site_id in sites_with_files(folder)}
    old = {
        (site_id, day)
        for site_id, sealed in sites.items()
        for day in sealed.days
        if sealed.file_of(day).schema != SCHEMA
    }
    totals = _totals().filter(site_id__in={site_id for site_id, _ in old})
    counted = dict.fromkeys(old, 0) | {
        (site_id, day): events for site_id, day, events in totals if (site_id, day) in old
    }
    written, began = 0, monotonic()
    for site_id, days in _together(((*one, counted[one]) for one in sorted(old)), None, {}):
        seal_together(folder, site_id, days, listed())
        written += len(days)
        if monotonic() - began > LONGEST_SECONDS:
            break
    return written


def seal_day(folder: Path, site_id: int, day: date, manifest: Manifest) -> None:
    """Write the files of one day: exactly its rows in chunks up to the manifest's last."""
    seal_together(folder, site_id, [day], manifest)


def seal_together(folder: Path, site_id: int, days: Sequence[date], manifest: Manifest) -> None:
    """Write days of one month into the same files; those without events are in none."""
    if not (site_folder(folder, site_id) / NAME).exists():
        # A folder with files and without a list is a damaged one.
        write_sealed(folder, site_id, read_sealed(folder, site_id))
    sealed = _with_days(folder, site_id, days, manifest, read_sealed(folder, site_id))
    replace_sealed(folder, site_id, sealed)


def remake(folder: Path, site_id: int, manifest: Manifest) -> int:
    """Write all of a site's days anew, and a list of them at the end; returns how many.

    Until then its list stays damaged: nobody takes some of the days for all of them.
    """
    sealed = Sealed()
    for _, days in _together(_totals().filter(site_id=site_id), None, {}):
        sealed = _with_days(folder, site_id, days, manifest, sealed)
    write_sealed(folder, site_id, sealed)
    return len(sealed.days)


def _with_days(
    folder: Path, site_id: int, days: Sequence[date], manifest: Manifest, sealed: Sealed
) -> Sealed:
    """The list with new files of these days, which it is yet to be replaced by."""
    kept = {one: at for one, at in sealed.days.items() if one not in days}
    name = f"{min(days).isoformat()}.{secrets.token_hex(4)}"
    site = site_folder(folder, site_id)
    found: set[date] = set()
    following = sealed.next_visit
    with (
        duck.cursor(folder) as cursor,
        Slices(cursor, sealed_events(), site / f"{name}{EVENTS}") as events,
        Slices(cursor, sealed_visits(), site / f"{name}{VISITS}") as visits,
    ):
        load(cursor, *events_of_days(site_id, days), manifest.last_chunk)
        drop_uncopied(cursor, manifest.cursors)
        for _ in by_visitors(cursor, ROWS_AT_ONCE):
            numbers = _shaped(cursor, following)
            found |= numbers.keys()
            first, following = following, max(numbers.values(), default=following - 1) + 1
            for begin in range(first, following, VISITS_AT_ONCE):
                last = min(begin + VISITS_AT_ONCE, following) - 1
                events.add(begin, last)
                visits.add(begin, last)
        if not found:
            return replace(sealed, days=kept)
        file = SealedFile(
            name,
            len(found),
            sealed.next_visit,
            following - 1,
            events_digest=events.together(),
            visits_digest=visits.together(),
        )
    days_of_file = {day: SealedDay(name, manifest.last_chunk) for day in found}
    return Sealed(following, {**sealed.files, name: file}, {**kept, **days_of_file})


def _shaped(cursor: duckdb.DuckDBPyConnection, first: int) -> dict[date, int]:
    """Make what sealed days' rows are made of from `rows` and `traits`.

    Visits have numbers from `first` on; returns the last of each day that has any.
    """
    cursor.execute(numbered_visits(first))
    numbers = dict(cursor.execute("SELECT day, max(number) FROM numbered GROUP BY day").fetchall())
    for statement in (first_visits(), marks(), *joined_events()) if numbers else ():
        cursor.execute(statement)
    return numbers


def rebuild(folder: Path, known: Manifest | None = None) -> Manifest:
    """Make the files anew from the database, and no chunks; returns the list as it then is.

    `known` is what was listed before: days that it says are sealed are left alone. Without it all
    days are written. Those that are not over are sealed, too: the next event of one opens it
    again. The list is written last, so that a rebuild that was killed begins again.
    """
    # From now on there are files: without their list nobody takes them for none at all.
    (folder / "sites").mkdir(parents=True, exist_ok=True, mode=0o700)
    sealed = _readable_lists(folder)
    chunks = [one.chunk for site in sealed.values() for one in site.days.values()]
    manifest = Manifest(
        last_chunk=max([*chunks, known.last_chunk if known else 0]) + 1,
        cursors=known.cursors if known else _offsets(),
    )
    for site_id in sites_with_files(folder):
        if site_id not in sealed:
            remake(folder, site_id, manifest)
            sealed[site_id] = read_sealed(folder, site_id)
    groups = _together(_totals(), known, sealed)
    for site_id, days in groups:
        seal_together(folder, site_id, days, manifest)
    forget_sites(folder, keep=set(DailyTotal.objects.values_list("site_id", flat=True)))
    write_manifest(folder, manifest)
    return manifest


def _readable_lists(folder: Path) -> dict[int, Sealed]:
    found: dict[int, Sealed] = {}
    for site_id in sites_with_files(folder):
        with suppress(DamagedList):
            found[site_id] = read_sealed(folder, site_id)
    return found


def _totals() -> "QuerySet[DailyTotal, tuple[int, date, int]]":
    """Each site's days, with how many events were counted."""
    counted = DailyTotal.objects.annotate(counted=F("pageviews") + F("events"))
    return counted.order_by("site_id", "day").values_list("site_id", "day", "counted")


def _together(
    totals: Iterable[tuple[int, date, int]],
    known: Manifest | None,
    sealed: Mapping[int, Sealed],
) -> Iterator[tuple[int, list[date]]]:
    """Each site's days to seal, as many of a month together as memory and time allow."""
    days: list[date] = []
    before, events = None, 0
    for site_id, day, counted in totals:
        if known and known.is_sealed(site_id, day, sealed.get(site_id, Sealed())):
            continue
        month = (site_id, day.year, day.month)
        if days and (month != before or events + counted > SEALED_TOGETHER):
            yield before[0], days  # type: ignore[index]
            days, events = [], 0
        before = month
        days.append(day)
        events += counted
    if days and before:
        yield before[0], days


def _offsets() -> dict[int, int]:
    """The place behind the last committed line of each spool file, as an event's id."""
    return {
        pk: event_id(pk, offset) for pk, offset in SpoolFile.objects.values_list("pk", "offset")
    }
