"""Forgets the secrets that visitors were hashed with, on time (docs/figures.md)."""

from datetime import UTC, date, datetime, time, timedelta

from django.db import transaction
from django.db.models import F

from tracking.models import LateSalt, LogImport, Salt

# The westernmost zone is 12 hours behind UTC: there a day ends at noon of the next, in UTC.
LAST_MIDNIGHT = time(12, 0, tzinfo=UTC)
# A visit just after midnight is looked up under the day before for half an hour.
STILL_NEEDED = timedelta(minutes=30)
LONGEST_KEPT = timedelta(hours=72)
IMPORT_OPEN = timedelta(days=3)


def erase_salts(now: datetime, waiting_since: datetime | None) -> int:
    """Erase salts of days that are over everywhere; returns how many.

    As long as a hit waits in the spool that came before a day's salt ran out, the salt is kept,
    up to 72 hours. `waiting_since` is when the oldest waiting hit came, None when none waits.
    """
    over = [
        salt for salt in Salt.objects.defer("secret") if now >= _kept_until(salt.day, waiting_since)
    ]
    with transaction.atomic():
        for salt in over:
            # A salt made anew for a hit that came this late goes as soon as the hit is in.
            if salt.created_at >= _needed_until(salt.day):
                _keep_trace(salt)
        return Salt.objects.filter(pk__in=[salt.pk for salt in over]).delete()[0]


def close_imports(now: datetime) -> int:
    """Close imports that had no file for three days, and erase their secrets; returns how many."""
    idle = LogImport.objects.filter(closed_at__isnull=True, last_file_at__lt=now - IMPORT_OPEN)
    return idle.update(closed_at=now, secret=None)


def _keep_trace(salt: Salt) -> None:
    late, _ = LateSalt.objects.get_or_create(
        day=salt.day, defaults={"last_made_at": salt.created_at}
    )
    late.times = F("times") + 1
    late.last_made_at = salt.created_at
    late.save()


def _kept_until(day: date, waiting_since: datetime | None) -> datetime:
    needed_until = _needed_until(day)
    if waiting_since is not None and waiting_since < needed_until:
        return needed_until + LONGEST_KEPT
    return needed_until


def _needed_until(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), LAST_MIDNIGHT) + STILL_NEEDED
