"""How many reports are answered at once: few enough that hits always find a thread."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from tracking.errors import ReportsBusy

_turns = threading.BoundedSemaphore(max(1, settings.WEB_THREADS // 3))
_exports = threading.BoundedSemaphore(max(1, settings.WEB_THREADS // 6))


@contextmanager
def report_turn() -> Iterator[None]:
    """Be one of the reports, at most a third of the threads; raises ReportsBusy when none is free.

    Nobody waits here: who waits holds a thread as well.
    """
    with _turn(_turns):
        yield


@contextmanager
def export_turn() -> Iterator[None]:
    """Be one of the exports, at most a sixth of the threads; raises ReportsBusy when none is free.

    An export holds its thread for as long as its reader takes, but a report's turn only while it
    asks.
    """
    with _turn(_exports):
        yield


@contextmanager
def _turn(turns: threading.BoundedSemaphore) -> Iterator[None]:
    if not turns.acquire(blocking=False):
        raise ReportsBusy
    try:
        yield
    finally:
        turns.release()
