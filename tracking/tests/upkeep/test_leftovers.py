"""What the spool leaves behind goes, and nothing that may hold a hit."""

import fcntl
import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.utils.timezone import now

from tracking.ingest.worker import drain
from tracking.models import Event, SpoolFile
from tracking.tests.factories import SiteFactory
from tracking.tests.pipeline import hit, spool
from tracking.upkeep.leftovers import finish_vanished, remove_unnamed
from tracking.upkeep.steps import clear_spool

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def folder() -> Path:
    path: Path = settings.SPOOL_DIR
    path.mkdir()
    return path


def unnamed(folder: Path, text: bytes = b"") -> Path:
    path = folder / ".20260302T090000-0.spool"
    path.write_bytes(text)
    os.utime(path, (1_000_000, 1_000_000))
    return path


def age(path: Path) -> timedelta:
    return timedelta(seconds=now().timestamp() - path.stat().st_mtime)


def test_a_file_whose_writer_died_before_naming_it_goes_after_an_hour(folder: Path) -> None:
    path = unnamed(folder)
    made_at = now() - age(path)

    assert remove_unnamed(folder, made_at + HOUR - timedelta(seconds=2)) == 0
    assert remove_unnamed(folder, made_at + HOUR + timedelta(seconds=2)) == 1
    assert not path.exists()


def test_a_file_that_somebody_holds_or_that_is_not_empty_stays(folder: Path) -> None:
    path = unnamed(folder, b"a hit")
    assert remove_unnamed(folder, now()) == 0
    path = unnamed(folder)
    with path.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert remove_unnamed(folder, now()) == 0
    assert path.exists()


def test_the_row_of_a_file_that_went_before_it_was_marked_is_finished(folder: Path) -> None:
    spool([hit(SiteFactory())])
    drain()
    SpoolFile.objects.update(finished_at=None)
    here = SpoolFile.objects.create(name="here.spool")
    (folder / here.name).touch()
    at = now()

    # On PostgreSQL the file may be on another host, and would count again if its row went.
    expected = 1 if connection.vendor == "sqlite" else 0
    assert finish_vanished(folder, at) == expected
    assert SpoolFile.objects.filter(finished_at=at).count() == expected
    here.refresh_from_db()
    assert here.finished_at is None


def test_clearing_leaves_hits_that_wait_alone(folder: Path) -> None:
    spool([hit(SiteFactory())])
    unnamed(folder)
    result = clear_spool(settings.COLUMNS_DIR, folder, now())
    drain()

    assert result.startswith("1 files, 0 rows")
    assert Event.objects.count() == 1
