"""Merges the files of a month's sealed days, so that a year is read from a dozen files."""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

from tracking.columns import duck
from tracking.columns.files import write_parquet
from tracking.columns.manifest import (
    EVENTS,
    VISITS,
    SealedDay,
    SealedFile,
    read_sealed,
    replace_sealed,
    site_folder,
)
from tracking.columns.schema import EVENT_COLUMNS, SCHEMA, VISIT_COLUMNS

MERGED_AT_ONCE = 8


def merge_months(folder: Path, site_id: int, today: date) -> int:
    """Merge a site's files of each month that is over, or has many; returns how many went."""
    merged = 0
    months: dict[tuple[int, int], dict[date, SealedDay]] = {}
    for day, one in read_sealed(folder, site_id).days.items():
        months.setdefault((day.year, day.month), {})[day] = one
    for (year, month), days in months.items():
        count = len({one.file for one in days.values()})
        if count > 1 and (count >= MERGED_AT_ONCE or (year, month) < (today.year, today.month)):
            rewrite(folder, site_id, days)
            merged += count
    return merged


def rewrite(folder: Path, site_id: int, days: Mapping[date, SealedDay]) -> None:
    """Write these days, all of this schema, into one file, and remove those they were in."""
    sealed = read_sealed(folder, site_id)
    files = [sealed.files[name] for name in sorted({one.file for one in days.values()})]
    if any(one.schema != SCHEMA for one in files):
        return
    site = site_folder(folder, site_id)
    name = f"{min(days).isoformat()}.{secrets.token_hex(4)}"
    digests = []
    with duck.cursor(folder) as cursor:
        for suffix, columns in ((EVENTS, EVENT_COLUMNS), (VISITS, VISIT_COLUMNS)):
            # Files are in the order of their numbers, and so are their rows: nothing is sorted.
            paths = [
                str(site / f"{one.name}{suffix}")
                for one in sorted(files, key=lambda one: one.first)
            ]
            rows = f"SELECT {', '.join(columns)} FROM read_parquet($paths) WHERE list_contains($days, day)"  # noqa: S608
            digests.append(
                write_parquet(
                    cursor, rows, {"paths": paths, "days": sorted(days)}, site / f"{name}{suffix}"
                )
            )
    first, last = min(one.first for one in files), max(one.last for one in files)
    replace_sealed(
        folder,
        site_id,
        replace(
            sealed,
            files=dict(sealed.files) | {name: SealedFile(name, len(days), first, last, *digests)},
            days=dict(sealed.days) | {day: SealedDay(name, one.chunk) for day, one in days.items()},
        ),
    )
