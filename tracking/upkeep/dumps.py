"""The whole database as one file, and back: SQLite's online backup, PostgreSQL's pg_dump."""

import contextlib
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.db.backends.postgresql.client import DatabaseClient

from tracking.columns.manifest import sync
from tracking.errors import BackupFailed
from tracking.models import SpoolFile

FILE_OF = {"sqlite": "footfall.sqlite3", "postgresql": "footfall.dump"}

# Tables that no model has.
OTHER_TABLES = ("django_migrations", settings.CACHES["default"]["LOCATION"])


def dump(path: Path) -> dict[str, int]:
    """Write the database as it is at one moment; returns how far each spool file then was taken.

    Nobody has to wait for it, and it waits for nobody. Raises BackupFailed.
    """
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    return _dump_postgresql(path) if connection.vendor == "postgresql" else _dump_sqlite(path)


def load(path: Path) -> None:
    """Put a dump in the place of this instance's database, whole or not at all.

    What is there is dropped: the caller has seen that nothing is. Raises BackupFailed.
    """
    if connection.vendor == "postgresql":
        _load_postgresql(path)
    else:
        _load_sqlite(path)


def _dump_sqlite(path: Path) -> dict[str, int]:
    connection.ensure_connection()
    try:
        with contextlib.closing(sqlite3.connect(path)) as copy:
            connection.connection.backup(copy)
            # One plain file, without the journal beside it that the running database has.
            copy.execute("PRAGMA journal_mode=DELETE")
            return dict(copy.execute('SELECT name, "offset" FROM tracking_spoolfile'))
    except sqlite3.Error as error:
        raise BackupFailed(f"the database: {error}") from error


def _load_sqlite(path: Path) -> None:
    place = Path(connection.settings_dict["NAME"])
    connection.close()
    aside = place.with_name(f".{place.name}.restored")
    aside.unlink(missing_ok=True)
    with path.open("rb") as source, aside.open("wb") as target:
        os.fchmod(target.fileno(), 0o600)
        shutil.copyfileobj(source, target)
    sync(aside)
    # They belong to the file that goes, and would be replayed into the one that comes.
    for journal in ("-wal", "-shm", "-journal"):
        place.with_name(place.name + journal).unlink(missing_ok=True)
    aside.replace(place)
    sync(place.parent)


def _dump_postgresql(path: Path) -> dict[str, int]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        cursor.execute("SELECT pg_export_snapshot()")
        [snapshot] = cursor.fetchone()
        _run("pg_dump", [f"--snapshot={snapshot}", "--format=custom", f"--file={path}"])
        return dict(SpoolFile.objects.values_list("name", "offset"))


def _load_postgresql(path: Path) -> None:
    with connection.cursor() as cursor:
        tables = [
            connection.ops.quote_name(name) for name in connection.introspection.table_names()
        ]
        if tables:
            cursor.execute(f"DROP TABLE {', '.join(tables)} CASCADE")
    connection.close()
    _run("pg_restore", ["--single-transaction", "--exit-on-error", str(path)])


def _run(program: str, options: Sequence[str]) -> None:
    """Run one of PostgreSQL's client programs on this database; raises BackupFailed."""
    found = shutil.which(program)
    if found is None:
        raise BackupFailed(
            f"{program} is missing: install PostgreSQL's client programs, of the server's version"
            " or newer (apt install postgresql-client)"
        )
    arguments, environ = DatabaseClient.settings_to_cmd_args_env(connection.settings_dict, [])
    *where, name = arguments[1:]
    ended = subprocess.run(  # noqa: S603 - our own words, and the settings' address
        [found, *options, "--no-owner", "--no-privileges", *where, f"--dbname={name}"],
        env=os.environ | (environ or {}),
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise BackupFailed(f"{program}: {ended.stderr.strip()}")
