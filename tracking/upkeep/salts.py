"""Forgets the secrets that visitors were hashed with, on time (docs/figures.md)."""

from datetime import UTC, date, datetime, time, timedelta

from tracking.models import LogImport, Salt, SpoolFile

# The westernmost zone is 12 hours behind UTC: there a day ends at noon of the next, in UTC.
LAST_MIDNIGHT = time(12, 0, tzinfo=UTC)
# A visit just after midnight is looked up under the day before for half an hour.
STILL_NEEDED = timedelta(minutes=30)
LONGEST_KEPT = timedelta(hours=72)
IMPORT_OPEN = timedelta(days=3)
SPOOL_ROWS_KEPT = timedelta(days=7)


def erase_salts(now: datetime, *, spool_is_empty: bool) -> int:
    """Erase salts of days that are over everywhere; returns how many.

    As long as hits wait in the spool a day's salt is kept, up to 72 hours.
    """
    over = [
        pk
        for pk, day in Salt.objects.values_list("pk", "day")
        if now >= _needed_until(day) + (timedelta() if spool_is_empty else LONGEST_KEPT)
    ]
    # A salt made anew for a hit that came this late goes as soon as the hit is in.
    return Salt.objects.filter(pk__in=over).delete()[0]


def close_imports(now: datetime) -> int:
    """Close imports that had no file for three days, and erase their secrets; returns how many."""
    idle = LogImport.objects.filter(closed_at__isnull=True, last_file_at__lt=now - IMPORT_OPEN)
    return idle.update(closed_at=now, secret=None)


def forget_spool_files(now: datetime) -> int:
    """Remove the rows of spool files that were finished a week ago; returns how many."""
    old = SpoolFile.objects.filter(finished_at__lt=now - SPOOL_ROWS_KEPT)
    return old.delete()[0]


def _needed_until(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), LAST_MIDNIGHT) + STILL_NEEDED
