"""The columnar files: copied, merged, sealed, opened again, and made anew."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from django.conf import settings

from tracking.columns import chunks, duck
from tracking.columns import seal as sealing
from tracking.columns.files import write_parquet
from tracking.columns.manifest import read_manifest, read_sealed, site_folder
from tracking.errors import ReportUnavailable
from tracking.ingest.worker import drain
from tracking.models import Event, LogImport, Salt, Site, SpoolFile
from tracking.spool.writer import SpoolWriter
from tracking.tests.columns.support import (
    DAY,
    answered,
    chunk_paths,
    clean_up,
    expected,
    files_of_events,
    let_grace_pass,
    rows_in,
    surroundings,
)
from tracking.tests.factories import SiteFactory
from tracking.tests.pipeline import FIREFOX, MONDAY, NINE, ask, count, hit, seal, spool
from tracking.upkeep.steps import (
    clear_spool,
    copy_new_events,
    forget_secrets,
    merge_sealed_days,
    run_once,
)

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
TUESDAY_NOON = NINE + timedelta(hours=27)


class Clock:
    """What columns take for the time, in seconds since 1970; it goes when it is told to."""

    def __init__(self) -> None:
        self.at = TUESDAY_NOON

    def __call__(self) -> float:
        return self.at.timestamp()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(chunks, "time", clock)
    return clock


@pytest.fixture
def folder() -> Path:
    path: Path = settings.COLUMNS_DIR
    return path


@pytest.fixture
def site() -> Any:
    return SiteFactory()


def pageviews(site: Site) -> Any:
    return ask(site, MONDAY, MONDAY, ("pageviews",)).totals["pageviews"]


def sealed_days(folder: Path, site: Site) -> list[Any]:
    return sorted(read_sealed(folder, site.pk).days)


# Chunks


def test_many_small_chunks_are_merged_and_hold_the_same(folder: Path, site: Site) -> None:
    for minute in range(20):
        count([hit(site, NINE + minute * MINUTE)])

    assert pageviews(site) == 20
    assert len(chunk_paths()) < chunks.MERGED_AT_ONCE
    clean_up(NINE)
    assert sorted((folder / "chunks").iterdir()) == sorted(chunk_paths())


def test_nothing_new_changes_nothing(folder: Path, site: Site) -> None:
    count([hit(site)])
    before = (folder / "manifest.json").stat().st_mtime_ns
    copy_new_events(folder)

    assert (folder / "manifest.json").stat().st_mtime_ns == before


def test_a_file_that_is_still_written_to_is_copied_bit_by_bit(folder: Path, site: Site) -> None:
    writer = SpoolWriter(settings.SPOOL_DIR)
    for minute in range(3):
        writer.append(hit(site, NINE + minute * MINUTE))
        drain()
        copy_new_events(folder)
        assert pageviews(site) == minute + 1
    writer.close()


def test_a_chunk_that_no_list_names_counts_nothing_and_goes(folder: Path, site: Site) -> None:
    count([hit(site)])
    [listed] = chunk_paths()
    stray, fresh = folder / "chunks" / "stray.parquet", folder / "chunks" / "fresh.parquet"
    stray.write_bytes(listed.read_bytes())
    let_grace_pass()
    fresh.write_bytes(stray.read_bytes())
    assert pageviews(site) == 1
    seal(NINE)

    assert not stray.exists()
    assert fresh.exists()


def test_a_chunk_stays_for_a_minute_after_it_left_the_list(folder: Path, site: Site) -> None:
    """However old it is: a reader has just read the list."""
    count([hit(site)])
    [old] = chunk_paths()
    let_grace_pass()
    seal(TUESDAY_NOON)
    assert old not in chunk_paths()
    assert old.exists()
    let_grace_pass()
    seal(TUESDAY_NOON)

    assert not old.exists()


def test_the_rows_of_a_visit_that_vanished_are_left_out(folder: Path, site: Site) -> None:
    spool([hit(site)])
    drain()
    Event.objects.update(visit_id=1)
    run_once(folder, settings.SPOOL_DIR, NINE)

    assert pageviews(site) == 0


def test_the_engine_reaches_no_other_file(folder: Path, tmp_path: Path) -> None:
    with duck.cursor(folder) as cursor:
        with pytest.raises(duckdb.PermissionException):
            write_parquet(cursor, "SELECT 1", {}, tmp_path / "elsewhere.parquet")
        with pytest.raises(duckdb.PermissionException):
            cursor.execute("SELECT * FROM read_csv('/etc/passwd')")


# Sealing


def test_a_day_is_sealed_half_an_hour_after_its_midnight(folder: Path, site: Site) -> None:
    count([hit(site)])
    midnight = NINE + timedelta(hours=15)

    assert seal(midnight + timedelta(minutes=30, seconds=59)) == 0
    assert seal(midnight + timedelta(minutes=31)) == 1
    assert sealed_days(folder, site) == [MONDAY]
    assert pageviews(site) == 1
    assert seal(midnight + timedelta(hours=5)) == 0
    assert rows_in(chunk_paths(), "*") == []


def test_a_sealed_day_is_a_file_of_its_events_and_one_of_its_visits(site: Site) -> None:
    count([hit(site), hit(site, NINE + MINUTE, "/b"), hit(site, user_agent=FIREFOX)])
    seal(TUESDAY_NOON)
    [events] = files_of_events(site)
    visits = events.with_name(events.name.replace(".events.", ".visits."))

    assert rows_in([events], "day, page, exit_page") == [
        (MONDAY, "/", "/"),
        (MONDAY, "/", "/b"),
        (MONDAY, "/b", "/b"),
    ]
    assert rows_in([visits], "pageviews, bounced, duration") == [(1, True, 0), (2, False, 60_000)]


def test_a_deleted_sites_files_go(folder: Path, site: Site) -> None:
    kept = SiteFactory()
    count([hit(site), hit(kept)])
    seal(TUESDAY_NOON)
    gone = site_folder(folder, site.pk)
    site.delete()
    seal(TUESDAY_NOON)

    assert not gone.exists()
    assert pageviews(kept) == 1


def test_what_is_not_copied_yet_is_counted_once(folder: Path, site: Site) -> None:
    """A day is made anew while one of its events is committed and in no chunk yet."""
    count([hit(site)])
    spool([hit(site, NINE + MINUTE)])
    drain()
    chunk_paths()[0].unlink()
    (folder / "unreadable").touch()
    for _ in range(2):
        copy_new_events(folder)
        assert pageviews(site) == 2


# Late events


def test_a_late_event_is_in_the_answer_at_once(folder: Path, site: Site, clock: Clock) -> None:
    count([hit(site)])
    seal(TUESDAY_NOON)
    count([hit(site, NINE + MINUTE, "/late", user_agent=FIREFOX)])

    assert pageviews(site) == 2
    assert answered([site]) == expected([site])
    assert rows_in(files_of_events(site), "page") == [("/",)]


def test_a_day_that_was_opened_again_is_sealed_again_after_ten_minutes(
    folder: Path, site: Site, clock: Clock
) -> None:
    count([hit(site)])
    seal(TUESDAY_NOON)
    [before] = files_of_events(site)
    count([hit(site, NINE + MINUTE)])

    assert seal(TUESDAY_NOON + timedelta(minutes=9, seconds=59)) == 0
    assert files_of_events(site) == [before]
    assert seal(TUESDAY_NOON + timedelta(minutes=10)) == 1
    [after] = files_of_events(site)
    assert after != before
    assert pageviews(site) == rows_in([after], "count(*)")[0][0] == 2
    assert rows_in(chunk_paths(), "*") == []
    assert seal(TUESDAY_NOON + timedelta(hours=1)) == 0


def test_more_late_events_do_not_put_sealing_off(folder: Path, site: Site, clock: Clock) -> None:
    count([hit(site)])
    seal(TUESDAY_NOON)
    for minute in range(1, 4):
        count([hit(site, NINE + minute * MINUTE, f"/late/{minute}")])
        clock.at += 4 * MINUTE
        assert pageviews(site) == minute + 1
        assert answered([site]) == expected([site])

    assert seal(clock.at) == 1
    assert answered([site]) == expected([site])
    count([hit(site, NINE + 9 * MINUTE, "/latest")])
    assert answered([site]) == expected([site])
    assert seal(clock.at) == 0


def test_a_late_event_changes_the_visit_that_it_joins(site: Site, clock: Clock) -> None:
    metrics = ("visits", "bounce_rate", "visit_duration")
    count([hit(site, page="/a")])
    seal(TUESDAY_NOON)
    assert ask(site, metrics=metrics, by="exit_page").rows[0].metrics == {
        "visits": 1,
        "bounce_rate": 1.0,
        "visit_duration": 0.0,
    }
    count([hit(site, NINE + 2 * MINUTE, "/b")])

    for _ in range(2):
        [row] = ask(site, metrics=metrics, by="exit_page").rows
        assert row.keys == ("/b",)
        assert row.metrics == {"visits": 1, "bounce_rate": 0.0, "visit_duration": 120.0}
        clock.at += 10 * MINUTE
        seal(clock.at)


def test_a_late_signal_alone_opens_a_day_again(site: Site, clock: Clock) -> None:
    count([hit(site)])
    seal(TUESDAY_NOON)
    count([hit(site, NINE + MINUTE, name="engagement", engaged_seconds=50)])

    for _ in range(2):
        totals = ask(site, metrics=("visit_duration", "time_on_page")).totals
        assert totals == {"visit_duration": 60.0, "time_on_page": 50.0}
        clock.at += 10 * MINUTE
        seal(clock.at)


def test_an_import_over_many_sealed_days(folder: Path, site: Site, clock: Clock) -> None:
    other = SiteFactory()
    count([hit(one, NINE + day * DAY) for one in (site, other) for day in range(12)])
    at = NINE + 13 * DAY
    assert seal(at) == 24
    merge_sealed_days(surroundings(), NINE + 40 * DAY)
    clock.at = at
    for page in ("/first", "/second"):
        count([hit(site, NINE + day * DAY + MINUTE, page) for day in range(12)])
        assert answered([site, other]) == expected([site, other])
    assert seal(at) == 0
    assert seal(at + timedelta(minutes=10)) == 12

    assert answered([site, other]) == expected([site, other])
    merge_sealed_days(surroundings(), NINE + 40 * DAY)
    assert rows_in(files_of_events(site), "count(*)") == [(36,)]
    assert answered([site, other]) == expected([site, other])


@pytest.mark.parametrize(("visits_at_once", "rows_at_once"), [(1, 100), (100, 100), (100, 3)])
def test_rows_whose_visitors_are_told_apart_are_the_last_of_their_file(
    folder: Path,
    site: Site,
    monkeypatch: pytest.MonkeyPatch,
    visits_at_once: int,
    rows_at_once: int,
) -> None:
    monkeypatch.setattr(sealing, "VISITS_AT_ONCE", visits_at_once)
    monkeypatch.setattr(sealing, "ROWS_AT_ONCE", rows_at_once)
    count(
        hit(site, NINE + day * DAY + hour * 60 * MINUTE, page, address=f"84.112.1.{visitor}")
        for day in range(2)
        for visitor in range(1, 5)
        # Every other visitor comes again, and sees one page again.
        for hour, page in ((0, "/a"), (0, "/b"), *((((1, "/a")),) if visitor % 2 else ()))
    )
    seal(NINE + 3 * DAY)

    for _ in range(2):
        for path in files_of_events(site):
            marks = rows_in([path], "file_row_number, visit, page, page_mark, hostname_mark")
            shared = [max(row[3:]) >= 2 for row in marks]
            assert shared == sorted(shared)
            assert len(set(shared)) == 2
        for path in site_folder(folder, site.pk).glob("*.visits.parquet"):
            soles = [sole for _, sole in rows_in([path], "file_row_number, sole")]
            assert soles == sorted(soles, reverse=True)
            assert len(set(soles)) == 2
        assert answered([site]) == expected([site])
        merge_sealed_days(surroundings(), NINE + 40 * DAY)
    assert len(files_of_events(site)) == 1


def test_a_day_of_a_merged_month_that_is_sealed_again_is_merged_once(
    folder: Path, site: Site, clock: Clock
) -> None:
    count([hit(site, NINE + day * DAY) for day in range(3)])
    seal(NINE + 4 * DAY)
    merge_sealed_days(surroundings(), NINE + 40 * DAY)
    count([hit(site, NINE + DAY + MINUTE, "/late")])
    seal(NINE + 4 * DAY)
    assert len(files_of_events(site)) == 2
    merge_sealed_days(surroundings(), NINE + 40 * DAY)

    assert rows_in(files_of_events(site), "count(*)") == [(4,)]
    assert answered([site]) == expected([site])


# Made anew


def test_missing_files_are_made_anew(folder: Path, site: Site) -> None:
    count([hit(site), hit(site, NINE + DAY)])
    seal(TUESDAY_NOON)
    (folder / "manifest.json").unlink()
    with pytest.raises(ReportUnavailable):
        pageviews(site)
    copy_new_events(folder)

    assert pageviews(site) == 1
    assert len(sealed_days(folder, site)) == 2
    count([hit(site, NINE + 2 * MINUTE)])
    assert pageviews(site) == 2


def test_a_whole_folder_that_is_missing_is_made_anew(folder: Path, site: Site) -> None:
    count([hit(site), hit(site, NINE + DAY), hit(site, NINE + 30 * DAY)])
    seal(TUESDAY_NOON)
    folder.rename(folder.with_name("elsewhere"))
    copy_new_events(folder)

    assert answered([site]) == expected([site])
    assert len(files_of_events(site)) == 2


# The spool and its secrets


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
    spool(hit(site, NINE + minute * MINUTE) for minute in range(3))
    drain()
    finished = SpoolFile.objects.get().finished_at
    assert finished
    monkeypatch.setattr(chunks, "MOST_BYTES_AT_ONCE", SpoolFile.objects.get().offset // 2)
    for _ in range(4):
        clear_spool(folder, settings.SPOOL_DIR, finished + timedelta(days=8))
        copy_new_events(folder)
    clear_spool(folder, settings.SPOOL_DIR, finished + timedelta(days=8))

    assert pageviews(site) == 3
    assert not SpoolFile.objects.exists()


def test_a_backlog_of_many_spool_files_is_copied_as_much_at_once_as_one_of_a_single_file(
    folder: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy_new_events(folder)
    for minute in range(3):
        spool([hit(site, NINE + minute * MINUTE)])
    drain()
    longest = max(SpoolFile.objects.values_list("offset", flat=True))
    monkeypatch.setattr(chunks, "MOST_BYTES_AT_ONCE", longest)
    seen = []
    for _ in range(4):
        copy_new_events(folder)
        seen.append(pageviews(site))

    assert seen == [1, 2, 3, 3]


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
