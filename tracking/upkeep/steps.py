"""The steps of upkeep, in the order in which they help each other."""

from datetime import datetime
from pathlib import Path

from tracking.columns.chunks import (
    drop_sealed_rows,
    forget_cursors,
    merge_chunks,
    remove_unlisted,
    write_chunk,
)
from tracking.columns.manifest import Manifest, forget_sites, read_manifest, write_manifest
from tracking.columns.seal import rebuild, seal_days
from tracking.models import Site, SpoolFile
from tracking.spool.aside import forget
from tracking.spool.reader import waiting_since
from tracking.upkeep.salts import close_imports, erase_salts, forget_rejected, forget_spool_files


def copy_new_events(folder: Path) -> Manifest:
    """Bring the columnar files up to what is committed; makes them anew when they are missing."""
    manifest = read_manifest(folder)
    if manifest is None:
        manifest = rebuild(folder)
    return merge_chunks(folder, write_chunk(folder, manifest))


def seal_finished_days(folder: Path, now: datetime) -> int:
    """Seal the days that are over; returns how many."""
    manifest = copy_new_events(folder)
    sites = {rules.site_id: rules for rules in Site.objects.all().rules().values()}
    sealed = seal_days(folder, manifest, sites, now)
    if sealed:
        manifest = drop_sealed_rows(folder, manifest)
    remove_unlisted(folder, manifest)
    forget_sites(folder, keep=set(sites))
    return sealed


def forget_what_is_over(folder: Path, spool: Path, now: datetime) -> None:
    """Erase salts and imports' secrets that are no longer needed, and old spool files' rows."""
    offsets = dict(SpoolFile.objects.values_list("name", "offset"))
    erase_salts(now, waiting_since(spool, offsets))
    close_imports(now)
    forget(spool, now)
    forget_rejected(now)
    manifest = copy_new_events(folder)
    if forget_spool_files(now, manifest.cursors):
        kept = set(SpoolFile.objects.values_list("pk", flat=True))
        write_manifest(folder, forget_cursors(manifest, kept))


def run_once(folder: Path, spool: Path, now: datetime) -> None:
    """Every step, once."""
    copy_new_events(folder)
    seal_finished_days(folder, now)
    forget_what_is_over(folder, spool, now)
