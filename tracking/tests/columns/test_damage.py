"""Damaged files: no wrong numbers, and upkeep makes them right by itself."""

import json
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest
from django.conf import settings

from tracking.columns.check import UNREADABLE, is_reported
from tracking.columns.manifest import read_manifest, site_folder
from tracking.errors import ReportUnavailable
from tracking.ingest.worker import drain
from tracking.models import Event, Site
from tracking.reports.answers import Answers
from tracking.reports.engine import answer
from tracking.reports.periods import Period
from tracking.reports.query import ReportQuery
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
    stray_files,
)
from tracking.tests.factories import SiteFactory
from tracking.tests.pipeline import FIREFOX, MONDAY, NINE, ask, count, hit, seal, spool
from tracking.upkeep.steps import check_files, copy_new_events, run_once

# What its many damages run, others run too: measuring that costs a third of its time.
pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.no_cover]

AT = NINE + 3 * DAY
FILES = ("chunk", "events", "visits")
LISTS = ("site manifest", "chunk manifest")


@pytest.fixture
def sites() -> list[Site]:
    """Each with two sealed days and an open one."""
    sites: list[Site] = [SiteFactory(), SiteFactory()]
    at = (NINE, NINE + DAY)
    hits = [hit(site, one, page) for site in sites for one in at for page in ("/a", "/b")]
    count([*hits, hit(sites[0], user_agent=FIREFOX)])
    seal(NINE + 2 * DAY)
    count([hit(site, NINE + 2 * DAY, "/today") for site in sites])
    return sites


def path_of(kind: str, site: Site) -> Path:
    match kind:
        case "chunk":
            return chunk_paths()[-1]
        case "events":
            return files_of_events(site)[0]
        case "visits":
            return min(site_folder(folder(), site.pk).glob("*.visits.parquet"))
        case "site manifest":
            return site_folder(folder(), site.pk) / "manifest.json"
    return folder() / "manifest.json"


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    for place in range(len(content) // 3, len(content) // 3 + 8):
        content[place] ^= 0x15
    path.write_bytes(content)


def flip_digit(path: Path) -> None:
    """Another number, in a list that is still JSON."""
    text = path.read_text()
    place = next(i for i in range(len(text) - 1, 0, -1) if text[i].isdigit())
    path.write_text(text[:place] + str((int(text[place]) + 1) % 10) + text[place + 1 :])
    json.loads(path.read_text())


def flip_magic(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-4] + b"RAP1")


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def remove(path: Path) -> None:
    path.unlink()


def says(content: Any) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.write_text(json.dumps(content))

    write.__name__ = json.dumps(content)[:40]
    return write


SHAPES: list[Any] = [
    *([], {}, None, 7, {"schema": 2}, {"schema": []}, {"schema": 99}, {"schema": 1}),
    {"schema": 1, "last_chunk": "x", "cursors": {}, "chunks": [], "days": 5},
    {"schema": 1, "last_chunk": 1, "cursors": [], "chunks": [[1, 2]], "days": {"a": [1, 2]}},
    {
        "schema": 1,
        "last_chunk": 1,
        "cursors": {},
        "chunks": [["../../secret.parquet", 0]],
        "days": {"2026-03-02": ["../../secret.parquet", 1]},
    },
]
WRONG_SHAPES = [says(one) for one in SHAPES]


def right_or_unavailable(sites: Sequence[Site], right: Rows) -> bool:
    """Whether reports say what is right; if they say nothing, they have asked upkeep to look."""
    try:
        found = answered(sites)
    except ReportUnavailable:
        assert (folder() / UNREADABLE).exists()
        return False
    assert found == right
    return True


def upkeep() -> list[str]:
    with pytest.MonkeyPatch.context() as patched:
        # A step that fails closes its connection, and with it would go the test's transaction.
        patched.setattr("tracking.upkeep.step.connection", SimpleNamespace(close=lambda: None))
        outcomes = run_once(folder(), settings.SPOOL_DIR, AT)
    return [one.error for one in outcomes if one.error]


@pytest.mark.parametrize(
    ("kind", "damage"),
    [
        *product(FILES, (flip_magic, truncate, remove)),
        *product(LISTS, (truncate, remove)),
        ("events", empty),
    ],
)
def test_damage_that_a_reader_meets_is_mended_by_the_next_round(
    sites: list[Site], kind: str, damage: Callable[[Path], None]
) -> None:
    right = expected(sites)
    damage(path_of(kind, sites[0]))

    assert not right_or_unavailable(sites, right)
    spool([hit(sites[0], NINE + 2 * DAY, "/more")])
    assert drain()
    assert Event.objects.filter(page__text="/more").exists()
    copy_new_events(folder())
    assert answered(sites) == expected(sites) != right
    assert upkeep() == []
    assert not (folder() / UNREADABLE).exists()
    clean_up(AT)
    assert stray_files() == []
    assert answered(sites) == expected(sites)


