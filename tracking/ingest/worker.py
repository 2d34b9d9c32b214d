"""The process that takes hits into the database for as long as it runs."""

import logging
import random
import threading
from time import monotonic

from django.conf import settings
from django.db import Error, connection

from tracking.counters import count_batch, share_counts
from tracking.ingest.batch import Ingester
from tracking.ingest.live import live_lookups
from tracking.ingest.pace import pause_seconds, seconds_kept_waiting
from tracking.spool.leader import leadership

logger = logging.getLogger("tracking.ingest")

IDLE_SECONDS = 0.2
FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 30.0
LOCK_NAME = "ingest.lock"


def run(stop: threading.Event) -> None:
    """Take hits until `stop` is set; a batch in hand is finished first.

    Survives a database that is down, locked or full: it waits, longer each time, and goes on from
    what was committed.
    """
    share_counts(settings.METRICS_DIR)
    with leadership(settings.SPOOL_DIR / LOCK_NAME, stop) as leads:
        if leads:
            _take_until(stop)


def drain() -> int:
    """Take everything that is in the spool now; returns how many lines that was."""
    total = 0
    with leadership(settings.SPOOL_DIR / LOCK_NAME, threading.Event()):
        ingester = Ingester(settings.SPOOL_DIR, live_lookups())
        _make_commits_durable()
        while taken := ingester.take_batch():
            total += taken
    return total


def _take_until(stop: threading.Event) -> None:
    ingester = Ingester(settings.SPOOL_DIR, live_lookups())
    failures = 0
    while not stop.is_set():
        try:
            _make_commits_durable()
            began_at, waited_before = monotonic(), seconds_kept_waiting()
            taken = ingester.take_batch()
        except (Error, OSError) as error:
            failures += 1
            logger.warning("Nothing can be taken, hits wait in the spool: %s", error)
            connection.close()
            stop.wait(_wait_seconds(failures))
        else:
            failures = 0
            seconds = monotonic() - began_at
            pause = IDLE_SECONDS
            if taken:
                count_batch(taken, seconds)
                pause = pause_seconds(seconds, seconds_kept_waiting() - waited_before)
            stop.wait(pause)


def _make_commits_durable() -> None:
    """A spool file is removed after its last commit: no power cut may undo that one."""
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous=FULL")


def _wait_seconds(failures: int) -> float:
    longest = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * (1 << min(failures, 10)))
    return longest * (0.5 + random.random() / 2)  # noqa: S311 - jitter, not a secret
