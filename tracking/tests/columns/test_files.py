"""The columnar files: copied, merged, sealed, rebuilt, and never in each other's way."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from django.conf import settings

from tracking.columns import chunks, duck
from tracking.columns.manifest import read_manifest, read_sealed, site_folder
from tracking.columns.rows import write_parquet
from tracking.columns.seal import seal_day
from tracking.ingest.worker import drain
from tracking.models import Event, LogImport, Salt, Site, SpoolFile
from tracking.spool.writer import SpoolWriter
from tracking.tests.factories import SiteFactory
from tracking.tests.pipeline import MONDAY, NINE, ask, count, hit, seal, spool
from tracking.upkeep.steps import clear_spool, copy_new_events, forget_secrets, run_once

pytestmark = pytest.mark.django_db

TUESDAY_NOON = NINE + timedelta(hours=27)


@pytest.fixture
def folder() -> Path:
    path: Path = settings.COLUMNS_DIR
    return path


@pytest.fixture
def site() -> Any:
    return SiteFactory()


def pageviews(site: Site) -> Any:
    return ask(site, MONDAY, MONDAY, ("pageviews",)).totals["pageviews"]


def chunk_files(folder: Path) -> list[str]:
    manifest = read_manifest(folder)
    assert manifest
    return [chunk.name for chunk in manifest.chunks]


def test_many_small_chunks_are_merged_and_hold_the_same(folder: Path, site: Site) -> None:
    for minute in range(20):
        count([hit(site, NINE + timedelta(minutes=minute))])

    assert pageviews(site) == 20
    assert len(chunk_files(folder)) < chunks.MERGED_AT_ONCE


def test_nothing_new_changes_nothing(folder: Path, site: Site) -> None:
    count([hit(site)])
    before = (folder / "manifest.json").stat().st_mtime_ns
    copy_new_events(folder)

    assert (folder / "manifest.json").stat().st_mtime_ns == before


def test_a_file_that_is_still_written_to_is_copied_bit_by_bit(folder: Path, site: Site) -> None:
    writer = SpoolWriter(settings.SPOOL_DIR)
    for minute in range(3):
        writer.append(hit(site, NINE + timedelta(minutes=minute)))
        drain()
        copy_new_events(folder)
        assert pageviews(site) == minute + 1
    writer.close()


def test_a_day_is_sealed_half_an_hour_after_its_midnight(folder: Path, site: Site) -> None:
    count([hit(site)])
    midnight = NINE + timedelta(hours=15)

    assert seal(midnight + timedelta(minutes=30, seconds=59)) == 0
    assert seal(midnight + timedelta(minutes=31)) == 1
    assert list(read_sealed(folder, site.pk)) == [MONDAY]
    assert pageviews(site) == 1
    assert seal(midnight + timedelta(hours=5)) == 0


def test_a_late_event_is_in_the_answer_at_once_and_sealed_again(folder: Path, site: Site) -> None:
    count([hit(site)])
    seal(TUESDAY_NOON)
    count([hit(site, NINE + timedelta(minutes=1))])
    assert pageviews(site) == 2
    first = read_sealed(folder, site.pk)[MONDAY]
    assert seal(TUESDAY_NOON) == 1

    assert pageviews(site) == 2
    assert read_sealed(folder, site.pk)[MONDAY] != first
    assert len(list(site_folder(folder, site.pk).glob("*.parquet"))) == 1


def test_what_is_not_copied_yet_is_not_sealed_twice(folder: Path, site: Site) -> None:
    count([hit(site)])
    spool([hit(site, NINE + timedelta(minutes=1))])
    drain()
    manifest = read_manifest(folder)
    assert manifest
    seal_day(folder, site.pk, MONDAY, manifest)
    assert pageviews(site) == 1
    copy_new_events(folder)
    assert pageviews(site) == 2


def test_missing_files_are_made_anew(folder: Path, site: Site) -> None:
    count([hit(site), hit(site, NINE + timedelta(days=1))])
    seal(TUESDAY_NOON)
    (folder / "manifest.json").unlink()
    assert pageviews(site) in {0, 1}
    copy_new_events(folder)

    assert pageviews(site) == 1
    assert len(read_sealed(folder, site.pk)) == 2
    count([hit(site, NINE + timedelta(minutes=2))])
    assert pageviews(site) == 2


@pytest.mark.parametrize("content", ["", "nonsense", '{"schema": 0}', "[]"])
def test_a_list_that_cannot_be_read_is_made_anew(folder: Path, site: Site, content: str) -> None:
    count([hit(site)])
    (folder / "manifest.json").write_text(content)
    copy_new_events(folder)

    assert pageviews(site) == 1


def test_a_chunk_that_no_list_names_counts_nothing_and_goes(folder: Path, site: Site) -> None:
    count([hit(site)])
    [listed] = chunk_files(folder)
    stray, fresh = folder / "chunks" / "stray.parquet", folder / "chunks" / "fresh.parquet"
    stray.write_bytes((folder / "chunks" / listed).read_bytes())
    fresh.write_bytes(stray.read_bytes())
    os.utime(stray, (1, 1))
    assert pageviews(site) == 1
    seal(NINE)

    assert not stray.exists()
    assert fresh.exists()


def test_a_deleted_sites_files_go(folder: Path, site: Site) -> None:
    kept = SiteFactory()
    count([hit(site), hit(kept)])
    seal(TUESDAY_NOON)
    gone = site_folder(folder, site.pk)
    site.delete()
    seal(TUESDAY_NOON)

    assert not gone.exists()
    assert pageviews(kept) == 1


def test_the_rows_of_a_visit_that_vanished_are_left_out(folder: Path, site: Site) -> None:
    spool([hit(site)])
    drain()
    Event.objects.update(visit_id=1)
    run_once(folder, settings.SPOOL_DIR, NINE)

    assert pageviews(site) == 0


def test_the_engine_reaches_no_other_file(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(duckdb.PermissionException):
        duck.cursor(folder).execute(f"COPY (SELECT 1) TO '{tmp_path}/elsewhere.parquet'")
    with pytest.raises(duckdb.Error):
        write_parquet(folder, folder / "elsewhere.parquet", {})


def test_a_salt_is_kept_while_it_is_needed_and_no_longer(folder: Path, site: Site) -> None:
    Salt.objects.create(day=MONDAY)
    needed_until = NINE + timedelta(days=1, hours=3, minutes=30)

    def forget(at: Any) -> bool:
        forget_secrets(settings.SPOOL_DIR, at)
        return not Salt.objects.exists()

    assert not forget(needed_until - timedelta(seconds=1))
    spool([hit(site)])
    assert not forget(needed_until)
    assert not forget(needed_until + timedelta(hours=72) - timedelta(seconds=1))
    assert forget(needed_until + timedelta(hours=72))
    drain()
    assert Salt.objects.exists()
    assert forget(needed_until)


def test_hits_that_came_after_the_day_do_not_keep_its_salt(folder: Path, site: Site) -> None:
    Salt.objects.create(day=MONDAY)
    needed_until = NINE + timedelta(days=1, hours=3, minutes=30)
    spool([hit(site, needed_until)])
    forget_secrets(settings.SPOOL_DIR, needed_until)

    assert not Salt.objects.exists()


def test_a_line_that_holds_no_hit_keeps_salts_until_it_is_taken(folder: Path) -> None:
    Salt.objects.create(day=MONDAY)
    settings.SPOOL_DIR.mkdir()
    (settings.SPOOL_DIR / "a.spool").write_bytes(b"garbage\n")
    needed_until = NINE + timedelta(days=1, hours=3, minutes=30)
    forget_secrets(settings.SPOOL_DIR, needed_until)
    assert Salt.objects.exists()
    drain()
    forget_secrets(settings.SPOOL_DIR, needed_until)

    assert not Salt.objects.exists()


def test_a_spool_files_row_stays_until_all_of_its_events_are_copied(
    folder: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy_new_events(folder)
    spool(hit(site, NINE + timedelta(minutes=minute)) for minute in range(3))
    drain()
    finished = SpoolFile.objects.get().finished_at
    assert finished
    monkeypatch.setattr(chunks, "MOST_BYTES_OF_A_FILE", SpoolFile.objects.get().offset // 2)
    for _ in range(4):
        clear_spool(folder, settings.SPOOL_DIR, finished + timedelta(days=8))
        copy_new_events(folder)
    clear_spool(folder, settings.SPOOL_DIR, finished + timedelta(days=8))

    assert pageviews(site) == 3
    assert not SpoolFile.objects.exists()


def test_the_row_of_a_spool_file_without_a_single_line_goes_too(folder: Path) -> None:
    settings.SPOOL_DIR.mkdir()
    (settings.SPOOL_DIR / "a.spool").write_bytes(b"torn")
    drain()
    finished = SpoolFile.objects.get().finished_at
    assert finished
    clear_spool(folder, settings.SPOOL_DIR, finished + timedelta(days=8))

    assert not SpoolFile.objects.exists()


def test_an_import_is_closed_three_days_after_its_last_file(folder: Path, site: Site) -> None:
    log_import = site.imports.create()
    last = log_import.last_file_at
    forget_secrets(settings.SPOOL_DIR, last + timedelta(days=3))
    log_import.refresh_from_db()
    assert log_import.secret
    forget_secrets(settings.SPOOL_DIR, last + timedelta(days=3, seconds=1))

    closed = LogImport.objects.get()
    assert closed.secret is None
    assert closed.closed_at


def test_a_finished_spool_files_row_goes_after_a_week_and_its_events_stay(
    folder: Path, site: Site
) -> None:
    count([hit(site)])
    finished = SpoolFile.objects.get().finished_at
    assert finished
    clear_spool(folder, settings.SPOOL_DIR, finished + timedelta(days=8))

    assert not SpoolFile.objects.exists()
    manifest = read_manifest(folder)
    assert manifest
    assert manifest.cursors == {}
    seal(TUESDAY_NOON)
    assert pageviews(site) == 1
