"""A step of upkeep that is killed at any operation of the disk: numbers stay right all the time."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pytest
from django.db import transaction

from tracking.columns import chunks, seal
from tracking.errors import ReportUnavailable
from tracking.ingest.worker import drain
from tracking.models import Site
from tracking.store.retention import delete_before
from tracking.tests.columns.disk import Disk, Killed, failing
from tracking.tests.columns.support import (
    DAY,
    Rows,
    Saved,
    answered,
    chunk_paths,
    clean_up,
    expected,
    files_of_events,
    folder,
    let_grace_pass,
    of_day,
    rows_in,
    stray_files,
    surroundings,
)
from tracking.tests.factories import SiteFactory
from tracking.tests.pipeline import FIREFOX, MONDAY, NINE, count, hit, spool
from tracking.upkeep.steps import (
    apply_retention,
    check_files,
    copy_new_events,
    merge_sealed_days,
    seal_finished_days,
)

# A kill after each step of what others run, too.
pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.no_cover]

NEXT_MONTH = NINE + 31 * DAY
MINUTE = timedelta(minutes=1)


def identity(error: Exception) -> Exception:
    return error


Step = Callable[[], object]
Accept = Callable[[Rows], bool]


@pytest.fixture
def sites(monkeypatch: pytest.MonkeyPatch) -> list[Site]:
    # Days that were opened again are sealed at once.
    monkeypatch.setattr(seal, "REOPENED_FOR", timedelta(days=-36500))
    return [SiteFactory(), SiteFactory()]


def visits(site: Site, at: datetime, page: str = "/a") -> Iterator[Any]:
    """A visit of two pages, and two of one."""
    yield hit(site, at, page)
    yield hit(site, at + MINUTE, "/b")
    yield hit(site, at + 2 * MINUTE, page, user_agent=FIREFOX)
    yield hit(site, at + 3 * MINUTE, page, address="91.64.1.1")


def kills(step: Step, saved: Saved) -> Iterator[int]:
    """Do a step again and again from the same state, killed at each operation in turn.

    Yields after each kill how many operations were done; what the block then does is undone.
    """
    for number in range(1000):
        with transaction.atomic():
            saved.restore()
            try:
                with failing(Disk(number)) as disk:
                    step()
            except Killed:
                yield number
            else:
                assert number == disk.done > 0
                return
            transaction.set_rollback(True)


def survives(sites: list[Site], step: Step, tmp_path: Path, accept: Accept, at: datetime) -> None:
    """Right numbers after each kill, and, after the step was done again, nothing left over."""
    saved = Saved(tmp_path / "saved")
    for number in kills(step, saved):
        try:
            found = answered(sites)
            assert accept(found), f"after {number} operations: {found}"
        except ReportUnavailable:
            assert not (folder() / "manifest.json").exists()
        step()
        after = expected(sites)
        assert answered(sites) == after, f"after {number} operations and the step again"
        clean_up(at)
        assert stray_files() == []
    assert answered(sites) == expected(sites)


def test_copying_new_events(sites: list[Site], tmp_path: Path) -> None:
    count([*visits(sites[0], NINE), *visits(sites[1], NINE), *visits(sites[0], NINE + DAY)])
    seal_finished_days(folder(), NINE + DAY)
    for number in range(chunks.MERGED_AT_ONCE - 2):
        count([hit(sites[1], NINE + DAY + number * MINUTE, "/c")])
    before = answered(sites)
    # One for a sealed day, one for an open one.
    spool([hit(sites[0], NINE + 4 * MINUTE, "/late"), hit(sites[1], NINE + DAY, "/new")])
    drain()
    both = (before, expected(sites))
    assert len(chunk_paths()) == chunks.MERGED_AT_ONCE - 1

    survives(sites, lambda: copy_new_events(folder()), tmp_path, both.__contains__, NINE)


def test_sealing_finished_days(
    sites: list[Site], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count([*visits(sites[0], NINE), *visits(sites[1], NINE)])
    seal_finished_days(folder(), NINE + DAY)
    count([hit(sites[0], NINE + 5 * MINUTE, "/late"), hit(sites[1], NINE + DAY)])
    let_grace_pass()
    # The big day is written in slices, some visitors at a time.
    monkeypatch.setattr(seal, "VISITS_AT_ONCE", 2)
    monkeypatch.setattr(seal, "ROWS_AT_ONCE", 4)
    now = expected(sites)

    def step() -> None:
        seal_finished_days(folder(), NINE + 2 * DAY)

    survives(sites, step, tmp_path, now.__eq__, NINE + 2 * DAY)


def test_merging_sealed_days(sites: list[Site], tmp_path: Path) -> None:
    count([*visits(sites[0], NINE), *visits(sites[0], NINE + DAY), *visits(sites[1], NINE)])
    seal_finished_days(folder(), NINE + 2 * DAY)
    merge_sealed_days(surroundings(), NEXT_MONTH)
    count([hit(sites[0], NINE + 5 * MINUTE, "/late"), *visits(sites[0], NINE + 3 * DAY)])
    seal_finished_days(folder(), NINE + 4 * DAY)
    now = expected(sites)

    def step() -> None:
        merge_sealed_days(surroundings(), NEXT_MONTH)

    survives(sites, step, tmp_path, now.__eq__, NEXT_MONTH)
    step()
    assert len(files_of_events(sites[0])) == 1


def test_retention(sites: list[Site], tmp_path: Path) -> None:
    Site.objects.filter(pk=sites[0].pk).update(retention_days=7)
    gone: Site = SiteFactory()
    for site in [*sites, gone]:
        count([*visits(site, NINE), *visits(site, NINE + DAY)])
    seal_finished_days(folder(), NINE + 2 * DAY)
    merge_sealed_days(surroundings(), NEXT_MONTH)
    count([hit(sites[0], NINE + 5 * MINUTE, "/late")])
    gone.delete()
    before = answered(sites)
    at = NINE + 8 * DAY
    with transaction.atomic():
        delete_before(sites[0].rules(), MONDAY + DAY)
        after = expected(sites)
        transaction.set_rollback(True)

    def is_old_or_new(found: Rows) -> bool:
        return all(
            of_day(found, day) in (of_day(before, day), of_day(after, day))
            for day in (str(MONDAY), str(MONDAY + DAY))
        )

    survives(sites, lambda: apply_retention(surroundings(), at), tmp_path, is_old_or_new, at)
    assert rows_in(files_of_events(sites[0]), "DISTINCT day") == [(MONDAY + DAY,)]


def test_repairing_damaged_files(sites: list[Site], tmp_path: Path) -> None:
    count([*visits(sites[0], NINE), *visits(sites[1], NINE), *visits(sites[0], NINE + DAY)])
    seal_finished_days(folder(), NINE + DAY)
    now = expected(sites)
    assert answered(sites) == now
    for path in (*files_of_events(sites[0]), *chunk_paths()):
        path.write_bytes(path.read_bytes()[:-1])
    (folder() / "sites" / str(sites[1].pk) / "manifest.json").write_text("{}")

    saved = Saved(tmp_path / "saved")
    for number in kills(lambda: check_files(folder()), saved):
        with suppress(ReportUnavailable):
            assert answered(sites) == now, number
        check_files(folder())
        assert answered(sites) == now, number
        clean_up(NINE + DAY)
        assert stray_files() == []
    assert answered(sites) == now


def test_making_all_files_anew(sites: list[Site], tmp_path: Path) -> None:
    count([*visits(sites[0], NINE), *visits(sites[1], NINE), *visits(sites[0], NINE + DAY)])
    seal_finished_days(folder(), NINE + DAY)
    (folder() / "manifest.json").unlink()
    now = expected(sites)

    survives(sites, lambda: copy_new_events(folder()), tmp_path, now.__eq__, NINE + DAY)


def test_rows_on_their_way_from_the_database_do_not_stay(sites: list[Site]) -> None:
    count(visits(sites[0], NINE))
    (folder() / "spill" / "rows.csv").write_text("1,/secret")
    clean_up(NINE)

    assert not list((folder() / "spill").glob("*.csv"))


def test_a_full_disk_fails_steps_and_nothing_else(sites: list[Site]) -> None:
    count(visits(sites[0], NINE))
    before = answered(sites)
    spool(visits(sites[1], NINE + DAY))
    drain()
    failures: tuple[Exception, ...] = (OSError(28, "No space left"), duckdb.IOException("Full"))
    for failure in failures:
        with failing(Disk(0, partial(identity, failure))):
            for _ in range(2):
                with pytest.raises(type(failure)):
                    seal_finished_days(folder(), NINE + DAY)
        assert answered(sites) == before
    copy_new_events(folder())

    assert answered(sites) == expected(sites) != before
    assert seal_finished_days(folder(), NINE + DAY) == 1
    assert rows_in(files_of_events(sites[0]), "count(*)") == [(4,)]
