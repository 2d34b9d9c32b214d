"""Days go from the columnar files, wherever their rows are, and others stay."""

import os
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from django.conf import settings

from tracking.columns.expire import expire
from tracking.columns.manifest import Manifest, read_manifest, read_sealed, site_folder
from tracking.models import Site
from tracking.tests.factories import SiteFactory
from tracking.tests.pipeline import MONDAY, NINE, ask, count, hit, seal

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
TUESDAY_NOON = NINE + timedelta(hours=27)


@pytest.fixture
def folder() -> Path:
    path: Path = settings.COLUMNS_DIR
    return path


@pytest.fixture
def site() -> Any:
    return SiteFactory()


def expired(folder: Path, **first_days: date) -> int:
    manifest = read_manifest(folder)
    assert manifest
    return expire(folder, manifest, {int(pk[1:]): day for pk, day in first_days.items()})


def pageviews(site: Site) -> Any:
    return ask(site, MONDAY, MONDAY + DAY, ("pageviews",)).totals["pageviews"]


def rows_in_chunks(folder: Path) -> int:
    manifest = read_manifest(folder)
    assert manifest
    names = [str(folder / "chunks" / chunk.name) for chunk in manifest.chunks]
    [count] = duckdb.connect().execute("SELECT count(*) FROM read_parquet(?)", [names]).fetchall()
    return int(count[0])


def test_a_sealed_day_goes_with_its_file(folder: Path, site: Site) -> None:
    count([hit(site), hit(site, NINE + DAY)])
    seal(TUESDAY_NOON + DAY)

    assert expired(folder, **{f"_{site.pk}": MONDAY}) == 0
    assert pageviews(site) == 2
    assert expired(folder, **{f"_{site.pk}": MONDAY + DAY}) == 1
    assert pageviews(site) == 1
    assert list(read_sealed(folder, site.pk)) == [MONDAY + DAY]
    assert len(list(site_folder(folder, site.pk).glob("*.parquet"))) == 1


def test_rows_that_are_in_chunks_go_too(folder: Path, site: Site) -> None:
    other = SiteFactory()
    count([hit(site), hit(other), hit(site, NINE + DAY)])
    expired(folder, **{f"_{site.pk}": MONDAY + DAY, f"_{other.pk}": date.min})

    assert pageviews(site) == 1
    assert pageviews(other) == 1
    assert rows_in_chunks(folder) == 2


def test_a_deleted_sites_rows_go_from_the_chunks(folder: Path, site: Site) -> None:
    other = SiteFactory()
    count([hit(site), hit(other)])
    expired(folder, **{f"_{other.pk}": date.min})

    assert rows_in_chunks(folder) == 1
    assert pageviews(other) == 1


def test_a_file_that_no_list_names_goes_once_nobody_can_still_write_it(
    folder: Path, site: Site
) -> None:
    count([hit(site)])
    seal(TUESDAY_NOON)
    stray, fresh = (site_folder(folder, site.pk) / f"{name}.parquet" for name in "ab")
    stray.touch()
    fresh.touch()
    os.utime(stray, (1, 1))
    expired(folder, **{f"_{site.pk}": date.min})

    assert not stray.exists()
    assert fresh.exists()
    assert pageviews(site) == 1


def test_without_any_files_nothing_happens(folder: Path) -> None:
    assert expire(folder, Manifest(), {1: MONDAY}) == 0
