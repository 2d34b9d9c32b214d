"""The process that does upkeep for as long as it runs."""

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from time import monotonic

import duckdb
from django.conf import settings
from django.db import Error, connection
from django.utils.timezone import now

from tracking.spool.leader import leadership
from tracking.upkeep.steps import copy_new_events, forget_what_is_over, seal_finished_days

logger = logging.getLogger("tracking.upkeep")

LOCK_NAME = "upkeep.lock"
COPY_SECONDS = 0.5
SEAL_SECONDS = 60.0
FORGET_SECONDS = 600.0


def run(stop: threading.Event) -> None:
    """Do each step when it is due, until `stop` is set.

    A step that fails is logged and tried again when it is next due; the others go on.
    """
    with leadership(settings.DATA_DIR / LOCK_NAME, stop) as leads:
        if leads:
            _do_until(stop, settings.COLUMNS_DIR, settings.SPOOL_DIR)


def _do_until(stop: threading.Event, folder: Path, spool: Path) -> None:
    due: list[tuple[float, Callable[[], object]]] = [
        (COPY_SECONDS, lambda: copy_new_events(folder)),
        (SEAL_SECONDS, lambda: seal_finished_days(folder, now())),
        (FORGET_SECONDS, lambda: forget_what_is_over(folder, spool, now())),
    ]
    next_at = [monotonic()] * len(due)
    while not stop.is_set():
        for place, (seconds, step) in enumerate(due):
            if monotonic() >= next_at[place]:
                _try(step)
                next_at[place] = monotonic() + seconds
        stop.wait(max(0.0, min(next_at) - monotonic()))


def _try(step: Callable[[], object]) -> None:
    try:
        step()
    except (Error, OSError, duckdb.Error):
        logger.exception("A step of upkeep failed and will be tried again")
        connection.close()
