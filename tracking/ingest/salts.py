"""The salts that a batch's visitors are hashed with."""

import hashlib
import hmac
from collections.abc import Iterable
from datetime import date

from tracking.models import LogImport, Salt


class Salts:
    """Salts of days, and of days of imports, as they are in the database now."""

    def __init__(self, days: Iterable[date], imports: Iterable[int]) -> None:
        """Read the salts of `days`, making those that are missing, and the imports' secrets."""
        wanted = set(days)
        Salt.objects.bulk_create(
            [Salt(day=day) for day in sorted(wanted - _known_days(wanted))], ignore_conflicts=True
        )
        self._days = {
            day: bytes(secret) for day, secret in Salt.objects.values_list("day", "secret")
        }
        self._imports = {
            pk: bytes(secret)
            for pk, secret in LogImport.objects.filter(pk__in=set(imports)).values_list(
                "pk", "secret"
            )
            if secret is not None
        }

    def of(self, day: date, import_id: int | None) -> bytes | None:
        """The salt of a day; None if its import is closed, or if nothing ever asked for the day."""
        if import_id is None:
            return self._days.get(day)
        secret = self._imports.get(import_id)
        if secret is None:
            return None
        return hmac.digest(secret, day.isoformat().encode(), hashlib.sha256)


def _known_days(days: set[date]) -> set[date]:
    return set(Salt.objects.filter(day__in=days).values_list("day", flat=True))