@pytest.mark.parametrize(
    ("kind", "damage"), [*product(FILES, (flip_magic, remove)), *product(LISTS, (truncate, remove))]
)
def test_damage_that_nobody_meets_is_mended_all_the_same(
    sites: list[Site], kind: str, damage: Callable[[Path], None]
) -> None:
    damage(path_of(kind, sites[0]))
    # Late events, so that every step has something to do.
    spool([hit(sites[0], NINE, "/late"), hit(sites[0], NINE + 2 * DAY, "/more")])
    drain()
    for _ in range(2):
        upkeep()

    assert answered(sites) == expected(sites)
    assert upkeep() == []


@pytest.mark.parametrize("kind", LISTS)
def test_a_list_that_says_something_else_is_not_believed(sites: list[Site], kind: str) -> None:
    right = expected(sites)
    for damage in (flip, flip_digit, *WRONG_SHAPES):
        damage(path_of(kind, sites[0]))
        assert not right_or_unavailable(sites, {}), damage
        copy_new_events(folder())
        assert answered(sites) == right, damage


def test_the_other_sites_numbers_stay_while_one_list_is_damaged(sites: list[Site]) -> None:
    truncate(path_of("site manifest", sites[0]))

    assert answered(sites[1:]) == expected(sites[1:])


@pytest.mark.parametrize("kind", FILES)
def test_silent_damage_is_found_by_the_check(sites: list[Site], kind: str) -> None:
    path = path_of(kind, sites[0])
    rows = f"SELECT * REPLACE ('/wrong' AS {'exit_page' if kind == 'visits' else 'page'})"
    other = path.with_suffix(".other")
    duckdb.connect().execute(f"COPY ({rows} FROM '{path}') TO '{other}' (FORMAT parquet)")
    other.replace(path)
    check_files(folder())

    assert answered(sites) == expected(sites)
    assert ask(sites[0], MONDAY, MONDAY + 2 * DAY, ("visits",), "exit_page").row_count == 3


def test_flipped_bytes_end_neither_reports_nor_upkeep(
    sites: list[Site], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anywhere in a file: what DuckDB makes of them, up to its own end, is a ReportUnavailable."""
    monkeypatch.setattr(Answers, "kept", lambda _, __, ask: ask())
    chance = random.Random(7)
    saved = Saved(tmp_path / "saved")
    path = path_of("events", sites[0])
    content = path.read_bytes()
    unavailable = 0
    for _ in range(60):
        places = [chance.randrange(len(content)) for _ in range(chance.choice((1, 2, 8)))]
        damaged = bytearray(content)
        for place in places:
            damaged[place] ^= 1 << chance.randrange(8)
        path.write_bytes(damaged)
        try:
            answered(sites)
        except ReportUnavailable:
            unavailable += 1
    saved.restore()
    (folder() / UNREADABLE).touch()
    copy_new_events(folder())

    assert unavailable
    assert answered(sites) == expected(sites)


def test_what_is_whole_is_not_looked_at_again_at_once(sites: list[Site]) -> None:
    """A reader may fail for another reason, such as memory, and again and again."""
    (folder() / UNREADABLE).touch()
    assert is_reported(folder())
    copy_new_events(folder())
    assert not is_reported(folder())
    (folder() / UNREADABLE).touch()

    assert not is_reported(folder())


def test_a_repair_that_fails_is_tried_again(
    sites: list[Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    truncate(path_of("events", sites[0]))
    assert not right_or_unavailable(sites, {})

    def fails(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("tracking.columns.check.seal_day", fails)
        with pytest.raises(OSError, match="No space"):
            copy_new_events(folder())
    copy_new_events(folder())

    assert answered(sites) == expected(sites)


def test_a_reader_that_cannot_report_still_says_that_reports_are_unavailable(
    sites: list[Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    truncate(path_of("site manifest", sites[0]))

    def fails(*_: Any, **__: Any) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "touch", fails)
    with pytest.raises(ReportUnavailable):
        answered(sites)


def test_before_there_are_files_there_are_no_numbers() -> None:
    site = SiteFactory()
    assert ask(site).totals == {"visitors": 0, "visits": 0, "pageviews": 0}
    assert read_manifest(folder()) is None


def test_no_path_is_made_of_what_comes_from_outside(sites: list[Site]) -> None:
    """Names of files are dates and random digits; those of folders are sites' numbers."""
    for page in ("/../../etc/passwd", "/%2e%2e%2f", "/'; DROP", "/\\..\\x"):
        count([hit(sites[0], NINE, page, name=page)])
    seal(AT)
    allowed = r"(\d{4}-\d\d-\d\d\.[0-9a-f]{8}\.(events|visits)|\d{10}-(m\d-)?[0-9a-f]{8})\.parquet"
    for path in (*stray_files(), *chunk_paths(), *folder().glob("sites/*/*.parquet")):
        assert re.fullmatch(allowed, path.name)
    assert {path.name for path in folder().glob("sites/*")} == {str(site.pk) for site in sites}
    outside = replace(sites[0].rules(), site_id="../7")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="invalid literal"):
        answer(ReportQuery((outside,), Period("today", MONDAY, MONDAY), ("visits",)), folder())
