"""Finds files that are damaged or missing, and makes them anew from the database."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from time import time

import duckdb

from tracking.columns.manifest import (
    DamagedList,
    Manifest,
    SealedFile,
    digest_of,
    read_sealed,
    site_folder,
    sites_with_files,
)
from tracking.columns.seal import rebuild, remake, seal_day

UNREADABLE = "unreadable"
WHOLE = "whole"
# What can't be read for another reason, such as a full disk, is not looked at again and again.
TRUSTED_SECONDS = 60.0

logger = logging.getLogger("tracking.columns")


def report_unreadable(folder: Path) -> None:
    """Ask upkeep to look at all files now: a reader could not read one."""
    try:
        (folder / UNREADABLE).touch(mode=0o600)
    except OSError:
        logger.exception("That a file could not be read could not be reported")


@contextmanager
def reporting(folder: Path) -> Iterator[None]:
    """Report it when a file can't be read in this block."""
    try:
        yield
    except (DamagedList, duckdb.Error):
        report_unreadable(folder)
        raise


def is_reported(folder: Path) -> bool:
    """Whether a file could not be read, and all were not just found to be whole."""
    looked_at = _touched_at(folder / WHOLE) or 0
    return (folder / UNREADABLE).exists() and abs(time() - looked_at) > TRUSTED_SECONDS


def repair(folder: Path, manifest: Manifest) -> tuple[Manifest, int]:
    """Write days and chunks anew whose files are not what was written; returns how many days."""
    reported_at = _touched_at(folder / UNREADABLE)
    days = sum(_repair_site(folder, site_id, manifest) for site_id in sites_with_files(folder))
    repaired = manifest
    if not all(_is_whole(folder / "chunks" / one.name, one.digest) for one in manifest.chunks):
        logger.warning("A chunk was damaged: its days are made anew")
        repaired = rebuild(folder, manifest)
    if reported_at and not days and repaired is manifest:
        (folder / WHOLE).touch(mode=0o600)
    # Whoever found a file unreadable while this looked at others is heard the next time.
    if reported_at and _touched_at(folder / UNREADABLE) == reported_at:
        (folder / UNREADABLE).unlink(missing_ok=True)
    return repaired, days


def _repair_site(folder: Path, site_id: int, manifest: Manifest) -> int:
    try:
        days = _damaged_days(folder, site_id)
    except DamagedList:
        logger.warning("The list of files of site %s was damaged: all are made anew", site_id)
        return remake(folder, site_id, manifest)
    for day in days:
        logger.warning("The file of site %s with %s was damaged, and is made anew", site_id, day)
        seal_day(folder, site_id, day, manifest)
    return len(days)


def _damaged_days(folder: Path, site_id: int) -> list[date]:
    sealed = read_sealed(folder, site_id)
    site = site_folder(folder, site_id)
    damaged = {name for name, file in sealed.files.items() if not _is_file_whole(site, file)}
    return [day for day, one in sealed.days.items() if one.file in damaged]


def _is_file_whole(site: Path, file: SealedFile) -> bool:
    return all(_is_whole(site / name, digest) for name, digest in file.digests.items())


def _is_whole(path: Path, digest: str) -> bool:
    """Whether a file is there as it was written; of one without a digest nobody knows."""
    try:
        return digest == digest_of(path)
    except OSError:
        return False


def _touched_at(path: Path) -> float | None:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return None
