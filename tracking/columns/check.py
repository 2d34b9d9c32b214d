"""Finds files that are damaged or missing, and makes them anew from the database."""

import logging
from pathlib import Path

from tracking.columns.manifest import (
    Manifest,
    SealedFile,
    digest_of,
    read_sealed,
    site_folder,
    sites_with_files,
)
from tracking.columns.seal import rebuild, seal_day

UNREADABLE = "unreadable"

logger = logging.getLogger("tracking.columns")


def report_unreadable(folder: Path) -> None:
    """Ask upkeep to look at all files now: a reader could not read one."""
    (folder / UNREADABLE).touch(mode=0o600)


def is_reported(folder: Path) -> bool:
    """Whether a reader asked for that."""
    return (folder / UNREADABLE).exists()


def repair(folder: Path, manifest: Manifest) -> tuple[Manifest, int]:
    """Write days and chunks anew whose files are not what was written; returns how many days."""
    # Whoever finds a file unreadable while this looks at others asks again.
    (folder / UNREADABLE).unlink(missing_ok=True)
    damaged = [
        (site_id, day)
        for site_id in sites_with_files(folder)
        for day in _damaged_days(folder, site_id)
    ]
    for site_id, day in damaged:
        logger.warning("The file of site %s with %s was damaged, and is made anew", site_id, day)
        seal_day(folder, site_id, day, manifest)
    if any(not _is_whole(folder / "chunks" / one.name, one.digest) for one in manifest.chunks):
        logger.warning("A chunk was damaged: its days are made anew")
        manifest = rebuild(folder, manifest)
    return manifest, len(damaged)


def _damaged_days(folder: Path, site_id: int) -> list:
    sealed = read_sealed(folder, site_id)
    site = site_folder(folder, site_id)
    damaged = {name for name, file in sealed.files.items() if not _is_file_whole(site, file)}
    return [day for day, one in sealed.days.items() if one.file in damaged]


def _is_file_whole(site: Path, file: SealedFile) -> bool:
    return all(_is_whole(site / name, digest) for name, digest in file.digests.items())


def _is_whole(path: Path, digest: str) -> bool:
    """Whether a file is there as it was written; of one before digests, whether it is there."""
    try:
        return path.stat().st_size > 0 and digest in {"", digest_of(path)}
    except OSError:
        return False
