"""Which sites exist? An in-process copy, so that no hit asks the database."""

import logging
import threading
from collections.abc import Callable, Mapping

from tracking.errors import UnknownSite
from tracking.records import SiteRules

logger = logging.getLogger("tracking.collect")

REFRESH_SECONDS = 5.0
# An unknown id asks the database at most this often: a new site's first hit counts, and a flood
# of made-up ids costs next to nothing.
RETRY_SECONDS = 1.0
LOG_INTERVAL_SECONDS = 60.0
LONGEST_ID = 16


class SiteDirectory:
    """The sites as they were a few seconds ago at most.

    `load` reads them all and raises one of `failures` when it can't; the last copy then serves
    on. `clock` counts seconds.
    """

    def __init__(
        self,
        load: Callable[[], Mapping[str, SiteRules]],
        clock: Callable[[], float],
        failures: tuple[type[Exception], ...],
    ) -> None:
        self._load = load
        self._clock = clock
        self._failures = failures
        self._sites: Mapping[str, SiteRules] | None = None
        self._tried_at: float | None = None
        self._logged_at: float | None = None
        self._lock = threading.Lock()

    def check(self, public_id: str) -> SiteRules | None:
        """The site's rules; raises UnknownSite for an id that no site has.

        With no copy at all, because the database never answered, every well-formed id passes,
        with None: ingest decides later.
        """
        if not (public_id.isascii() and public_id.isalnum() and len(public_id) <= LONGEST_ID):
            raise UnknownSite
        self._refresh(REFRESH_SECONDS)
        if self._sites is None:
            return None
        rules = self._sites.get(public_id)
        if rules is None:
            self._refresh(RETRY_SECONDS)
            rules = self._sites.get(public_id)
        if rules is None:
            raise UnknownSite
        return rules

    def _refresh(self, most_seconds: float) -> None:
        if self._is_fresh(most_seconds):
            return
        # Who finds another thread at it goes on with the old copy, if there is one.
        if not self._lock.acquire(blocking=self._sites is None):
            return
        try:
            if not self._is_fresh(most_seconds):
                self._try_to_load()
        finally:
            self._lock.release()

    def _is_fresh(self, most_seconds: float) -> bool:
        return self._tried_at is not None and self._clock() - self._tried_at < most_seconds

    def _try_to_load(self) -> None:
        try:
            self._sites = self._load()
        except self._failures as error:
            if self._logged_at is None or self._clock() - self._logged_at > LOG_INTERVAL_SECONDS:
                self._logged_at = self._clock()
                logger.warning("The list of sites could not be read: %s", error)
        finally:
            self._tried_at = self._clock()
