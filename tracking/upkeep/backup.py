"""Makes a backup while everything runs: each hit that was answered before it began is in it once.

The spool's files are opened first, so that none of them is lost when ingest removes it; then the
database is copied as it is at one moment; then, of each file, what that copy does not hold.
"""

import contextlib
import hashlib
import json
import os
import resource
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from tracking.columns.manifest import sync
from tracking.errors import BackupFailed
from tracking.spool.reader import spool_files
from tracking.upkeep.dumps import FILE_OF, dump

FORMAT = 1
LIST = "backup.json"
SECRET_KEY = "secret-key"  # noqa: S105 - the name of a file
SPOOL = "spool"
READ_AT_ONCE = 1024 * 1024


@dataclass(frozen=True)
class Backup:
    """What a backup's list says: `files` maps names to SHA-256 sums, in hexadecimal."""

    made_at: str
    database: str
    migrations: tuple[str, ...]
    files: Mapping[str, str]
    format: int = FORMAT


def back_up(target: Path, now: datetime) -> Backup:
    """Write a backup into a folder that is empty or not there; raises BackupFailed and OSError.

    What was written is removed when it could not be finished.
    """
    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    if any(target.iterdir()):
        raise BackupFailed(f"{target} is not empty: name a new folder for each backup")
    target.chmod(0o700)
    try:
        with _opened(settings.SPOOL_DIR) as files:
            offsets = dump(target / FILE_OF[connection.vendor])
            for name, file in files.items():
                _copy_untaken(file, offsets.get(name, 0), target / SPOOL / name)
        _copy_secret_key(target)
        return _listed(target, now)
    except BaseException:
        _empty(target)
        raise


def sum_of(path: Path) -> str:
    """A file's SHA-256 sum, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def _opened(folder: Path) -> Iterator[dict[str, BinaryIO]]:
    """The spool's files, open: what is appended can be read, also once the file is removed."""
    # A spool that nobody took for weeks has more files than a process may open as a rule.
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with contextlib.ExitStack() as stack:
        files: dict[str, BinaryIO] = {}
        for name in spool_files(folder):
            # One that goes now was taken whole, and the database has all of it.
            with contextlib.suppress(FileNotFoundError):
                files[name] = stack.enter_context((folder / name).open("rb"))
        yield files


def _copy_untaken(source: BinaryIO, offset: int, path: Path) -> None:
    """Copy the complete lines from `offset` on to the same place; before them is nothing.

    Addresses stand in a spool file: those that were taken already have no business in a backup.
    """
    path.parent.mkdir(exist_ok=True, mode=0o700)
    end = offset
    with _made(path) as target:
        source.seek(offset)
        target.seek(offset)
        while some := source.read(READ_AT_ONCE):
            if b"\n" in some:
                end = target.tell() + some.rindex(b"\n") + 1
            target.write(some)
        target.truncate(end)


def _copy_secret_key(target: Path) -> None:
    kept = settings.DATA_DIR / SECRET_KEY
    if kept.exists():
        with _made(target / SECRET_KEY) as copy:
            copy.write(kept.read_bytes())


def _listed(target: Path, now: datetime) -> Backup:
    paths = sorted(path for path in target.rglob("*") if path.is_file())
    for path in paths:
        sync(path)
    applied = MigrationRecorder(connection).applied_migrations()
    backup = Backup(
        made_at=now.isoformat(timespec="seconds"),
        database=connection.vendor,
        migrations=tuple(sorted(f"{app}.{name}" for app, name in applied)),
        files={str(path.relative_to(target)): sum_of(path) for path in paths},
    )
    with _made(target / LIST) as file:
        file.write(json.dumps(asdict(backup), indent=1).encode())
    for path in (target / LIST, *(path.parent for path in paths), target):
        sync(path)
    return backup


def _made(path: Path) -> BinaryIO:
    """A new file, readable by its owner alone."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
