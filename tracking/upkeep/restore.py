"""Puts a backup into an empty instance.

The database comes last: until it is there nothing counts as restored, and the same backup can be
restored again after a kill at any point.
"""

import contextlib
import json
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path, PurePath

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from tracking.columns.manifest import sync
from tracking.errors import BackupFailed
from tracking.ingest import worker as ingest
from tracking.models import Site
from tracking.spool.leader import leadership
from tracking.spool.reader import spool_files
from tracking.upkeep import worker as upkeep
from tracking.upkeep.backup import FORMAT, LIST, SECRET_KEY, SPOOL, Backup, sum_of
from tracking.upkeep.dumps import FILE_OF, load
from tracking.upkeep.steps import copy_new_events


def read_backup(source: Path) -> Backup:
    """A backup's list, with every file seen to be whole; raises BackupFailed."""
    backup = _read_list(source)
    _see_that_it_fits(backup)
    for name, expected in backup.files.items():
        try:
            found = sum_of(source / name)
        except OSError as error:
            raise BackupFailed(f"{source / name}: {error.strerror}") from error
        if found != expected:
            raise BackupFailed(f"{source / name} is damaged: its SHA-256 sum is not the list's")
    return backup


def restore(source: Path, backup: Backup) -> None:
    """Put a backup that was read into this instance; raises BackupFailed unless that is empty."""
    with _alone():
        spooled = _spool_names(backup)
        _see_that_it_is_empty(spooled)
        for name in spooled:
            _put(source / SPOOL / name, settings.SPOOL_DIR / name)
        if SECRET_KEY in backup.files:
            _put(source / SECRET_KEY, settings.DATA_DIR / SECRET_KEY)
        shutil.rmtree(settings.COLUMNS_DIR, ignore_errors=True)
        load(source / FILE_OF[backup.database])
        call_command("migrate", verbosity=0, interactive=False)
        call_command("createcachetable", verbosity=0)
        copy_new_events(settings.COLUMNS_DIR)


def _read_list(source: Path) -> Backup:
    try:
        found = json.loads((source / LIST).read_bytes())
    except FileNotFoundError as error:
        raise BackupFailed(f"{source} holds no finished backup: {LIST} is missing") from error
    except (OSError, ValueError) as error:
        raise BackupFailed(f"{source / LIST} can't be read: {error}") from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise BackupFailed(f"{source / LIST} is of another format than {FORMAT}")
    try:
        return Backup(
            found["made_at"], found["database"], tuple(found["migrations"]), dict(found["files"])
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BackupFailed(f"{source / LIST} is damaged: {error}") from error


def _see_that_it_fits(backup: Backup) -> None:
    if backup.database != connection.vendor:
        raise BackupFailed(
            f"the backup is of a {backup.database} database, and DATABASE_URL names a"
            f" {connection.vendor} one"
        )
    if FILE_OF[backup.database] not in backup.files:
        raise BackupFailed(f"the backup's list does not name {FILE_OF[backup.database]}")
    known = {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations or {}}
    if newer := [name for name in backup.migrations if name not in known]:
        raise BackupFailed(f"the backup is of a newer Footfall: {newer[0]} is unknown here")


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Keep ingest and upkeep from running; raises BackupFailed if one of them does."""
    at_once = threading.Event()
    at_once.set()
    with (
        leadership(settings.SPOOL_DIR / ingest.LOCK_NAME, at_once) as ingests,
        leadership(settings.DATA_DIR / upkeep.LOCK_NAME, at_once) as keeps_up,
    ):
        if not (ingests and keeps_up):
            raise BackupFailed("Footfall is running: stop its processes first")
        yield


def _see_that_it_is_empty(spooled: list[str]) -> None:
    there = connection.introspection.installed_models(connection.introspection.table_names())
    if any(model in there and model.objects.exists() for model in (get_user_model(), Site)):
        raise BackupFailed(
            "this instance is not empty: it has accounts or sites. Name a new DATA_DIR, or an"
            " empty database"
        )
    if others := set(spool_files(settings.SPOOL_DIR)) - set(spooled):
        raise BackupFailed(f"this instance is not empty: {min(others)} waits in its spool")


def _spool_names(backup: Backup) -> list[str]:
    paths = [PurePath(name) for name in backup.files]
    return [path.name for path in paths if path.parent == PurePath(SPOOL)]


def _put(source: Path, target: Path) -> None:
    """Copy a file, readable by its owner alone: whole, or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = target.with_name(f".{target.name}.restored")
    aside.unlink(missing_ok=True)
    with source.open("rb") as original, aside.open("xb") as copy:
        os.fchmod(copy.fileno(), 0o600)
        shutil.copyfileobj(original, copy)
    sync(aside)
    aside.replace(target)
    sync(target.parent)
