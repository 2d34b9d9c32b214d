"""Looks up what a hit does not say itself, and decides whether it counts."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from tracking.enrich.filters import Filters, compiled, is_unwanted_country, unwanted_kind
from tracking.enrich.pages import page_and_host
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
    VISIT_TIMEOUT,
    WEBDRIVER,
    Agent,
    EnrichedHit,
    Hit,
    Origin,
    Place,
    SiteRules,
    SpooledHit,
)


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
    enrichment = _Enrichment(sites, lookups, rates)
    candidates = enrichment.candidates(spooled)
    salts = Salts(
        {one.local.day for one in candidates if one.spooled.hit.import_id is None},
        {hit.import_id for one in candidates if (hit := one.spooled.hit).import_id is not None},
    )
    # Together: a service that is asked over HTTP answers many at once.
    places = lookups.places.find({one.spooled.hit.address for one in candidates})
    found = (enrichment.enriched(one, places, salts) for one in candidates)
    hits = tuple(one for one in found if one is not None)
    return Enriched(hits, dict(enrichment.dropped), enrichment.minutes)


@dataclass(frozen=True, slots=True)
class _LocalTime:
    """Day and hour at a site; `day_before` only when a visit of that day may still go on."""

    day: date
    hour: int
    day_before: date | None


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A hit that counts unless its place, its import or its visitor's other hits say no."""

    spooled: SpooledHit
    rules: SiteRules
    local: _LocalTime
    minute: int


class _Enrichment:
    """What the hits of one batch share: each day, filter and visitor is worked out once."""

    def __init__(
        self, sites: Mapping[str, SiteRules], lookups: Lookups, rates: VisitorRates
    ) -> None:
        self.dropped: Counter[tuple[int, date, str]] = Counter()
        self.minutes: Counter[VisitorMinute] = Counter()
        self._sites = sites
        self._lookups = lookups
        self._rates = rates
        self._filters = {public_id: compiled(rules.filters) for public_id, rules in sites.items()}
        self._local_times: dict[tuple[int, int], _LocalTime] = {}
        self._visitors: dict[tuple[object, ...], int | None] = {}

    def candidates(self, spooled: Sequence[SpooledHit]) -> list[_Candidate]:
        """The hits that count as far as they themselves tell."""
        found = []
        for one in spooled:
            hit, rules = one.hit, self._sites[one.hit.site]
            minute = int(hit.at.timestamp()) // 60
            local = self._local_time(rules, hit.at, minute)
            reason = _reason_to_drop(hit, rules, self._filters[hit.site], self._lookups)
            if reason is None:
                found.append(_Candidate(one, rules, local, minute))
            else:
                self.dropped[rules.site_id, local.day, reason] += 1
        return found

    def enriched(
        self, one: _Candidate, places: Mapping[str, Place], salts: Salts
    ) -> EnrichedHit | None:
        """The hit with all that was looked up; None, counted with its reason, if it is dropped."""
        hit, rules, local, lookups = one.spooled.hit, one.rules, one.local, self._lookups
        place = places[hit.address]
        if is_unwanted_country(self._filters[hit.site], place.country):
            self._drop(one, DropReason.COUNTRY)
            return None
        visitor = self._visitor(hit, rules, local.day, salts)
        if visitor is None:
            self._drop(one, DropReason.CLOSED_IMPORT)
            return None
        if is_rated(hit) and self._exceeds_rate((visitor, one.minute)):
            self._drop(one, DropReason.RATE)
            return None
        before = None
        if local.day_before is not None:
            before = self._visitor(hit, rules, local.day_before, salts)
        page, hostname = page_and_host(
            hit.url, keeps_query=rules.keeps_query, hash_mode=hit.hash_mode
        )
        return EnrichedHit(
            event_id=one.spooled.event_id,
            site_id=rules.site_id,
            at=hit.at,
            day=local.day,
            hour=local.hour,
            visitor=visitor,
            visitor_before=before,
            name=hit.name,
            page=page,
            hostname=hostname,
            title=hit.title,
            props=_props_text(hit),
            interactive=hit.interactive,
            engaged_seconds=hit.engaged_seconds,
            scroll_depth=hit.scroll_depth,
            language=hit.language,
            screen=hit.screen,
            address=stored_address(hit.address, lookups.store_ip),
            agent=lookups.agent(hit.user_agent),
            place=place,
            origin=lookups.origin(hit.referrer, hit.url),
            revenue_micros=hit.revenue_micros,
            currency=hit.currency,
            identity=hit.identity,
        )

    def _drop(self, one: _Candidate, reason: str) -> None:
        self.dropped[one.rules.site_id, one.local.day, reason] += 1

    def _local_time(self, rules: SiteRules, at: datetime, minute: int) -> _LocalTime:
        # Zones, and the half hour that a visit goes on, change at whole minutes.
        key = (rules.site_id, minute)
        found = self._local_times.get(key)
        if found is None:
            day, hour = rules.local(at)
            day_before = rules.local(at - VISIT_TIMEOUT)[0]
            # Where clocks go back over midnight, an hour of the new day may come before the old.
            found = _LocalTime(day, hour, day_before if day_before < day else None)
            self._local_times[key] = found
        return found

    def _visitor(self, hit: Hit, rules: SiteRules, day: date, salts: Salts) -> int | None:
        """The visitor under the salt of a day; None if there is no such salt."""
        key = (hit.user_agent, hit.address, rules.site_id, day, hit.import_id)
        if key not in self._visitors:
            salt = salts.of(day, hit.import_id)
            self._visitors[key] = (
                None
                if salt is None
                else visitor_hash(salt, rules.site_id, hit.address, hit.user_agent)
            )
        return self._visitors[key]

    def _exceeds_rate(self, minute: VisitorMinute) -> bool:
        self.minutes[minute] += 1
        return self._rates.hits(minute) + self.minutes[minute] > MOST_HITS_A_MINUTE


def is_rated(hit: Hit) -> bool:
    """Whether the limit of a visitor's hits holds for this one.

    A log that is imported again shows the same minutes again.
    """
    return hit.name != ENGAGEMENT and hit.import_id is None and is_one_visitors(hit.address)


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


def _props_text(hit: Hit) -> str:
    if not hit.props:
        return ""
    return json.dumps(dict(hit.props), ensure_ascii=False, sort_keys=True)
