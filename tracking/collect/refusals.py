"""Says in the log that hits were refused, without giving anybody away and at a bounded rate."""

import logging
import threading
from collections.abc import Callable

from tracking.records import network_of

logger = logging.getLogger("tracking.collect")

MOST_A_MINUTE = 10
MINUTE_SECONDS = 60.0


class RefusalLog:
    """One line a refusal, ten a minute at most, then one that counts the rest."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._began_at = clock()
        self._lines = 0

    def add(self, reason: str, address: str) -> None:
        """Note a refused hit; of the address only the network is logged."""
        with self._lock:
            if self._clock() - self._began_at >= MINUTE_SECONDS:
                unsaid = self._lines - MOST_A_MINUTE
                self._began_at, self._lines = self._clock(), 0
                if unsaid > 0:
                    logger.warning("%d more hits were refused", unsaid)
            self._lines += 1
            if self._lines > MOST_A_MINUTE:
                return
        logger.warning("A hit from %s was refused: %r", network_of(address) or "?", reason)
