"""Files of each schema there ever was are read, and brought to the present one.

When SCHEMA grows, files of it are kept for those who come later, in a folder beside this file:
run this file's tests with FOOTFALL_KEEP_SCHEMA=1.
"""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tracking.columns.manifest import read_manifest, read_sealed
from tracking.columns.schema import RAW_SCHEMAS, SCHEMA
from tracking.errors import ReportUnavailable
from tracking.models import Site
from tracking.tests.columns.support import (
    answered,
    bring_to_schema_2,
    expected,
    files_of_events,
    folder,
    let_grace_pass,
    parquet_files,
    stray_files,
    surroundings,
)
from tracking.tests.factories import SiteFactory
from tracking.tests.pipeline import (
    AUSTRIAN_ADDRESS,
    FIREFOX,
    GERMAN_ADDRESS,
    NINE,
    ask,
    count,
    hit,
    seal,
)
from tracking.upkeep.steps import apply_retention, check_files, copy_new_events, merge_sealed_days

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

HERE = Path(__file__).parent
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
FIRST, LAST = date(2026, 3, 2), date(2026, 3, 3)
METRICS = (
    *("visitors", "visits", "pageviews", "events"),
    *("bounce_rate", "visit_duration", "time_on_page"),
)
BY_PAGE = {
    "/a": (3, 3, 3, 0, 0.5, 90.0, None),
    "/b": (2, 2, 2, 1, 1.0, 0.0, 40.0),
    "/c": (1, 1, 1, 0, 0.0, 60.0, None),
}
BY_HOUR = {"10": (3, 3, 5), "11": (1, 1, 1)}
TOTALS = (3, 4, 6, 1, 0.5, 60.0, 40.0)
# Where a byte of a file's metadata is that makes DuckDB give itself up.
OF_A_LENGTH = 3690
SCHEMAS = sorted(RAW_SCHEMAS)


@pytest.fixture
def site() -> Any:
    return SiteFactory(pk=7, timezone="Europe/Vienna")


def put(schema: int) -> None:
    """Let the files of a schema be those that reports read."""
    shutil.rmtree(folder(), ignore_errors=True)
    shutil.copytree(HERE / f"schema_{schema}", folder())


def traffic(site: Site) -> Iterator[Any]:
    """What stands in the files of every schema."""
    google, person = "https://www.google.com/", {"address": AUSTRIAN_ADDRESS}
    yield hit(site, NINE, "/a", referrer=google, title="A", **person)
    yield hit(site, NINE + MINUTE, "/b", **person)
    read = {"name": "engagement", "engaged_seconds": 40, "scroll_depth": 70}
    yield hit(site, NINE + 2 * MINUTE, "/b", **read, **person)
    plan = {"name": "Sign up", "props": (("plan", "yearly"),)}
    yield hit(site, NINE + 3 * MINUTE, "/b", **plan, **person)
    for at, page in ((NINE, "/a"), (NINE + 90 * MINUTE, "/b")):
        yield hit(site, at, page, user_agent=FIREFOX, address=GERMAN_ADDRESS)
    for at, page in ((NINE + DAY, "/c"), (NINE + DAY + MINUTE, "/a")):
        yield hit(site, at, page, **person)


def says_what_it_should(site: Site) -> None:
    report = ask(site, FIRST, LAST, METRICS, "page")
    assert tuple(report.totals.values()) == TOTALS
    assert {row.keys[0]: tuple(row.metrics.values()) for row in report.rows} == BY_PAGE
    plans = ask(site, FIRST, LAST, ("events",), "prop.plan").rows
    assert plans[0].keys == ("yearly",)
    hours = ask(site, FIRST, LAST, ("visitors", "visits", "pageviews"), "hour").rows
    assert {row.keys[0]: tuple(row.metrics.values()) for row in hours} == BY_HOUR
    assert {row.keys for row in ask(site, FIRST, LAST, ("visits",), "source").rows} == {
        ("Google",),
        ("Direct",),
    }


