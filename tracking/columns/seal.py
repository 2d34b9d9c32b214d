"""Writes a finished day of a site into a file of its own, from the record.

A sealed day remembers the number of the last chunk that it includes. A reader takes the file and
the rows of later chunks, so a late event is in every answer at once, and the day can be sealed
again at leisure.
"""

import secrets
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path

from tracking.columns import duck
from tracking.columns.chunks import chunk_paths
from tracking.columns.manifest import (
    Manifest,
    SealedDay,
    forget_sites,
    read_sealed,
    site_folder,
    write_manifest,
    write_sealed,
)
from tracking.columns.rows import Columns, day_bounds_query, wide_rows, write_parquet
from tracking.models import DailyTotal, Engagement, Event, SpoolFile
from tracking.records import OFFSET_BITS, VISIT_TIMEOUT, SiteRules, event_id

# The last visits of a day may still grow by engagement until the timeout is over.
SETTLED = VISIT_TIMEOUT + timedelta(minutes=1)


def seal_days(
    folder: Path, manifest: Manifest, sites: Mapping[int, SiteRules], now: datetime
) -> int:
    """Seal every finished day that has rows in chunks; returns how many that were."""
    sealed = 0
    for site_id, day, last_chunk in days_in_chunks(folder, manifest):
        if site_id not in sites or sites[site_id].local(now - SETTLED)[0] <= day:
            continue
        known = read_sealed(folder, site_id).get(day)
        if known is None or known.chunk < last_chunk:
            seal_day(folder, site_id, day, manifest)
            sealed += 1
    return sealed


def seal_day(folder: Path, site_id: int, day: date, manifest: Manifest) -> None:
    """Write the file of one day: exactly its rows in chunks up to the manifest's last."""
    bounds = day_bounds_query(site_id, day)
    rows = wide_rows(
        Event.objects.filter(**bounds), Engagement.objects.filter(**bounds), manifest.last_chunk
    )
    days = read_sealed(folder, site_id)
    before = days.pop(day, None)
    if rows:
        name = f"{day.isoformat()}.{secrets.token_hex(4)}.parquet"
        write_parquet(folder, site_folder(folder, site_id) / name, _copied(rows, manifest))
        days[day] = SealedDay(name, manifest.last_chunk)
    write_sealed(folder, site_id, days)
    if before:
        (site_folder(folder, site_id) / before.name).unlink(missing_ok=True)


def rebuild(folder: Path) -> Manifest:
    """Make all files anew from the database.

    Every day that has events is sealed, unfinished ones too: later chunks add to them. The list of
    chunks is written last, so that a rebuild that was killed begins again.
    """
    forget_sites(folder, keep=set())
    manifest = Manifest(
        last_chunk=0,
        cursors={
            pk: event_id(pk, offset) for pk, offset in SpoolFile.objects.values_list("pk", "offset")
        },
    )
    for site_id, day in DailyTotal.objects.order_by("site_id", "day").values_list("site_id", "day"):
        seal_day(folder, site_id, day, manifest)
    write_manifest(folder, manifest)
    return manifest


def days_in_chunks(folder: Path, manifest: Manifest) -> list[tuple[int, date, int]]:
    """The (site, day) pairs that chunks have rows of, each with the last such chunk's number."""
    if not manifest.chunks:
        return []
    cursor = duck.cursor(folder)
    found: list[tuple[int, date, int]] = cursor.execute(
        "SELECT site, day, max(chunk) FROM read_parquet(?) GROUP BY ALL ORDER BY ALL",
        [chunk_paths(folder, manifest.chunks)],
    ).fetchall()
    cursor.close()
    return found


def _copied(rows: Columns, manifest: Manifest) -> Columns:
    """The rows without those that came after the manifest's last chunk: the next one has them."""
    behind = {
        pk: manifest.cursors.get(pk, event_id(pk, 0))
        for pk in SpoolFile.objects.values_list("pk", flat=True)
    }
    # A spool file that has no row any more was copied to its end long ago.
    keep = [event < behind.get(event >> OFFSET_BITS, event + 1) for event in rows["event"]]
    return {
        name: [value for value, kept in zip(values, keep, strict=True) if kept]
        for name, values in rows.items()
    }
