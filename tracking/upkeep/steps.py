"""The steps of upkeep, in the order in which they help each other.

Each can be repeated at any time, and killed at any point: the next run does what is left.
"""

import logging
from datetime import date, datetime, timedelta
from pathlib import Path

from tracking.columns.check import is_reported, repair, reporting
from tracking.columns.chunks import (
    drop_sealed_rows,
    forget_cursors,
    merge_chunks,
    remove_unlisted,
    write_chunk,
)
from tracking.columns.expire import expire
from tracking.columns.manifest import (
    DamagedList,
    Manifest,
    forget_sites,
    read_manifest,
    write_manifest,
)
from tracking.columns.merge import merge_months
from tracking.columns.seal import rebuild, seal_days, seal_old_schemas
from tracking.models import DailyTotal, Dictionary, Site, SpoolFile
from tracking.spool.aside import forget
from tracking.spool.reader import waiting_since
from tracking.store.retention import delete_before
from tracking.store.sweep import sweep_terms
from tracking.upkeep.leftovers import (
    finish_vanished,
    forget_rejected,
    forget_spool_files,
    remove_unnamed,
)
from tracking.upkeep.salts import close_imports, erase_salts
from tracking.upkeep.step import Outcome, Step, Surroundings, attempt, keep

logger = logging.getLogger("tracking.upkeep")

# Every site loses a day at another hour: their texts are swept together.
SWEPT_EVERY = timedelta(hours=20)


def copy_new_events(folder: Path) -> Manifest:
    """Bring the columnar files up to what is committed; makes them anew when they are missing."""
    with reporting(folder):
        manifest = _chunks(folder)
        if manifest is None:
            manifest = rebuild(folder)
        elif is_reported(folder):
            manifest, _ = repair(folder, manifest)
        return merge_chunks(folder, write_chunk(folder, manifest))


def begin_files(folder: Path) -> None:
    """Write the list of no files while nothing has been counted.

    Without it the first hits would be taken for the rest of something that was lost, and reports
    would wait until all files were made anew.
    """
    if not DailyTotal.objects.exists() and _chunks(folder) is None:
        write_manifest(folder, Manifest())


def _chunks(folder: Path) -> Manifest | None:
    try:
        return read_manifest(folder)
    except DamagedList:
        logger.exception("The list of chunks is damaged: all files are made anew")
        return None


def seal_finished_days(folder: Path, at: datetime) -> int:
    """Seal the days that are over; returns how many."""
    manifest = copy_new_events(folder)
    sites = {rules.site_id: rules for rules in Site.objects.all().rules().values()}
    with reporting(folder):
        sealed = seal_days(folder, manifest, sites, at)
        if sealed:
            manifest = drop_sealed_rows(folder, manifest)
    remove_unlisted(folder, manifest)
    forget_sites(folder, keep=set(sites))
    return sealed


def merge_sealed_days(around: Surroundings, at: datetime) -> str:
    """Write days of earlier schemas anew, and merge each site's days by months."""
    folder = around.columns
    merged = 0

    def listed() -> Manifest:
        around.pause()
        return copy_new_events(folder)

    listed()
    with reporting(folder):
        rewritten = seal_old_schemas(folder, listed)
        for rules in Site.objects.all().rules().values():
            some = merge_months(folder, rules.site_id, rules.local(at)[0])
            if some:
                around.pause()
            merged += some
    return f"{rewritten} days brought to this version, {merged} files merged"


def check_files(folder: Path) -> str:
    """Look at every columnar file, and make those anew that are damaged or missing."""
    _, days = repair(folder, copy_new_events(folder))
    return f"{days} damaged days made anew"


def forget_secrets(spool: Path, at: datetime) -> str:
    """Erase salts and imports' secrets that are no longer needed."""
    offsets = dict(SpoolFile.objects.values_list("name", "offset"))
    salts = erase_salts(at, waiting_since(spool, offsets))
    return f"{salts} salts erased, {close_imports(at)} imports closed"


