"""Looks up what a hit does not say itself, and decides whether it counts."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import unquote, urlsplit

from tracking.enrich.places import Places
from tracking.enrich.visitors import stored_address, visitor_hash
from tracking.ingest.salts import Salts
from tracking.models import DropReason
from tracking.records import (
    UNKNOWN_PAGE,
    VISIT_TIMEOUT,
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
    places: Places
    store_ip: str


@dataclass(frozen=True)
class Enriched:
    """The hits that count, and how many do not, per (site, day, reason)."""

    hits: tuple[EnrichedHit, ...]
    dropped: Mapping[tuple[int, date, str], int]


def enrich(
    spooled: Sequence[SpooledHit], sites: Mapping[str, SiteRules], lookups: Lookups
) -> Enriched:
    """Enrich the hits of sites that exist; `sites` maps public ids to their rules."""
    dropped: Counter[tuple[int, date, str]] = Counter()
    candidates = []
    for one in spooled:
        rules = sites[one.hit.site]
        day = rules.local(one.hit.at)[0]
        reason = _reason_to_drop(one.hit, lookups)
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
        salt = salts.of(day, one.hit.import_id)
        if salt is None:
            dropped[rules.site_id, day, DropReason.CLOSED_IMPORT] += 1
            continue
        place = places[one.hit.address]
        visitor = visitor_hash(salt, rules.site_id, one.hit.address, one.hit.user_agent)
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
    return Enriched(tuple(hits), dict(dropped))


def page_and_host(url: str) -> tuple[str, str]:
    """The page that a URL names, as its readable path, and its host.

    A URL without a path, or none at all, is the unknown page: its sender did not tell.
    """
    parts = urlsplit(url)
    page = unquote(parts.path).replace("\0", "")[:LONGEST_PAGE] or UNKNOWN_PAGE
    return page, (parts.hostname or "")


def _reason_to_drop(hit: Hit, lookups: Lookups) -> str | None:
    if lookups.is_bot(hit.user_agent):
        return DropReason.BOT
    if hit.referrer and lookups.is_spam(hit.referrer):
        return DropReason.SPAM
    return None


def _visitor_before(hit: Hit, rules: SiteRules, day: date, salts: Salts) -> int | None:
    """The same person under the salt of the day before, if that day's visit may still count."""
    day_before = rules.local(hit.at - VISIT_TIMEOUT)[0]
    # Where clocks go back over midnight, an hour of the new day may come before one of the old.
    if day_before >= day:
        return None
    salt = salts.of(day_before, hit.import_id)
    if salt is None:
        return None
    return visitor_hash(salt, rules.site_id, hit.address, hit.user_agent)


def _props_text(hit: Hit) -> str:
    if not hit.props:
        return ""
    return json.dumps(dict(hit.props), ensure_ascii=False, sort_keys=True)