def schemas_in(path: Path) -> set[int]:
    """The numbers that stand in a folder's Parquet files; in schema 1 none did."""
    names = [str(one) for one in parquet_files(path) if "answers" not in one.parts]
    query = "SELECT DISTINCT value FROM parquet_kv_metadata(?) WHERE key = 'footfall_schema'"
    connection = duckdb.connect()
    found = [connection.execute(query, [name]).fetchall() for name in names]
    assert all(len(one) == 1 for one in found), names
    return {int(number.decode()) for [(number,)] in found}


def with_present_cursors(path: Path, cursors: Any) -> None:
    """Let a list of schema 1 say that all that is committed now has been copied."""
    said = json.loads(path.read_text())
    path.write_text(json.dumps({**said, "cursors": cursors}))


@pytest.fixture
def upgraded(site: Site) -> Site:
    """Files of schema 1, whose rows are in the database."""
    count(traffic(site))
    manifest = read_manifest(folder())
    assert manifest
    put(1)
    with_present_cursors(folder() / "manifest.json", dict(manifest.cursors))
    return site


@pytest.mark.parametrize("schema", SCHEMAS)
def test_files_of_every_schema_are_read(site: Site, schema: int) -> None:
    put(schema)
    manifest = read_manifest(folder())
    assert manifest
    assert {one.schema for one in manifest.chunks} == {schema}
    sealed = read_sealed(folder(), site.pk)
    assert {one.schema for one in sealed.files.values()} == {schema}
    assert FIRST in sealed.days
    assert LAST not in sealed.days

    says_what_it_should(site)


@pytest.mark.parametrize("schema", SCHEMAS[1:])
def test_the_number_stands_in_every_file(schema: int) -> None:
    assert parquet_files(HERE / f"schema_{schema}")
    assert schemas_in(HERE / f"schema_{schema}") == {schema}


def test_the_present_schema_is_the_one_that_is_kept(site: Site) -> None:
    """When this fails, read what stands at the top of this file."""
    count(traffic(site))
    seal(NINE + DAY)
    let_grace_pass()
    seal(NINE + DAY)
    apply_retention(surroundings(), NINE + DAY)
    assert stray_files() == []
    assert schemas_in(folder()) == {SCHEMA}
    says_what_it_should(site)
    kept = HERE / f"schema_{SCHEMA}"
    if os.environ.get("FOOTFALL_KEEP_SCHEMA"):
        unneeded = shutil.ignore_patterns("answers", "spill")
        shutil.copytree(folder(), kept, ignore=unneeded)

    assert kept.is_dir(), f"there is no {kept.name}"
    assert columns_in(kept) == columns_in(folder())


def columns_in(path: Path) -> set[tuple[str, ...]]:
    """The columns and their types of each kind of file."""
    connection = duckdb.connect()
    found = set()
    for one in parquet_files(path):
        kind = "chunk" if one.parent.name == "chunks" else one.name.split(".")[-2]
        columns = connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(one)])
        if "answers" not in one.parts:
            found |= {(kind, *column[:2]) for column in columns.fetchall()}
    return found


def test_days_of_schema_1_are_brought_to_the_present_one(upgraded: Site) -> None:
    merge_sealed_days(surroundings(), NINE + DAY)
    assert len(files_of_events(upgraded)) == 1
    says_what_it_should(upgraded)
    assert seal(NINE + 2 * DAY) == 1
    says_what_it_should(upgraded)
    let_grace_pass()
    seal(NINE + 2 * DAY)
    apply_retention(surroundings(), NINE + 2 * DAY)

    assert schemas_in(folder()) == {SCHEMA}
    assert stray_files() == []
    assert answered([upgraded]) == expected([upgraded])


