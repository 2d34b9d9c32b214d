"""Readers between the steps of upkeep: what they see is what was, or what is now."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import duckdb
import pytest

from tracking.columns import read, seal
from tracking.columns.manifest import Manifest, read_manifest, read_sealed, site_folder
from tracking.columns.read import days_of
from tracking.columns.tables import with_tables
from tracking.models import Site
from tracking.reports import asked
from tracking.reports.statements import Statement
from tracking.store.retention import delete_before
from tracking.tests.columns.support import (
    DAY,
    FIRST_DAY,
    LAST_DAY,
    Rows,
    answered,
    chunk_paths,
    expected,
    files_of_events,
    folder,
    of_day,
    rows_in,
    surroundings,
)
from tracking.tests.factories import SiteFactory
from tracking.tests.pipeline import FIREFOX, MONDAY, NINE, count, hit
from tracking.upkeep.steps import (
    apply_retention,
    check_files,
    copy_new_events,
    merge_sealed_days,
    seal_finished_days,
)

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

MINUTE = timedelta(minutes=1)
NEXT_MONTH = NINE + 31 * DAY


@pytest.fixture
def sites(monkeypatch: pytest.MonkeyPatch) -> list[Site]:
    # Days that were opened again are sealed at once.
    monkeypatch.setattr(seal, "REOPENED_FOR", timedelta(days=-36500))
    return [SiteFactory(), SiteFactory()]


def visits(site: Site, day: int, page: str = "/a") -> Iterator[Any]:
    at = NINE + day * DAY
    yield hit(site, at, page)
    yield hit(site, at + MINUTE, "/b")
    yield hit(site, at, page, user_agent=FIREFOX)


def history(sites: list[Site]) -> list[Callable[[], object]]:
    """A life of the files, in steps; each leaves what a reader may then find."""
    one, other = sites

    def lose_chunk() -> None:
        path = chunk_paths()[0]
        content = path.read_bytes()
        path.write_bytes(b"damaged")
        check_files(folder())
        # Some reader has read it before.
        path.write_bytes(content)

    def lose_site_list() -> None:
        (site_folder(folder(), one.pk) / "manifest.json").write_text("[]")
        check_files(folder())

    return [
        lambda: count([*visits(one, 0), *visits(other, 0)]),
        lambda: count([*visits(one, 1)]),
        lambda: seal_finished_days(folder(), NINE + DAY),
        lambda: count([hit(one, NINE + 2 * MINUTE, "/late")]),
        lambda: count([hit(one, NINE + 3 * MINUTE, "/later"), *visits(other, 1)]),
        lambda: seal_finished_days(folder(), NINE + 2 * DAY),
        lambda: merge_sealed_days(surroundings(), NEXT_MONTH),
        lambda: count([hit(one, NINE + DAY + 2 * MINUTE, "/late")]),
        lambda: count([*visits(one, 2)]),
        lose_chunk,
        lambda: count([hit(one, NINE + 2 * DAY + 2 * MINUTE, "/more")]),
        lambda: seal_finished_days(folder(), NINE + 3 * DAY),
        lose_site_list,
        lambda: merge_sealed_days(surroundings(), NEXT_MONTH),
    ]


def answered_with(manifest: Manifest, sites: list[Site]) -> Rows:
    """What a reader says who read this list of chunks, and now goes on to the sites' lists."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(read, "read_manifest", lambda _: manifest)
        return answered(sites)


def test_a_list_of_chunks_from_before_and_sealed_days_of_now(sites: list[Site]) -> None:
    manifests: list[Manifest] = []
    truths: list[Rows] = []
    for number, step in enumerate(history(sites)):
        step()
        truths.append(expected(sites))
        assert answered(sites) == truths[-1], number
        numbers_do_not_meet(sites)
        found = read_manifest(folder())
        assert found
        manifests.append(found)
        for before, manifest in enumerate(manifests):
            rows = answered_with(manifest, sites)
            for day in (str(MONDAY + days * DAY) for days in range(4)):
                possible = [of_day(one, day) for one in truths[before:]]
                assert of_day(rows, day) in possible, (before, number, day)


