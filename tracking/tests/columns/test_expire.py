"""Days go from the columnar files, wherever their rows are, and others stay."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tracking.columns.expire import expire
from tracking.columns.manifest import Manifest, read_manifest, read_sealed, site_folder
from tracking.models import Site
from tracking.tests.columns.support import (
    chunk_paths,
    expected,
    files_of_events,
    folder,
    let_grace_pass,
    parquet_files,
    rows_in,
    surroundings,
)
from tracking.tests.factories import SiteFactory
from tracking.tests.pipeline import MONDAY, NINE, ask, count, hit, seal
from tracking.upkeep.steps import merge_sealed_days

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
TUESDAY_NOON = NINE + timedelta(hours=27)


@pytest.fixture
def site() -> Any:
    return SiteFactory()


def expired(first_days: dict[Any, date]) -> int:
    manifest = read_manifest(folder())
    assert manifest
    return expire(folder(), manifest, {site.pk: day for site, day in first_days.items()})


def pageviews(site: Site) -> Any:
    return ask(site, MONDAY, MONDAY + 9 * DAY, ("pageviews",)).totals["pageviews"]


def days_on_disk(site: Site) -> set[date]:
    paths = site_folder(folder(), site.pk).glob("*.parquet")
    return {day for (day,) in rows_in(paths, "DISTINCT day")}


def test_a_sealed_day_goes_with_its_files(site: Site) -> None:
    count([hit(site), hit(site, NINE + DAY)])
    seal(TUESDAY_NOON + DAY)

    assert expired({site: MONDAY}) == 0
    assert pageviews(site) == 2
    assert expired({site: MONDAY + DAY}) == 1
    assert pageviews(site) == 1
    assert list(read_sealed(folder(), site.pk).days) == [MONDAY + DAY]
    assert days_on_disk(site) == {MONDAY + DAY}


def test_the_first_days_of_a_merged_month_leave_the_disk(site: Site) -> None:
    count([hit(site, NINE + day * DAY, f"/{day}") for day in range(5)])
    seal(NINE + 6 * DAY)
    merge_sealed_days(surroundings(), NINE + 40 * DAY)
    [merged] = files_of_events(site)
    assert expired({site: MONDAY + 3 * DAY}) == 3

    assert not merged.exists()
    assert days_on_disk(site) == {MONDAY + 3 * DAY, MONDAY + 4 * DAY}
    assert rows_in(files_of_events(site), "page") == [("/3",), ("/4",)]
    assert pageviews(site) == 2
    assert all(b"/0" not in path.read_bytes() for path in parquet_files(folder() / "sites"))
    assert expired({site: MONDAY + 3 * DAY}) == 0


def test_an_older_state_of_a_day_leaves_the_disk(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A merged file goes on, with rows of a day that was sealed again and is listed elsewhere."""
    monkeypatch.setattr("tracking.columns.seal.REOPENED_FOR", timedelta(days=-36500))
    count([hit(site, NINE + day * DAY, f"/{day}") for day in range(3)])
    seal(NINE + 4 * DAY)
    merge_sealed_days(surroundings(), NINE + 40 * DAY)
    count([hit(site, NINE + DAY, "/late")])
    seal(NINE + 4 * DAY)
    expired({site: MONDAY})

    assert rows_in(files_of_events(site), "page") == [("/0",), ("/1",), ("/2",), ("/late",)]
    assert pageviews(site) == expected([site])[()]["pageviews"] == 4


def test_rows_that_are_in_chunks_go_too(site: Site) -> None:
    other = SiteFactory()
    count([hit(site), hit(other), hit(site, NINE + DAY)])
    expired({site: MONDAY + DAY, other: date.min})

    assert pageviews(site) == 1
    assert pageviews(other) == 1
    assert len(rows_in(chunk_paths(), "*")) == 2


def test_a_day_that_is_open_again_goes_from_chunks_and_files(site: Site) -> None:
    count([hit(site), hit(site, NINE + DAY)])
    seal(TUESDAY_NOON + DAY)
    count([hit(site, NINE, "/late")])
    expired({site: MONDAY + DAY})

    assert pageviews(site) == 1
    assert rows_in(chunk_paths(), "*") == []
    assert days_on_disk(site) == {MONDAY + DAY}


def test_a_deleted_sites_rows_go_from_the_chunks(site: Site) -> None:
    other = SiteFactory()
    count([hit(site), hit(other)])
    expired({other: date.min})

    assert len(rows_in(chunk_paths(), "*")) == 1
    assert pageviews(other) == 1


def test_a_file_that_no_list_names_goes_once_nobody_can_still_write_it(site: Site) -> None:
    count([hit(site)])
    seal(TUESDAY_NOON)
    stray, fresh = (site_folder(folder(), site.pk) / f"{name}.parquet" for name in "ab")
    stray.touch()
    let_grace_pass()
    fresh.touch()
    expired({site: date.min})

    assert not stray.exists()
    assert fresh.exists()
    assert pageviews(site) == 1


def test_without_any_files_nothing_happens(tmp_path: Path) -> None:
    assert expire(tmp_path / "nothing", Manifest(), {1: MONDAY}) == 0
