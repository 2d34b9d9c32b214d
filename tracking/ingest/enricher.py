"""Looks up what a hit does not say itself, and decides whether it counts."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import unquote, urlsplit

from tracking.enrich.filters import Filters, compiled, is_unwanted_country, unwanted_kind
from tracking.enrich.places import Places
from tracking.enrich.rates import (
    MOST_HITS_A_MINUTE,
    VisitorMinute,
    VisitorRates,
    is_one_visitors,
)
from tracking.enrich.visitors import stored_address, visitor_hash
from tracking.ingest.salts import Salts
from tracking.models import DropReason
from tracking.records import (
    ENGAGEMENT,
    OPT_OUT,
    PREFETCH,
    UNKNOWN_PAGE,
    VISIT_TIMEOUT,
    WEBDRIVER,
    Agent,
    EnrichedHit,
    Hit,
    Origin,
    SiteRules,
    SpooledHit,
)

LONGEST_PAGE = 2000


@dataclass(frozen=True)
class Lookups:
    """What enrichment asks."""

    agent: Callable[[str], Agent]
    is_bot: Callable[[str], bool]
    origin: Callable[[str, str], Origin]
    is_spam: Callable[[str], bool]
    is_data_centre: Callable[[str], bool]
    places: Places
    store_ip: str


@dataclass(frozen=True)
class Enriched:
    """The hits that count, and how many do not, per (site, day, reason).

    `minutes` is what VisitorRates have to add once these hits are committed.
    """

    hits: tuple[EnrichedHit, ...]
    dropped: Mapping[tuple[int, date, str], int]
    minutes: Mapping[VisitorMinute, int]


def enrich(
    spooled: Sequence[SpooledHit],
    sites: Mapping[str, SiteRules],
    lookups: Lookups,
    rates: VisitorRates,
) -> Enriched:
    """Enrich the hits of sites that exist; `sites` maps public ids to their rules."""
    dropped: Counter[tuple[int, date, str]] = Counter()
    minutes: Counter[VisitorMinute] = Counter()
    filters = {site: compiled(sites[site].filters) for site in {one.hit.site for one in spooled}}
    candidates = []
    for one in spooled:
        rules = sites[one.hit.site]
        day = rules.local(one.hit.at)[0]
        reason = _reason_to_drop(one.hit, rules, filters[one.hit.site], lookups)
        if reason is None:
            candidates.append((one, rules, day))
        else:
            dropped[rules.site_id, day, reason] += 1
    salts = Salts(
        {day for one, _, day in candidates if one.hit.import_id is None},
        {one.hit.import_id for one, _, _ in candidates if one.hit.import_id is not None},
    )
    places = lookups.places.find({one.hit.address for one, _, _ in candidates})
    hits = []
    for one, rules, day in candidates:
        place = places[one.hit.address]
        if is_unwanted_country(filters[one.hit.site], place.country):
            dropped[rules.site_id, day, DropReason.COUNTRY] += 1
            continue
        salt = salts.of(day, one.hit.import_id)
        if salt is None:
            dropped[rules.site_id, day, DropReason.CLOSED_IMPORT] += 1
            continue
        visitor = visitor_hash(salt, rules.site_id, one.hit.address, one.hit.user_agent)
        if is_rated(one.hit):
            minute = (visitor, minute_of(one.hit.at))
            minutes[minute] += 1
            if rates.hits(minute) + minutes[minute] > MOST_HITS_A_MINUTE:
                dropped[rules.site_id, day, DropReason.RATE] += 1
                continue
        before = _visitor_before(one.hit, rules, day, salts)
        page, hostname = page_and_host(one.hit.url)
        hits.append(
            EnrichedHit(
                event_id=one.event_id,
                site_id=rules.site_id,
                at=one.hit.at,
                day=day,
                hour=rules.local(one.hit.at)[1],
                visitor=visitor,
                visitor_before=before,
                name=one.hit.name,
                page=page,
                hostname=hostname,
                title=one.hit.title,
                props=_props_text(one.hit),
                interactive=one.hit.interactive,
                engaged_seconds=one.hit.engaged_seconds,
                scroll_depth=one.hit.scroll_depth,
                language=one.hit.language,
                screen=one.hit.screen,
                address=stored_address(one.hit.address, lookups.store_ip),
                agent=lookups.agent(one.hit.user_agent),
                place=place,
                origin=lookups.origin(one.hit.referrer, one.hit.url),
                revenue_micros=one.hit.revenue_micros,
                currency=one.hit.currency,
                identity=one.hit.identity,
            )
        )
    return Enriched(tuple(hits), dict(dropped), minutes)


def page_and_host(url: str) -> tuple[str, str]:
    """The page that a URL names, as its readable path, and its host.

    A URL without a path, or none at all, is the unknown page: its sender did not tell.
    """
    parts = urlsplit(url)
    page = unquote(parts.path).replace("\0", "")[:LONGEST_PAGE] or UNKNOWN_PAGE
    return page, (parts.hostname or "")


def is_rated(hit: Hit) -> bool:
    """Whether the limit of a visitor's hits holds for this one.

    A log that is imported again shows the same minutes again.
    """
    return hit.name != ENGAGEMENT and hit.import_id is None and is_one_visitors(hit.address)


def minute_of(at: datetime) -> int:
    """The minute of the clock, counted from 1970."""
    return int(at.timestamp()) // 60


def _reason_to_drop(hit: Hit, rules: SiteRules, filters: Filters, lookups: Lookups) -> str | None:
    """Why a hit does not count, the first reason that holds; its country is not known yet."""
    if OPT_OUT in hit.signals and rules.honours_opt_out:
        return DropReason.OPT_OUT
    if PREFETCH in hit.signals:
        return DropReason.PREFETCH
    if WEBDRIVER in hit.signals or lookups.is_bot(hit.user_agent):
        return DropReason.BOT
    if hit.referrer and lookups.is_spam(hit.referrer):
        return DropReason.SPAM
    if lookups.is_data_centre(hit.address):
        return DropReason.DATA_CENTRE
    return unwanted_kind(filters, hit)


def _visitor_before(hit: Hit, rules: SiteRules, day: date, salts: Salts) -> int | None:
    """The same person under the salt of the day before, if that day's visit may still count."""
    day_before = rules.local(hit.at - VISIT_TIMEOUT)[0]
    if day_before == day:
        return None
    salt = salts.of(day_before, hit.import_id)
    if salt is None:
        return None
    return visitor_hash(salt, rules.site_id, hit.address, hit.user_agent)


def _props_text(hit: Hit) -> str:
    if not hit.props:
        return ""
    return json.dumps(dict(hit.props), ensure_ascii=False, sort_keys=True)
