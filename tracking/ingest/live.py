"""The look-ups of a running instance, as its settings say."""

from collections.abc import Callable
from functools import cache, lru_cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from tracking.enrich.agents import describe_agent
from tracking.enrich.bots import is_bot
from tracking.enrich.places import COUNTRY_DATABASE, HttpPlaces, MmdbPlaces, Places
from tracking.enrich.ranges import parse_ranges
from tracking.enrich.sources import SourceList
from tracking.ingest.enricher import Lookups
from tracking.records import CACHED_ADDRESSES


def live_lookups() -> Lookups:
    """Look-ups with this instance's lists, place provider and way of storing addresses."""
    sources = _sources()
    return Lookups(
        agent=describe_agent,
        is_bot=is_bot,
        origin=sources.origin,
        is_spam=sources.is_spam,
        is_data_centre=_data_centres(),
        places=_places(),
        store_ip=settings.STORE_IP,
    )


@cache
def _sources() -> SourceList:
    return SourceList.load()


def _data_centres() -> Callable[[str], bool]:
    """Whether an address is in one of the ranges of the list, if the instance has one."""
    path = settings.DATACENTRE_RANGES
    if path is None:
        return lambda _: False
    try:
        ranges = parse_ranges(path.read_text())
    except (OSError, ValueError) as error:
        raise ImproperlyConfigured(f"DATACENTRE_RANGES={str(path)!r}: {error}") from error
    return lru_cache(maxsize=CACHED_ADDRESSES)(ranges.__contains__)


def _places() -> Places:
    if settings.GEO_PROVIDER == "http":
        return HttpPlaces(settings.GEO_URL)
    return MmdbPlaces(settings.GEOIP_DATABASE or COUNTRY_DATABASE)
