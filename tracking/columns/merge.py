"""Merges the files of a month's sealed days, so that a year is read from a dozen files."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from tracking.columns import duck
from tracking.columns.files import in_sections, write_parquet
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
    names = {one.file for one in days.values()}
    # In the order of their visits' numbers, as their rows are: nothing is sorted.
    files = sorted((sealed.files[name] for name in names), key=lambda one: one.first)
    if any(one.schema != SCHEMA for one in files):
        return
    site = site_folder(folder, site_id)
    name = f"{min(days).isoformat()}.{secrets.token_hex(4)}"
    digests: dict[str, str] = {}
    with duck.cursor(folder) as cursor:
        for suffix, columns in ((EVENTS, EVENT_COLUMNS), (VISITS, VISIT_COLUMNS)):
            rows, parameters = _rows(site, files, days, suffix, columns)
            path = site / f"{name}{suffix}"
            digests[suffix] = write_parquet(cursor, in_sections(rows, path), parameters, path)
    first, last = min(one.first for one in files), max(one.last for one in files)
    file = SealedFile(name, len(days), first, last, digests[EVENTS], digests[VISITS])
    replace_sealed(
        folder,
        site_id,
        replace(
            sealed,
            files=dict(sealed.files) | {name: file},
            days=dict(sealed.days) | {day: SealedDay(name, one.chunk) for day, one in days.items()},
        ),
    )


def _rows(
    site: Path,
    files: Sequence[SealedFile],
    days: Mapping[date, SealedDay],
    suffix: str,
    columns: Iterable[str],
) -> tuple[str, dict[str, Any]]:
    """A query for these days' rows in files, and the values of its parameters.

    Each file gives the days that are listed to be in it: it may still hold one that was sealed
    anew into another.
    """
    arms: list[str] = []
    parameters: dict[str, Any] = {}
    for number, file in enumerate(files):
        arms.append(
            f"SELECT {', '.join(columns)} FROM read_parquet($path_{number})"  # noqa: S608
            f" WHERE list_contains($days_{number}, day)"
        )
        parameters[f"path_{number}"] = str(site / f"{file.name}{suffix}")
        parameters[f"days_{number}"] = [
            day for day, one in sorted(days.items()) if one.file == file.name
        ]
    return " UNION ALL ".join(arms), parameters
