"""What tests of the columnar files share: a folder's state, and answers beside the reference's."""

import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
from django.conf import settings

from tracking.columns.manifest import (
    EVENTS,
    VISITS,
    digest_of,
    read_manifest,
    read_sealed,
    site_folder,
    sites_with_files,
    write_sealed,
)
from tracking.columns.schema import SCHEMA
from tracking.models import Site
from tracking.reports.engine import answer
from tracking.reports.periods import Period
from tracking.reports.query import ReportQuery
from tracking.tests.pipeline import MONDAY
from tracking.tests.reports import reference
from tracking.tests.reports.traffic import seen_in_database
from tracking.upkeep.step import Surroundings
from tracking.upkeep.steps import apply_retention, seal_finished_days

DAY = timedelta(days=1)
FIRST_DAY, LAST_DAY = MONDAY - 3 * DAY, MONDAY + 40 * DAY
METRICS = (
    *("visitors", "visits", "pageviews", "events"),
    *("bounce_rate", "visit_duration", "time_on_page"),
)

Rows = dict[tuple[str, ...], dict[str, Any]]


def folder() -> Path:
    path: Path = settings.COLUMNS_DIR
    return path


def days_and_pages(
    sites: Sequence[Site], first: date = FIRST_DAY, last: date = LAST_DAY
) -> ReportQuery:
    return ReportQuery(
        tuple(site.rules() for site in sites),
        Period(f"{first}..{last}", first, last),
        METRICS,
        ("time", "page"),
        interval="day",
        limit=1000,
    )


def answered(sites: Sequence[Site]) -> Rows:
    """What reports say now, by day and page, and in all under ()."""
    return _rounded(answer(days_and_pages(sites), folder()))


def expected(sites: Sequence[Site]) -> Rows:
    """What they are to say of all that is in the database."""
    return _rounded(reference.answer(days_and_pages(sites), seen_in_database(sites)))


def of_day(rows: Rows, day: str) -> Rows:
    return {key: metrics for key, metrics in rows.items() if key and key[0] == day}


def _rounded(report: Any) -> Rows:
    rows = {(): report.totals} | {row.keys: row.metrics for row in report.rows}
    return {
        keys: {
            name: round(value, 6) if isinstance(value, float) else value
            for name, value in metrics.items()
        }
        for keys, metrics in rows.items()
    }


def surroundings() -> Surroundings:
    return Surroundings(folder(), settings.SPOOL_DIR, pause=lambda: None)


def bring_to_schema_2(site_id: int, wanted: Callable[[], bool] = lambda: True) -> None:
    """Let a site's sealed files, those that are wanted, be as they were in schema 2."""
    sealed, site = read_sealed(folder(), site_id), site_folder(folder(), site_id)
    files = dict(sealed.files)
    for name, one in sealed.files.items():
        if one.schema == SCHEMA and wanted():
            rewritten(site / f"{name}{VISITS}", "* EXCLUDE (hours, sole_hours)")
            rewritten(site / f"{name}{EVENTS}", "*, 1::UTINYINT AS hour_mark")
            of_events, of_visits = (
                digest_of(site / f"{name}{suffix}") for suffix in (EVENTS, VISITS)
            )
            old = replace(one, schema=2, events_digest=of_events, visits_digest=of_visits)
            files[name] = old
    write_sealed(folder(), site_id, replace(sealed, files=files))


def rewritten(path: Path, columns: str) -> None:
    """Write these columns of a file in its place."""
    rows = f"SELECT {columns} FROM read_parquet('{path}')"  # noqa: S608 - a test's own words
    duckdb.execute(f"COPY ({rows}) TO '{path}.new' (FORMAT parquet)")
    path.with_name(f"{path.name}.new").replace(path)


def parquet_files(path: Path) -> list[Path]:
    return sorted(path.rglob("*.parquet"))


def rows_in(paths: Iterable[Path], what: str) -> list[tuple[Any, ...]]:
    """Rows that stand in Parquet files, whatever lists say of them."""
    names = [str(path) for path in paths]
    if not names:
        return []
    query = f"SELECT {what} FROM read_parquet(?, union_by_name = true) ORDER BY ALL"  # noqa: S608 - a test's own words
    return duckdb.connect().execute(query, [names]).fetchall()


def files_of_events(site: Site) -> list[Path]:
    return sorted(site_folder(folder(), site.pk).glob("*.events.parquet"))


def chunk_paths() -> list[Path]:
    manifest = read_manifest(folder())
    assert manifest
    return [folder() / "chunks" / one.name for one in manifest.chunks]


def listed_files() -> set[Path]:
    """The Parquet files that lists name."""
    found = set(chunk_paths())
    for site_id in sites_with_files(folder()):
        for file in read_sealed(folder(), site_id).files.values():
            found |= {site_folder(folder(), site_id) / name for name in file.digests}
    return found


def let_grace_pass() -> None:
    """Make every file an hour old."""
    for path in [*folder().rglob("*.parquet"), *folder().rglob("*.csv")]:
        found = path.stat()
        os.utime(path, (found.st_atime - 3600, found.st_mtime - 3600))


def clean_up(at: datetime) -> None:
    """Do, an hour later, what removes files that nothing names."""
    let_grace_pass()
    seal_finished_days(folder(), at)
    apply_retention(surroundings(), at)


def stray_files() -> list[Path]:
    kept = [path for path in parquet_files(folder()) if "answers" not in path.parts]
    return sorted(set(kept) - listed_files())


class Saved:
    """The columns' folder as it is now, to come back to."""

    def __init__(self, aside: Path) -> None:
        self._aside = aside
        shutil.copytree(folder(), aside, ignore=shutil.ignore_patterns("answers"))

    def restore(self) -> None:
        for entry in folder().iterdir():
            if entry.name == "answers":
                continue
            if entry.is_dir():
                shutil.rmtree(entry)
            else:
                entry.unlink()
        shutil.copytree(self._aside, folder(), dirs_exist_ok=True)
