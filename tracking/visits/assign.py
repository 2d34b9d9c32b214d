"""Assigns a batch of enriched hits to visits, by the rules of docs/figures.md."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from tracking.records import (
    ENGAGEMENT,
    PAGEVIEW,
    VISIT_TIMEOUT,
    CountedEvent,
    EnrichedHit,
    Origin,
    VisitChanges,
    VisitState,
)

NO_VISIT = "no_visit"

# A visitor is of one day already: the hash is salted with it.
Visitor = tuple[int, int]


def assign_visits(
    hits: Sequence[EnrichedHit],
    known: Iterable[VisitState],
    before: Iterable[VisitState] = (),
) -> VisitChanges:
    """What these hits do to visits.

    `known` are the stored visits of the hits' visitors; `before` those of the same people under
    the salt of the day before, from which a visit just after midnight takes over its origin.
    """
    assignment = _Assignment(known, before)
    for hit in sorted(hits, key=lambda hit: (hit.at, hit.event_id)):
        assignment.take(hit)
    return assignment.changes()


class _Assignment:
    """The visits of one batch while they grow."""

    def __init__(self, known: Iterable[VisitState], before: Iterable[VisitState]) -> None:
        self._visits: dict[Visitor, list[VisitState]] = {}
        self._before: dict[Visitor, list[VisitState]] = {}
        self._known_ids: set[int] = set()
        self._touched: dict[int, Visitor] = {}
        self._events: list[CountedEvent] = []
        self._new_visitors: Counter[tuple[int, date]] = Counter()
        self._dropped: Counter[tuple[int, date, str]] = Counter()
        for visit in sorted(known, key=lambda visit: (visit.started_at, visit.visit_id)):
            self._visits.setdefault((visit.site_id, visit.visitor), []).append(visit)
            self._known_ids.add(visit.visit_id)
        for visit in before:
            self._before.setdefault((visit.site_id, visit.visitor), []).append(visit)

    def take(self, hit: EnrichedHit) -> None:
        key = (hit.site_id, hit.visitor)
        visits = self._visits.setdefault(key, [])
        for place, visit in enumerate(visits):
            if visit.started_at - VISIT_TIMEOUT <= hit.at <= visit.ended_at + VISIT_TIMEOUT:
                visits[place] = extended(visit, hit)
                self._count(hit, visit.visit_id, key)
                return
        if hit.name == ENGAGEMENT:
            self._dropped[hit.site_id, hit.day, NO_VISIT] += 1
            return
        if not visits:
            self._new_visitors[hit.site_id, hit.day] += 1
        visits.append(self._opened(hit, visits[0] if visits else None))
        visits.sort(key=lambda visit: (visit.started_at, visit.visit_id))
        self._count(hit, hit.event_id, key)

    def changes(self) -> VisitChanges:
        touched = [
            visit
            for key in dict.fromkeys(self._touched.values())
            for visit in self._visits[key]
            if visit.visit_id in self._touched
        ]
        return VisitChanges(
            opened=tuple(visit for visit in touched if visit.visit_id not in self._known_ids),
            changed=tuple(visit for visit in touched if visit.visit_id in self._known_ids),
            events=tuple(self._events),
            new_visitors=dict(self._new_visitors),
            dropped=dict(self._dropped),
        )

    def _count(self, hit: EnrichedHit, visit_id: int, key: Visitor) -> None:
        self._events.append(CountedEvent(visit_id, hit))
        self._touched[visit_id] = key

    def _opened(self, hit: EnrichedHit, first_of_day: VisitState | None) -> VisitState:
        visit = opened(hit, self._origin(hit))
        if first_of_day is None:
            return visit
        # A visitor's place and machine on a day are those of the day's first hit.
        return replace(visit, agent=first_of_day.agent, place=first_of_day.place)

    def _origin(self, hit: EnrichedHit) -> Origin:
        if hit.visitor_before is None:
            return hit.origin
        key = (hit.site_id, hit.visitor_before)
        earlier = self._before.get(key, []) + self._visits.get(key, [])
        last = max(earlier, key=lambda visit: visit.ended_at, default=None)
        if last is None or hit.at - last.ended_at > VISIT_TIMEOUT:
            return hit.origin
        return replace(last.origin, referrer=hit.origin.referrer)


def opened(hit: EnrichedHit, origin: Origin) -> VisitState:
    """The visit that this pageview or custom event opens."""
    empty = VisitState(
        visit_id=hit.event_id,
        site_id=hit.site_id,
        visitor=hit.visitor,
        day=hit.day,
        started_at=hit.at,
        ended_at=hit.at,
        pageviews=0,
        events=0,
        interactive_events=0,
        entry_page=None,
        entered_at=None,
        exit_page=None,
        exited_at=None,
        agent=hit.agent,
        place=hit.place,
        origin=origin,
        language=hit.language,
        screen=hit.screen,
        address=hit.address,
    )
    return extended(empty, hit)


def extended(visit: VisitState, hit: EnrichedHit) -> VisitState:
    """The visit with this hit in it, be it later or earlier than the others."""
    visit = replace(
        visit,
        started_at=min(visit.started_at, hit.at),
        ended_at=max(visit.ended_at, hit.at),
    )
    if hit.name == ENGAGEMENT:
        return visit
    if hit.name != PAGEVIEW:
        return replace(
            visit,
            events=visit.events + 1,
            interactive_events=visit.interactive_events + hit.interactive,
        )
    return _with_pageview(visit, hit)


def _with_pageview(visit: VisitState, hit: EnrichedHit) -> VisitState:
    changes: dict[str, object] = {"pageviews": visit.pageviews + 1}
    if visit.entered_at is None or hit.at < visit.entered_at:
        changes |= {"entry_page": hit.page, "entered_at": hit.at}
    if visit.exited_at is None or hit.at >= visit.exited_at:
        changes |= {"exit_page": hit.page, "exited_at": hit.at}
    return replace(visit, **changes)  # type: ignore[arg-type]
