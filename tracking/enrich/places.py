"""Where is an address? From a file, or from a service over HTTP."""

import json
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from time import monotonic
from typing import Any, Protocol

import maxminddb
import requests

from tracking.records import Place

logger = logging.getLogger("tracking.enrich")

NOWHERE = Place()
COUNTRY_DATABASE = Path(__file__).parent / "data" / "country.mmdb"
LONGEST_NAME = 100
CACHED_PLACES = 50_000


class Places(Protocol):
    """Finds places of addresses; an address that can't be placed gets an empty Place."""

    def find(self, addresses: Collection[str]) -> Mapping[str, Place]:
        """The place of each address; never raises for what an address or a service says."""


class MmdbPlaces:
    """Places from a MaxMind DB file: the one that ships with Footfall, or a city database."""

    def __init__(self, path: Path = COUNTRY_DATABASE) -> None:
        self._database = maxminddb.open_database(path)

    def find(self, addresses: Collection[str]) -> Mapping[str, Place]:
        """The place of each address."""
        return {address: self._place(address) for address in addresses}

    @lru_cache(maxsize=CACHED_PLACES)  # noqa: B019 - one database lives as long as its process
    def _place(self, address: str) -> Place:
        if not _is_public(address):
            return NOWHERE
        found = self._database.get(address)
        return _from_record(found) if isinstance(found, dict) else NOWHERE


class HttpPlaces:
    """Places from a service: `{ip}` in the URL is the address, the answer is JSON.

    A batch waits for answers `budget_seconds` at most; what comes later is kept for the next
    batch. Failures are remembered too, for a shorter time, so that a service that is down costs
    nothing; it is logged once a minute at most.
    """

    KEPT = 50_000
    KEPT_SECONDS = 24 * 3600.0
    FAILURE_KEPT_SECONDS = 300.0
    LOG_INTERVAL_SECONDS = 60.0
    MOST_BYTES = 64 * 1024
    THREADS = 8

    def __init__(
        self,
        url: str,
        *,
        timeout_seconds: float = 1.0,
        budget_seconds: float = 2.0,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._url = url
        self._timeout_seconds = timeout_seconds
        self._budget_seconds = budget_seconds
        self._clock = clock
        self._session = requests.Session()
        self._kept: OrderedDict[str, tuple[float, Place]] = OrderedDict()
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(self.THREADS, thread_name_prefix="places")
        self._logged_at: float | None = None

    def find(self, addresses: Collection[str]) -> Mapping[str, Place]:
        """The place of each address, as far as it is known within the budget."""
        asked = [
            self._threads.submit(self._ask, address)
            for address in addresses
            if _is_public(address) and self._remembered(address) is None
        ]
        late = wait(asked, timeout=self._budget_seconds).not_done
        for future in late:
            future.cancel()
        if late:
            self._log(f"{len(late)} look-ups were not answered in {self._budget_seconds} s")
        return {address: self._remembered(address) or NOWHERE for address in addresses}

    def _remembered(self, address: str) -> Place | None:
        with self._lock:
            until, place = self._kept.get(address, (0.0, None))
        return place if place is not None and until > self._clock() else None

    def _ask(self, address: str) -> None:
        try:
            place, seconds = self._fetched(address), self.KEPT_SECONDS
        except (requests.RequestException, ValueError) as error:
            self._log(f"{type(error).__name__}: {error}"[:200])
            place, seconds = NOWHERE, self.FAILURE_KEPT_SECONDS
        with self._lock:
            self._kept[address] = (self._clock() + seconds, place)
            self._kept.move_to_end(address)
            while len(self._kept) > self.KEPT:
                self._kept.popitem(last=False)

    def _fetched(self, address: str) -> Place:
        with self._session.get(
            self._url.replace("{ip}", address),
            timeout=self._timeout_seconds,
            allow_redirects=False,
            stream=True,
        ) as answer:
            if answer.status_code != requests.codes.ok:
                raise ValueError(f"status {answer.status_code}")
            body = answer.raw.read(self.MOST_BYTES + 1, decode_content=True)
        if len(body) > self.MOST_BYTES:
            raise ValueError("the answer is too long")
        return _from_answer(json.loads(body))

    def _log(self, problem: str) -> None:
        with self._lock:
            now = self._clock()
            if self._logged_at is not None and now - self._logged_at < self.LOG_INTERVAL_SECONDS:
                return
            self._logged_at = now
        logger.warning("The geolocation service gave no place: %s", problem)


def _is_public(address: str) -> bool:
    try:
        return ip_address(address).is_global
    except ValueError:
        return False


def _from_record(record: Mapping[str, Any]) -> Place:
    """A place from either layout: {country_code} alone, or that of MaxMind's city databases."""
    if "country_code" in record:
        return Place(country=str(record["country_code"]))
    regions = record.get("subdivisions") or [{}]
    location = record.get("location") or {}
    return Place(
        country=str((record.get("country") or {}).get("iso_code") or ""),
        region=_english(regions[0]),
        city=_english(record.get("city") or {}),
        latitude=location.get("latitude"),
        longitude=location.get("longitude"),
    )


def _english(named: Mapping[str, Any]) -> str:
    return str((named.get("names") or {}).get("en") or "")


def _from_answer(answer: object) -> Place:
    """The place that a service's JSON tells; raises ValueError for nonsense."""
    if not isinstance(answer, dict):
        raise ValueError("the answer is no JSON object")  # noqa: TRY004 - nonsense of the service
    country = answer.get("country_code") or ""
    if not isinstance(country, str) or not (country == "" or _is_country(country)):
        raise ValueError("country_code is no code of two letters")
    return Place(
        country=country.upper(),
        region=_name(answer.get("region_name")),
        city=_name(answer.get("city")),
        latitude=_degrees(answer.get("latitude"), 90),
        longitude=_degrees(answer.get("longitude"), 180),
    )


def _is_country(text: str) -> bool:
    return len(text) == 2 and text.isascii() and text.isalpha()


def _name(value: object) -> str:
    return value[:LONGEST_NAME] if isinstance(value, str) and value.isprintable() else ""


def _degrees(value: object, limit: int) -> float | None:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= limit:
        return float(value)
    return None