def apply_retention(around: Surroundings, at: datetime) -> str:
    """Delete what sites keep no longer from the record, then from the columnar files."""
    rules = {one.site_id: one for one in Site.objects.all().rules().values()}
    rows = 0
    for site_id, first_day in Site.objects.all().first_kept_days(at).items():
        while first_day > date.min and (deleted := delete_before(rules[site_id], first_day)):
            rows += deleted
            around.pause()
    manifest = copy_new_events(around.columns)
    with reporting(around.columns):
        days = expire(around.columns, manifest, Site.objects.all().first_kept_days(at))
    return f"{rows} rows and {days} sealed days deleted"


def sweep_unused_terms(around: Surroundings, at: datetime) -> str:
    """Delete terms that nothing uses: once a day, and only if visits or events were deleted."""
    state = Dictionary.state()
    if state.released == state.swept:
        return "nothing was deleted that used any"
    if state.swept_at is not None and at - state.swept_at < SWEPT_EVERY:
        return f"waits: they were swept at {state.swept_at:%H:%M} UTC"
    return f"{sweep_terms(at, around.pause)} terms deleted"


def clear_spool(folder: Path, spool: Path, at: datetime) -> str:
    """Clear what the spool left behind: files without hits, and rows of finished files."""
    vanished = finish_vanished(spool, at)
    files = remove_unnamed(spool, at) + forget(spool, at)
    hits = forget_rejected(at)
    manifest = copy_new_events(folder)
    rows = forget_spool_files(at, manifest.cursors)
    if rows:
        kept = set(SpoolFile.objects.values_list("pk", flat=True))
        write_manifest(folder, forget_cursors(manifest, kept))
    return (
        f"{files} files, {rows} rows of finished files and {hits} hits set aside deleted; "
        f"{vanished} files found gone"
    )


COPY = Step(
    "copy",
    "Copy new events",
    "Writes what was counted into the files that reports read.",
    1.0,
    lambda around, _: f"chunk {copy_new_events(around.columns).last_chunk} is the newest",
)
STEPS = (
    COPY,
    Step(
        "seal",
        "Seal finished days",
        "Writes each finished day of a site into a file of its own, and removes deleted sites'.",
        60.0,
        lambda around, at: f"{seal_finished_days(around.columns, at)} days sealed",
    ),
    Step(
        "merge",
        "Merge sealed days",
        "Merges the files of each month's sealed days, and brings old ones to this version.",
        600.0,
        merge_sealed_days,
    ),
    Step(
        "check",
        "Check files",
        "Reads the files that reports read, and makes damaged and missing ones anew.",
        3600.0,
        lambda around, _: check_files(around.columns),
    ),
    Step(
        "secrets",
        "Erase salts",
        "Erases the salts of days that are over, and the secrets of idle imports.",
        600.0,
        lambda around, at: forget_secrets(around.spool, at),
    ),
    Step(
        "retention",
        "Delete old days",
        "Deletes visits and events that are older than their site keeps, and deleted sites' files.",
        3600.0,
        apply_retention,
    ),
    Step(
        "terms",
        "Delete unused texts",
        "Deletes, at most once a day, pages, titles and other texts that nothing uses any more.",
        3600.0,
        sweep_unused_terms,
    ),
    Step(
        "spool",
        "Clear the spool",
        "Deletes a week after them: lines that held no hit, hits set aside, finished files' rows.",
        600.0,
        lambda around, at: clear_spool(around.columns, around.spool, at),
    ),
)


def run_once(columns: Path, spool: Path, at: datetime) -> list[Outcome]:
    """Every step, once; returns how each went."""
    around = Surroundings(columns, spool, pause=lambda: None)
    outcomes = [attempt(step, around, at) for step in STEPS]
    for outcome in outcomes:
        keep(outcome)
    return outcomes