def test_events_that_come_meanwhile_are_in_the_answers(upgraded: Site) -> None:
    """A busy site has a year of days to bring up."""
    pages: list[str] = []

    def pause() -> None:
        pages.append(f"/meanwhile/{len(pages)}")
        count([hit(upgraded, NINE + 4 * MINUTE, pages[-1])])
        copy_new_events(folder())
        assert answered([upgraded]) == expected([upgraded])

    merge_sealed_days(replace(surroundings(), pause=pause), NINE + DAY)

    assert len(pages) > 1
    seal(NINE + 2 * DAY)
    assert answered([upgraded]) == expected([upgraded])


def test_other_steps_get_their_turn_between_days_of_an_earlier_schema(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    sites: list[Site] = [site, SiteFactory()]
    count(one for each in sites for one in traffic(each))
    seal(NINE + 2 * DAY)
    for each in sites:
        bring_to_schema_2(each.pk)
    assert answered(sites) == expected(sites)
    monkeypatch.setattr("tracking.columns.seal.LONGEST_SECONDS", -1)

    merge_sealed_days(surroundings(), NINE + 2 * DAY)
    assert [schemas_of_files(each) for each in sites] == [{SCHEMA}, {2}]
    merge_sealed_days(surroundings(), NINE + 2 * DAY)

    assert [schemas_of_files(each) for each in sites] == [{SCHEMA}, {SCHEMA}]
    assert answered(sites) == expected(sites)


def test_the_check_makes_files_of_schema_1_anew(upgraded: Site) -> None:
    """Nobody can tell whether they are whole: they had no digests."""
    check_files(folder())

    assert schemas_of_lists(upgraded) == {SCHEMA}
    says_what_it_should(upgraded)


def test_a_late_event_opens_a_day_of_schema_1_again(upgraded: Site) -> None:
    count([hit(upgraded, NINE + 4 * MINUTE, "/late")])
    assert answered([upgraded]) == expected([upgraded])
    merge_sealed_days(surroundings(), NINE + DAY)

    assert answered([upgraded]) == expected([upgraded])


def test_late_events_of_schema_1_are_counted_once(site: Site, tmp_path: Path) -> None:
    """They stood in chunks, beside the rest of their day in its file."""
    earlier = [one for one in traffic(site) if one.at < NINE + DAY]
    evening = NINE + timedelta(hours=9)
    count([*earlier, hit(site, evening, "/c"), hit(site, evening + MINUTE, "/a")])
    manifest = read_manifest(folder())
    assert manifest
    put(1)
    with_present_cursors(folder() / "manifest.json", dict(manifest.cursors))
    chunk = folder() / "chunks" / "0000000002-2-e7439887.parquet"
    visitor = -8706102980831390720  # the one of Monday with that address and browser
    moved = (
        f"{visitor} AS visitor, day - 1 AS day, hour + 9 AS hour,"
        f" moment - {15 * 3_600_000} AS moment"
    )
    duckdb.connect().execute(
        f"COPY (SELECT * REPLACE ({moved}) FROM '{chunk}')"  # noqa: S608 - a test's own words
        f" TO '{tmp_path}/moved' (FORMAT parquet)"
    )
    (tmp_path / "moved").replace(chunk)
    assert answered([site]) == expected([site])
    count([hit(site, NINE + 4 * MINUTE, "/late")])
    assert answered([site]) == expected([site])
    copy_new_events(folder())
    merge_sealed_days(surroundings(), datetime(2026, 5, 1, tzinfo=NINE.tzinfo))

    assert answered([site]) == expected([site])


def test_a_file_that_ends_the_duckdb_that_reads_it_ends_no_other(site: Site) -> None:
    put(1)
    [path] = (folder() / "sites" / "7").glob("*.parquet")
    content = path.read_bytes()
    place = OF_A_LENGTH
    path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
    with pytest.raises(ReportUnavailable):
        says_what_it_should(site)
    path.write_bytes(content)

    says_what_it_should(site)


def schemas_of_lists(site: Site) -> set[int]:
    manifest = read_manifest(folder())
    assert manifest
    return {one.schema for one in manifest.chunks} | schemas_of_files(site)


def schemas_of_files(site: Site) -> set[int]:
    return {one.schema for one in read_sealed(folder(), site.pk).files.values()}
