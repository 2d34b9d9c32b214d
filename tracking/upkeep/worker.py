"""The process that does upkeep for as long as it runs."""

import threading
from time import monotonic

from django.conf import settings
from django.utils.timezone import now

from tracking.errors import UpkeepStopped
from tracking.spool.leader import leadership
from tracking.upkeep.step import Outcome, Step, Surroundings, attempt, keep
from tracking.upkeep.steps import COPY, STEPS

LOCK_NAME = "upkeep.lock"
PAUSE_SECONDS = 0.05
# The step that is done twice a second is not written down as often.
KEPT_EVERY_SECONDS = 60.0


def run(stop: threading.Event) -> None:
    """Do each step when it is due, until `stop` is set.

    A step that fails is logged and tried again when it is next due; the others go on.
    """
    with leadership(settings.DATA_DIR / LOCK_NAME, stop) as leads:
        if leads:
            _Rounds(stop).go()


class _Rounds:
    """When each step is next due, and which outcomes were kept."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._around = Surroundings(settings.COLUMNS_DIR, settings.SPOOL_DIR, self._pause)
        self._next_at = {step.name: monotonic() for step in STEPS}
        self._kept: dict[str, tuple[float, bool]] = {}

    def go(self) -> None:
        while not self._stop.is_set():
            try:
                for step in STEPS:
                    self._do_if_due(step)
            except UpkeepStopped:
                return
            self._stop.wait(max(0.0, min(self._next_at.values()) - monotonic()))

    def _do_if_due(self, step: Step) -> None:
        if monotonic() < self._next_at[step.name]:
            return
        outcome = attempt(step, self._around, now())
        self._next_at[step.name] = monotonic() + step.every_seconds
        self._keep_if_news(outcome)

    def _keep_if_news(self, outcome: Outcome) -> None:
        failed = bool(outcome.error)
        kept_at, kept_failed = self._kept.get(outcome.step, (None, False))
        if kept_at is None or failed != kept_failed or monotonic() - kept_at >= KEPT_EVERY_SECONDS:
            keep(outcome)
            self._kept[outcome.step] = (monotonic(), failed)

    def _pause(self) -> None:
        """Between two pieces of long work: reports stay fresh, and other writers get a turn."""
        self._do_if_due(COPY)
        if self._stop.wait(PAUSE_SECONDS):
            raise UpkeepStopped("upkeep was told to end")
