"""Backups and what they refuse; tests/test_backup.py restores one of an instance that runs."""

import fcntl
import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.utils.timezone import now
from pytest_django.fixtures import Settings

from tracking.errors import BackupFailed
from tracking.ingest.worker import drain
from tracking.models import SpoolFile
from tracking.spool.writer import SpoolWriter
from tracking.tests.factories import SiteFactory
from tracking.tests.pipeline import hit
from tracking.upkeep import backup as module
from tracking.upkeep import dumps
from tracking.upkeep.backup import LIST, back_up
from tracking.upkeep.restore import read_backup, restore

# SQLite's backup waits for the end of a transaction such as a test is wrapped in.
pytestmark = pytest.mark.django_db(transaction=True)

on_sqlite = pytest.mark.skipif(
    "connection.vendor != 'sqlite'", reason="tests/test_backup.py has PostgreSQL's own way"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "backup"


@pytest.fixture
def made(folder: Path) -> Iterator[Path]:
    """A backup of one site and a hit that was taken, with two that wait."""
    (settings.DATA_DIR / "secret-key").write_text("a key")
    site = SiteFactory()
    writer = SpoolWriter(settings.SPOOL_DIR)
    writer.append(hit(site, page="/taken"))
    drain()
    writer.append_many([hit(site, page="/one"), hit(site, page="/two")])
    call_command("backup", str(folder))
    yield folder
    writer.close()


@pytest.fixture
def elsewhere(made: Path, tmp_path: Path, settings: Settings) -> Path:
    """The folder of another instance, which nothing was written to."""
    settings.DATA_DIR = tmp_path / "elsewhere"
    settings.SPOOL_DIR = settings.DATA_DIR / "spool"
    settings.COLUMNS_DIR = settings.DATA_DIR / "columns"
    path: Path = settings.DATA_DIR
    return path


@on_sqlite
def test_a_backup_holds_what_waits_and_no_address_that_was_taken(made: Path) -> None:
    [spooled] = (made / "spool").iterdir()
    row = SpoolFile.objects.get(name=spooled.name)
    text = spooled.read_bytes()

    assert text[: row.offset] == bytes(row.offset)
    assert text[row.offset :].count(b"\n") == 2
    assert b"/one" in text
    assert (made / "secret-key").read_text() == "a key"
    modes = {path.stat().st_mode & 0o777 for path in made.rglob("*")}
    assert modes == {0o600, 0o700}
    assert made.stat().st_mode & 0o777 == 0o700
    assert read_backup(made).database == "sqlite"


@on_sqlite
def test_a_line_that_is_being_written_is_left_to_its_sender(folder: Path) -> None:
    settings.SPOOL_DIR.mkdir()
    (settings.SPOOL_DIR / "a.spool").write_bytes(b"whole\nhal")
    back_up(folder, now())

    assert (folder / "spool" / "a.spool").read_bytes() == b"whole\n"


@on_sqlite
def test_a_file_that_ingest_removes_meanwhile_is_in_it_or_was_taken(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SPOOL_DIR.mkdir()
    waits = settings.SPOOL_DIR / "waits.spool"
    waits.write_bytes(b"a hit\n")
    monkeypatch.setattr(module, "spool_files", lambda _: ["taken.spool", "waits.spool"])

    def dump(path: Path) -> dict[str, int]:
        waits.unlink()
        return dumps.dump(path)

    monkeypatch.setattr(module, "dump", dump)
    back_up(folder, now())

    assert [path.name for path in (folder / "spool").iterdir()] == ["waits.spool"]


def test_a_folder_with_something_in_it_is_refused(folder: Path) -> None:
    folder.mkdir()
    (folder / "mine").touch()
    with pytest.raises(CommandError, match="not empty"):
        call_command("backup", str(folder))
    assert (folder / "mine").exists()


def test_a_backup_that_fails_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.SPOOL_DIR.mkdir()
    (settings.SPOOL_DIR / "a.spool").write_bytes(b"a hit\n")

    def dump(path: Path) -> dict[str, int]:
        path.touch()
        return {}

    def fail(_: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "dump", dump)
    monkeypatch.setattr(module, "sync", fail)
    with pytest.raises(CommandError, match="No space left"):
        call_command("backup", str(folder))

    assert list(folder.iterdir()) == []


@on_sqlite
def test_a_key_that_is_set_elsewhere_is_said_not_to_be_in_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("backup", str(folder))
    assert "SECRET_KEY is not in it" in capsys.readouterr().out


def test_a_missing_program_of_postgresql_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(BackupFailed, match="pg_dump is missing: install"):
        dumps._run("pg_dump", [])


def test_what_a_program_of_postgresql_complains_about_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "pg_dump"
    program.write_text('#!/bin/sh\n[ "$1" = --fine ] || { echo "$* $PGPASSWORD" >&2; exit 1; }\n')
    program.chmod(0o700)
    known = {"NAME": "footfall", "USER": "me", "PASSWORD": "hush", "OPTIONS": {}}
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    monkeypatch.setattr(dumps, "connection", SimpleNamespace(settings_dict=known))
    dumps._run("pg_dump", ["--fine"])

    expected = "pg_dump: --no-owner --no-privileges -U me --dbname=footfall hush"
    with pytest.raises(BackupFailed, match=f"^{expected}$"):
        dumps._run("pg_dump", [])


@on_sqlite
def test_a_database_that_was_never_prepared_is_no_backup(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = sqlite3.connect(":memory:")
    fake = SimpleNamespace(vendor="sqlite", ensure_connection=lambda: None, connection=empty)
    monkeypatch.setattr(dumps, "connection", fake)
    with pytest.raises(CommandError, match="no such table"):
        call_command("backup", str(folder))
    empty.close()


def damage(name: str) -> Callable[[Path], None]:
    def done(folder: Path) -> None:
        with next(folder.rglob(name)).open("ab") as file:
            file.write(b"\n")

    return done


def change_list(**changes: object) -> Callable[[Path], None]:
    def done(folder: Path) -> None:
        found = json.loads((folder / LIST).read_bytes())
        (folder / LIST).write_text(json.dumps(found | changes))

    return done


@on_sqlite
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (damage("footfall.sqlite3"), "footfall.sqlite3 is damaged"),
        (damage("*.spool"), "spool is damaged"),
        (lambda folder: (folder / "secret-key").unlink(), "No such file"),
        (lambda folder: (folder / LIST).unlink(), "no finished backup"),
        (lambda folder: (folder / LIST).write_text("{"), "can't be read"),
        (lambda folder: (folder / LIST).write_text("[]"), "another format"),
        (change_list(format=2), "another format"),
        (change_list(files=3), "is damaged"),
        (change_list(files={}), "does not name footfall.sqlite3"),
        (change_list(database="postgresql"), "names a sqlite one"),
        (change_list(migrations=["tracking.9999_later"]), "newer Footfall: tracking.9999_later"),
        (shutil.rmtree, "no finished backup"),
    ],
)
def test_what_is_no_whole_backup_of_this_kind_is_refused(
    made: Path, elsewhere: Path, change: Callable[[Path], None], reason: str
) -> None:
    change(made)
    with pytest.raises(CommandError, match=reason):
        call_command("restore", str(made))
    assert not elsewhere.exists()


@on_sqlite
def test_an_instance_with_accounts_is_left_alone(made: Path, elsewhere: Path) -> None:
    with pytest.raises(CommandError, match="it has accounts or sites"):
        call_command("restore", str(made))
    assert not list(elsewhere.rglob("*.spool"))
    assert not (elsewhere / "secret-key").exists()


@on_sqlite
@pytest.mark.parametrize("lock", ["spool/ingest.lock", "upkeep.lock"])
def test_an_instance_that_runs_is_left_alone(made: Path, elsewhere: Path, lock: str) -> None:
    (elsewhere / "spool").mkdir(parents=True)
    with (elsewhere / lock).open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(CommandError, match="Footfall is running"):
            call_command("restore", str(made))


@on_sqlite
def test_hits_that_wait_elsewhere_are_not_mixed_in(made: Path, elsewhere: Path) -> None:
    (elsewhere / "spool").mkdir(parents=True)
    (elsewhere / "spool" / "other.spool").write_bytes(b"a hit\n")
    get_user_model().objects.all().delete()
    with pytest.raises(CommandError, match=r"other\.spool waits in its spool"):
        call_command("restore", str(made))


@on_sqlite
def test_a_restore_that_was_killed_can_be_repeated(
    made: Path, elsewhere: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(_: Path) -> None:
        raise KeyboardInterrupt

    backup = read_backup(made)
    monkeypatch.setattr("tracking.upkeep.restore._see_that_it_is_empty", lambda _: None)
    with monkeypatch.context() as patched:
        patched.setattr("tracking.upkeep.restore.load", killed)
        with pytest.raises(KeyboardInterrupt):
            restore(made, backup)
    loaded: list[Path] = []
    monkeypatch.setattr("tracking.upkeep.restore.load", loaded.append)
    restore(made, backup)

    assert loaded == [made / "footfall.sqlite3"]
    assert (elsewhere / "secret-key").read_text() == "a key"
    assert (elsewhere / "secret-key").stat().st_mode & 0o777 == 0o600
    [spooled] = (made / "spool").iterdir()
    assert (elsewhere / "spool" / spooled.name).read_bytes() == spooled.read_bytes()


@on_sqlite
def test_the_database_takes_the_place_of_the_empty_one(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "new" / "footfall.sqlite3"
    place.parent.mkdir()
    journal = place.with_name("footfall.sqlite3-wal")
    journal.touch()
    monkeypatch.setitem(connection.settings_dict, "NAME", place)
    monkeypatch.setattr(connection, "close", lambda: None)
    dumps.load(made / "footfall.sqlite3")

    assert place.read_bytes() == (made / "footfall.sqlite3").read_bytes()
    assert place.stat().st_mode & 0o777 == 0o600
    assert not journal.exists()