def numbers_do_not_meet(sites: list[Site]) -> None:
    for site in sites:
        sealed = read_sealed(folder(), site.pk)
        numbers = []
        for name, file in sealed.files.items():
            days = [day for day, one in sealed.days.items() if one.file == name]
            path = site_folder(folder(), site.pk) / f"{name}.visits.parquet"
            own = [number for number, day in rows_in([path], "visit, day") if day in days]
            assert all(file.first <= number <= file.last < sealed.next_visit for number in own)
            numbers += own
        assert len(numbers) == len(set(numbers))
    part = days_of(folder(), [site.pk for site in sites], FIRST_DAY, LAST_DAY).sealed_part
    if part is not None:
        query = "SELECT count(*), count(DISTINCT visit), min(visit), max(visit) FROM visits"
        cursor = duckdb.connect()
        Statement(with_tables(part.tables, query), part.parameters).run(cursor)
        [(rows, different, first, last)] = cursor.fetchall()
        assert rows == different
        assert part.first is not None
        assert part.first <= first <= last <= (part.last or 0)


@pytest.mark.parametrize(
    "step",
    [
        lambda: merge_sealed_days(surroundings(), NEXT_MONTH),
        lambda: seal_finished_days(folder(), NINE + 2 * DAY),
    ],
    ids=["merge", "seal"],
)
def test_files_that_go_while_they_are_read_are_asked_for_again(
    sites: list[Site], monkeypatch: pytest.MonkeyPatch, step: Callable[[], object]
) -> None:
    count([*visits(sites[0], 0), *visits(sites[0], 1)])
    seal_finished_days(folder(), NINE + 2 * DAY)
    count([hit(sites[0], NINE + 2 * MINUTE, "/late")])
    todo = [step]

    def lists_before_the_step(*arguments: Any) -> Any:
        found = days_of(*arguments)
        while todo:
            todo.pop()()
        return found

    monkeypatch.setattr(asked, "days_of", lists_before_the_step)
    assert answered(sites) == expected(sites)
    assert not (folder() / "unreadable").exists()


def test_a_site_that_is_deleted_between_two_reads(sites: list[Site]) -> None:
    count([*visits(sites[0], 0), *visits(sites[1], 0), *visits(sites[0], 1)])
    seal_finished_days(folder(), NINE + DAY)
    right, rules = answered(sites), [site.rules() for site in sites]
    assert right == expected(sites)
    of_other = expected(sites[1:])
    sites[0].delete()
    for at in (NINE + DAY, NINE + 2 * DAY):
        assert answered(sites[1:]) == of_other
        seal_finished_days(folder(), at)
    apply_retention(surroundings(), NINE + 2 * DAY)

    gone = days_of(folder(), [rules[0].site_id], FIRST_DAY, LAST_DAY)
    assert gone.sealed_part is None
    assert rows_in(chunk_paths(), "*") == []
    assert answered(sites[1:]) == of_other
    assert [path.name for path in (folder() / "sites").iterdir()] == [str(rules[1].site_id)]


def test_a_day_that_is_deleted_while_it_is_open_again(sites: list[Site]) -> None:
    """Its rows leave the chunks before its files go: until then it is as it was, or gone."""
    Site.objects.filter(pk=sites[0].pk).update(retention_days=7)
    count([*visits(sites[0], 0), *visits(sites[0], 1)])
    seal_finished_days(folder(), NINE + 2 * DAY)
    count([hit(sites[0], NINE + 2 * MINUTE, "/late")])
    delete_before(sites[0].rules(), MONDAY + DAY)
    copy_new_events(folder())
    apply_retention(surroundings(), NINE + 8 * DAY)

    assert answered(sites) == expected(sites)
    assert rows_in(files_of_events(sites[0]), "DISTINCT day") == [(MONDAY + DAY,)]
