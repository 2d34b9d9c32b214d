"""Deletes terms that nothing uses any more, while batches go on being written.

What is used is looked up without a lock, table by table. Rows that were written meanwhile are then
few, and are found by how far each spool file had been taken: as the ids of events and visits are
made of places in the spool, everything newer lies behind those places. Only that, and the
deletion itself, is done under the writers' lock.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any

from django.db import models, transaction
from django.db.models import F, Max

from tracking.models import Dictionary, Engagement, Event, SpoolFile, Term, Visit
from tracking.models.pieces import ASKED_AT_ONCE
from tracking.records import event_id
from tracking.store.writer import TRAIT_COLUMNS, wait_for_turn

READ_AT_ONCE = 20_000
DELETED_AT_ONCE = 5000
TERMS_OF: tuple[tuple["models.QuerySet[Any]", tuple[str, ...]], ...] = (
    (Event.objects.all(), ("name_id", "page_id", "hostname_id", "title_id")),
    (Engagement.objects.all(), ("page_id",)),
    (Visit.objects.all(), ("entry_page_id", "exit_page_id", *TRAIT_COLUMNS)),
)
"""Every column that holds a term."""

Marks = Mapping[int, int]


class _Used:
    """Which terms are used, of those that there were when it was made: one byte a term."""

    def __init__(self, last_term: int) -> None:
        self._used = bytearray(last_term + 1)

    def add(self, terms: Iterable[int | None]) -> None:
        used, end = self._used, len(self._used)
        for pk in terms:
            if pk is not None and pk < end:
                used[pk] = 1

    def without(self, pks: Iterable[int]) -> list[int]:
        """Those of these terms that are not used."""
        return [pk for pk in pks if not self._used[pk]]


def sweep_terms(now: datetime, pause: Callable[[], None]) -> int:
    """Delete the terms that nothing uses; returns how many.

    `pause` is called between pieces of the work, outside of transactions. Killed at any point,
    the next sweep does what is left.
    """
    released = Dictionary.state().released
    marks = _marks()
    last_term = Term.objects.aggregate(last=Max("pk"))["last"] or 0
    used = _Used(last_term)
    for rows, columns in TERMS_OF:
        last: int | None = -1
        while last is not None:
            last = _add_rows(used, rows.filter(pk__gt=last), columns)
            pause()
    deleted = _delete_unused(used, last_term, marks, pause)
    Dictionary.objects.update(swept=released, swept_at=now)
    return deleted


def _delete_unused(used: _Used, last_term: int, marks: Marks, pause: Callable[[], None]) -> int:
    deleted = after = 0
    while pks := list(
        Term.objects.filter(pk__gt=after, pk__lte=last_term)
        .order_by("pk")
        .values_list("pk", flat=True)[:DELETED_AT_ONCE]
    ):
        after = pks[-1]
        if used.without(pks):
            marks = _add_new(used, marks)
            with transaction.atomic():
                wait_for_turn()
                marks = _add_new(used, marks)
                deleted += _delete(used.without(pks))
        pause()
    return deleted


def _delete(pks: list[int]) -> int:
    if not pks:
        return 0
    Dictionary.objects.update(generation=F("generation") + 1)
    return sum(
        Term.objects.filter(pk__in=pks[start : start + ASKED_AT_ONCE]).delete()[0]
        for start in range(0, len(pks), ASKED_AT_ONCE)
    )


def _add_new(used: _Used, marks: Marks) -> Marks:
    """Add what rows written since `marks` use; returns the marks up to which they were read."""
    reached = _marks()
    for spool_file, offset in reached.items():
        first, end = event_id(spool_file, marks.get(spool_file, 0)), event_id(spool_file, offset)
        for rows, columns in TERMS_OF if end > first else ():
            last: int | None = first - 1
            while last is not None:
                last = _add_rows(used, rows.filter(pk__gt=last, pk__lt=end), columns)
    return reached


def _add_rows(used: _Used, rows: "models.QuerySet[Any]", columns: Sequence[str]) -> int | None:
    """Add the terms of the first of these rows; returns the last one's id, None without any."""
    some = list(rows.order_by("pk").values_list("pk", *columns)[:READ_AT_ONCE])
    used.add(chain.from_iterable(row[1:] for row in some))
    return some[-1][0] if some else None


def _marks() -> Marks:
    """How far each spool file has been taken, in bytes."""
    return dict(SpoolFile.objects.values_list("pk", "offset"))
