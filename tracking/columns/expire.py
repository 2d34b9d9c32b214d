"""Takes days out of the files: those that a site no longer keeps, and those of deleted sites."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from time import time

from tracking.columns.chunks import GRACE_SECONDS, drop_sealed_rows
from tracking.columns.manifest import (
    Manifest,
    forget_sites,
    read_sealed,
    site_folder,
    write_sealed,
)
from tracking.columns.seal import days_in_chunks


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
    days = read_sealed(folder, site_id)
    kept = {day: one for day, one in days.items() if day >= first_day}
    gone = [one.name for day, one in days.items() if day < first_day]
    if gone:
        write_sealed(folder, site_id, kept)
    for name in gone:
        (site_folder(folder, site_id) / name).unlink(missing_ok=True)
    _remove_unlisted(site_folder(folder, site_id), {one.name for one in kept.values()})
    return len(gone)


def _remove_unlisted(site: Path, listed: set[str]) -> None:
    """Remove files of days that a kill left behind, between writing one and naming it."""
    for path in site.glob("*.parquet"):
        if path.name not in listed and time() - path.stat().st_mtime > GRACE_SECONDS:
            path.unlink(missing_ok=True)
