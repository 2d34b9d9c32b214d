"""The look-ups of a running instance, as its settings say."""

from functools import cache

from django.conf import settings

from tracking.enrich.agents import describe_agent
from tracking.enrich.bots import is_bot
from tracking.enrich.places import COUNTRY_DATABASE, HttpPlaces, MmdbPlaces, Places
from tracking.enrich.sources import SourceList
from tracking.ingest.enricher import Lookups


def live_lookups() -> Lookups:
    """Look-ups with this instance's lists, place provider and way of storing addresses."""
    sources = _sources()
    return Lookups(
        agent=describe_agent,
        is_bot=is_bot,
        origin=sources.origin,
        is_spam=sources.is_spam,
        places=_places(),
        store_ip=settings.STORE_IP,
    )


@cache
def _sources() -> SourceList:
    return SourceList.load()


def _places() -> Places:
    if settings.GEO_PROVIDER == "http":
        return HttpPlaces(settings.GEO_URL)
    return MmdbPlaces(settings.GEOIP_DATABASE or COUNTRY_DATABASE)
