"""Forgets the secrets that visitors were hashed with, on time (docs/figures.md)."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

from tracking.models import LogImport, RejectedHit, Salt, SpoolFile
from tracking.records import event_id

# The westernmost zone is 12 hours behind UTC: there a day ends at noon of the next, in UTC.
LAST_MIDNIGHT = time(12, 0, tzinfo=UTC)
# A visit just after midnight is looked up under the day before for half an hour.
STILL_NEEDED = timedelta(minutes=30)
LONGEST_KEPT = timedelta(hours=72)
IMPORT_OPEN = timedelta(days=3)
SPOOL_ROWS_KEPT = timedelta(days=7)


def erase_salts(now: datetime, waiting_since: datetime | None) -> int:
    """Erase salts of days that are over everywhere; returns how many.

    As long as a hit waits in the spool that came before a day's salt ran out, the salt is kept,
    up to 72 hours. `waiting_since` is when the oldest waiting hit came, None when none waits.
    """
    over = [
        pk
        for pk, day in Salt.objects.values_list("pk", "day")
        if now >= _kept_until(day, waiting_since)
    ]
    # A salt made anew for a hit that came this late goes as soon as the hit is in.
    return Salt.objects.filter(pk__in=over).delete()[0]


def close_imports(now: datetime) -> int:
    """Close imports that had no file for three days, and erase their secrets; returns how many."""
    idle = LogImport.objects.filter(closed_at__isnull=True, last_file_at__lt=now - IMPORT_OPEN)
    return idle.update(closed_at=now, secret=None)


def forget_rejected(now: datetime) -> int:
    """Erase hits that were set aside a week ago and never tried again; returns how many."""
    return RejectedHit.objects.filter(rejected_at__lt=now - SPOOL_ROWS_KEPT).delete()[0]


def forget_spool_files(now: datetime, copied_to: Mapping[int, int]) -> int:
    """Remove the rows of spool files that were finished a week ago; returns how many.

    `copied_to` has, by spool file, the lowest event id that is not in the columns yet: a row is
    kept while any of its file's events is still to be copied.
    """
    old = [
        pk
        for pk, offset in SpoolFile.objects.filter(
            finished_at__lt=now - SPOOL_ROWS_KEPT
        ).values_list("pk", "offset")
        if copied_to.get(pk, event_id(pk, 0)) >= event_id(pk, offset)
    ]
    return SpoolFile.objects.filter(pk__in=old).delete()[0]


def _kept_until(day: date, waiting_since: datetime | None) -> datetime:
    needed_until = _needed_until(day)
    if waiting_since is not None and waiting_since < needed_until:
        return needed_until + LONGEST_KEPT
    return needed_until


def _needed_until(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), LAST_MIDNIGHT) + STILL_NEEDED
