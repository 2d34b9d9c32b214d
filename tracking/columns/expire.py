"""Takes days out of the files: those that a site no longer keeps, and those of deleted sites."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from time import time

from tracking.columns.chunks import GRACE_SECONDS, days_in_chunks, drop_sealed_rows
from tracking.columns.manifest import (
    Manifest,
    forget_sites,
    read_sealed,
    replace_sealed,
    site_folder,
)
from tracking.columns.merge import rewrite


def expire(folder: Path, manifest: Manifest, first_days: Mapping[int, date]) -> int:
    """Remove days before each site's first, and sites without one; returns how many were sealed.

    `first_days` is read after the manifest: every site with rows in the chunks must be in it, or
    be deleted. Killed at any point, the next call does what is left.
    """
    # Rows of chunks go first: a sealed day hides those that it holds.
    gone = [
        (site, day)
        for site, day, _ in days_in_chunks(folder, manifest)
        if day < first_days.get(site, date.max)
    ]
    if gone:
        drop_sealed_rows(folder, manifest, gone)
    forget_sites(folder, keep=set(first_days))
    return sum(
        _expire_sealed(folder, site_id, first_day) for site_id, first_day in first_days.items()
    )


def _expire_sealed(folder: Path, site_id: int, first_day: date) -> int:
    sealed = read_sealed(folder, site_id)
    kept = {day: one for day, one in sealed.days.items() if day >= first_day}
    if len(kept) < len(sealed.days):
        replace_sealed(folder, site_id, replace(sealed, days=kept))
    # What is no longer kept leaves the disk, too, also from a file that goes on.
    for file in read_sealed(folder, site_id).files.values():
        rest = {day: one for day, one in kept.items() if one.file == file.name}
        if len(rest) < file.holds:
            rewrite(folder, site_id, rest)
    remove_unlisted(folder, site_id)
    return len(sealed.days) - len(kept)


def remove_unlisted(folder: Path, site_id: int) -> None:
    """Remove files of days that a kill left behind, between writing one and naming it."""
    listed = {path for one in read_sealed(folder, site_id).files.values() for path in one.digests}
    for path in site_folder(folder, site_id).glob("*.parquet"):
        if path.name not in listed and time() - path.stat().st_mtime > GRACE_SECONDS:
            path.unlink(missing_ok=True)
