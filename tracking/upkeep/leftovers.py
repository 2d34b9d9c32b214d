"""Clears what the spool leaves behind, and never a file that may hold a hit."""

import fcntl
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from django.db import connection

from tracking.models import RejectedHit, SpoolFile
from tracking.records import event_id
from tracking.spool.writer import SUFFIX

ROWS_KEPT = timedelta(days=7)
# A writer makes, locks and names its file in one go; an hour later it is not about to.
HIDDEN_KEPT = timedelta(hours=1)


def forget_rejected(now: datetime) -> int:
    """Erase hits that were set aside a week ago and never tried again; returns how many."""
    return RejectedHit.objects.filter(rejected_at__lt=now - ROWS_KEPT).delete()[0]


def forget_spool_files(now: datetime, copied_to: Mapping[int, int]) -> int:
    """Remove the rows of spool files that were finished a week ago; returns how many.

    `copied_to` has, by spool file, the lowest event id that is not in the columns yet: a row is
    kept while any of its file's events is still to be copied.
    """
    old = [
        pk
        for pk, offset in SpoolFile.objects.filter(finished_at__lt=now - ROWS_KEPT).values_list(
            "pk", "offset"
        )
        if copied_to.get(pk, event_id(pk, 0)) >= event_id(pk, offset)
    ]
    return SpoolFile.objects.filter(pk__in=old).delete()[0]


def finish_vanished(folder: Path, now: datetime) -> int:
    """Mark spool files as finished that are gone from the folder; returns how many.

    Ingest removes a file first and marks it then, and may have been killed in between. Only on
    SQLite is this folder the only one: on PostgreSQL the file may lie on another host.
    """
    if connection.vendor != "sqlite":
        return 0
    open_rows = SpoolFile.objects.filter(finished_at=None)
    gone = [pk for pk, name in open_rows.values_list("pk", "name") if not (folder / name).exists()]
    return open_rows.filter(pk__in=gone).update(finished_at=now)


def remove_unnamed(folder: Path, now: datetime) -> int:
    """Remove files whose writer died before it had named them; returns how many.

    Nothing is written before a file has its name: one that is not empty is not ours to remove.
    """
    latest = (now - HIDDEN_KEPT).timestamp()
    dead = [
        path
        for path in folder.glob(f".*{SUFFIX}")
        if path.stat().st_mtime < latest and _is_empty_and_nobodys(path)
    ]
    for path in dead:
        path.unlink(missing_ok=True)
    return len(dead)


def _is_empty_and_nobodys(path: Path) -> bool:
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return not file.read(1)
