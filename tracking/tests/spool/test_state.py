"""Room in the spool, and how far ingest is behind."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings

from tracking.models import SpoolFile
from tracking.spool.reader import spool_files
from tracking.spool.state import lag_seconds, room_state, taken_offsets
from tracking.spool.writer import folder_bytes
from tracking.tests.factories import SiteFactory
from tracking.tests.pipeline import NINE, hit, spool

pytestmark = pytest.mark.django_db

LATER = NINE + timedelta(seconds=90)


def lag() -> float:
    return lag_seconds(settings.SPOOL_DIR, taken_offsets(), LATER)


def write_time(name: str, seconds_before_later: float) -> None:
    at = LATER.timestamp() - seconds_before_later
    os.utime(settings.SPOOL_DIR / name, (at, at))


def test_without_a_spool_nothing_waits() -> None:
    assert lag() == 0.0


def test_the_lag_is_that_of_the_oldest_hit_that_was_not_taken() -> None:
    site = SiteFactory()
    spool([hit(site, NINE), hit(site, NINE + timedelta(seconds=60))])
    assert lag() == 90.0

    [name] = spool_files(settings.SPOOL_DIR)
    first, second = (settings.SPOOL_DIR / name).read_bytes().splitlines(keepends=True)
    SpoolFile.objects.create(name=name, offset=len(first))
    assert lag() == 30.0
    SpoolFile.objects.update(offset=len(first) + len(second))
    assert lag() == 0.0


def test_a_clock_that_was_put_back_makes_no_lag() -> None:
    spool([hit(SiteFactory(), LATER + timedelta(seconds=1))])
    assert lag() == 0.0


def test_what_does_not_tell_when_it_came_has_waited_since_its_file_was_written() -> None:
    site = SiteFactory()
    spool([hit(site, NINE - timedelta(days=400), identity="a line of a log")])
    [imported] = spool_files(settings.SPOOL_DIR)
    write_time(imported, 20.0)
    assert lag() == pytest.approx(20.0)

    (settings.SPOOL_DIR / "x.spool").write_text("no hit\n")
    write_time("x.spool", 40.0)
    assert lag() == pytest.approx(40.0)


def test_a_line_without_its_end_was_never_answered_to_and_does_not_wait() -> None:
    settings.SPOOL_DIR.mkdir()
    (settings.SPOOL_DIR / "x.spool").write_text("half a li")
    assert lag() == 0.0


def test_a_file_that_cannot_be_read_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    spool([hit(SiteFactory(), NINE)])
    [name] = spool_files(settings.SPOOL_DIR)
    write_time(name, 50.0)

    def refused(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr("pathlib.Path.open", refused)
    assert lag() == pytest.approx(50.0)


def test_a_file_that_is_gone_meanwhile_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracking.spool.state.spool_files", lambda _: ["gone.spool"])
    assert lag() == 0.0


def test_the_spool_is_full_at_its_limit_and_ok_one_byte_below(tmp_path: Path) -> None:
    spool([hit(SiteFactory())])
    held = folder_bytes(settings.SPOOL_DIR)

    assert room_state(settings.SPOOL_DIR, held + 1) == "ok"
    assert room_state(settings.SPOOL_DIR, held) == "full"


def test_a_spool_that_cannot_be_made_is_not_writable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert room_state(tmp_path / "file" / "spool", 10) == "not writable"
