"""One step of upkeep: what it is, how it is done, and what is kept of it for people to see."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
from django.db import Error, connection
from django.utils.timezone import now

from tracking.models import UpkeepRun

logger = logging.getLogger("tracking.upkeep")

FAILURES = (Error, OSError, duckdb.Error)
LONGEST_ERROR = 1000


@dataclass(frozen=True)
class Surroundings:
    """What steps work on, and what they call between two pieces of long work."""

    columns: Path
    spool: Path
    pause: Callable[[], None]


@dataclass(frozen=True)
class Step:
    """One thing that upkeep does; `run` returns what it did, in words."""

    name: str
    label: str
    purpose: str
    every_seconds: float
    run: Callable[[Surroundings, datetime], str]


@dataclass(frozen=True)
class Outcome:
    """How a step went; `error` is empty when it went well."""

    step: str
    started_at: datetime
    finished_at: datetime
    result: str = ""
    error: str = ""


def attempt(step: Step, around: Surroundings, at: datetime) -> Outcome:
    """Do a step; a failure that may pass, such as a database that is down, is logged."""
    started_at = now()
    try:
        result, error = step.run(around, at), ""
    except FAILURES as failure:
        logger.exception("A step of upkeep failed and will be tried again: %s", step.label)
        connection.close()
        result, error = "", f"{type(failure).__name__}: {failure}"[:LONGEST_ERROR]
    return Outcome(step.name, started_at, now(), result, error)


def keep(outcome: Outcome) -> None:
    """Let admin show this as the step's last run."""
    try:
        UpkeepRun.objects.update_or_create(
            step=outcome.step,
            defaults={
                "last_started_at": outcome.started_at,
                "last_finished_at": outcome.finished_at,
                "last_error": outcome.error,
                "result": outcome.result,
            },
        )
    except Error:
        logger.exception("What became of a step of upkeep could not be kept")
        connection.close()
