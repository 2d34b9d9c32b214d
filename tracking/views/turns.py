"""How many reports are answered at once: few enough that hits always find a thread."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from tracking.errors import ReportsBusy

_turns = threading.BoundedSemaphore(max(1, settings.WEB_THREADS // 3))


@contextmanager
def report_turn() -> Iterator[None]:
    """Be one of the reports, at most a third of the threads; raises ReportsBusy when none is free.

    Nobody waits here: who waits holds a thread as well.
    """
    if not _turns.acquire(blocking=False):
        raise ReportsBusy
    try:
        yield
    finally:
        _turns.release()
