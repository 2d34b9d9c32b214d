"""Assigns a batch of enriched hits to visits, by the rules of docs/figures.md."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime

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
        self._visits: dict[Visitor, list[_GrowingVisit]] = {}
        self._before: dict[Visitor, list[VisitState]] = {}
        self._opened: list[_GrowingVisit] = []
        self._changed: dict[int, _GrowingVisit] = {}
        self._events: list[CountedEvent] = []
        self._new_visitors: Counter[tuple[int, date]] = Counter()
        self._dropped: Counter[tuple[int, date, str]] = Counter()
        for visit in sorted(known, key=_by_start):
            self._visits.setdefault((visit.site_id, visit.visitor), []).append(_stored(visit))
        for visit in before:
            self._before.setdefault((visit.site_id, visit.visitor), []).append(visit)

    def take(self, hit: EnrichedHit) -> None:
        visits = self._visits.setdefault((hit.site_id, hit.visitor), [])
        for visit in visits:
            if visit.started_at - VISIT_TIMEOUT <= hit.at <= visit.ended_at + VISIT_TIMEOUT:
                if visit.is_stored:
                    self._changed[visit.visit_id] = visit
                break
        else:
            if hit.name == ENGAGEMENT:
                self._dropped[hit.site_id, hit.day, NO_VISIT] += 1
                return
            visit = self._open(hit, visits)
        visit.extend(hit)
        self._events.append(CountedEvent(visit.visit_id, hit))

    def changes(self) -> VisitChanges:
        return VisitChanges(
            opened=tuple(visit.state() for visit in self._opened),
            changed=tuple(visit.state() for visit in self._changed.values()),
            events=tuple(self._events),
            new_visitors=dict(self._new_visitors),
            dropped=dict(self._dropped),
        )

    def _open(self, hit: EnrichedHit, visits: "list[_GrowingVisit]") -> "_GrowingVisit":
        """A visit that this pageview or custom event opens, in its place among the others."""
        visit = _GrowingVisit(hit, self._origin(hit), hit.event_id, hit.at, hit.at)
        if visits:
            # A visitor's place and machine on a day are those of the day's first hit.
            visit.agent, visit.place = visits[0].agent, visits[0].place
        else:
            self._new_visitors[hit.site_id, hit.day] += 1
        visits.append(visit)
        visits.sort(key=_by_start)
        self._opened.append(visit)
        return visit

    def _origin(self, hit: EnrichedHit) -> Origin:
        if hit.visitor_before is None:
            return hit.origin
        key = (hit.site_id, hit.visitor_before)
        earlier: list[VisitState | _GrowingVisit] = [
            *self._before.get(key, ()),
            *self._visits.get(key, ()),
        ]
        last = max(earlier, key=lambda visit: visit.ended_at, default=None)
        if last is None or hit.at - last.ended_at > VISIT_TIMEOUT:
            return hit.origin
        return replace(last.origin, referrer=hit.origin.referrer)


class _GrowingVisit:
    """A visit that takes hits, be they later or earlier than those it has."""

    __slots__ = (
        *("visit_id", "site_id", "visitor", "day", "started_at", "ended_at", "is_stored"),
        *("pageviews", "events", "interactive_events"),
        *("entry_page", "entered_at", "exit_page", "exited_at"),
        *("agent", "place", "origin", "language", "screen", "address"),
    )

    def __init__(
        self,
        of: EnrichedHit | VisitState,
        origin: Origin,
        visit_id: int,
        started_at: datetime,
        ended_at: datetime,
    ) -> None:
        self.visit_id, self.started_at, self.ended_at = visit_id, started_at, ended_at
        self.site_id, self.visitor, self.day = of.site_id, of.visitor, of.day
        self.agent, self.place, self.origin = of.agent, of.place, origin
        self.language, self.screen, self.address = of.language, of.screen, of.address
        self.is_stored = False
        self.pageviews = self.events = self.interactive_events = 0
        self.entry_page: str | None = None
        self.exit_page: str | None = None
        self.entered_at: datetime | None = None
        self.exited_at: datetime | None = None

    def extend(self, hit: EnrichedHit) -> None:
        at = hit.at
        if at < self.started_at:
            self.started_at = at
        elif at > self.ended_at:
            self.ended_at = at
        if hit.name == PAGEVIEW:
            self._view(hit.page, at)
        elif hit.name != ENGAGEMENT:
            self.events += 1
            self.interactive_events += hit.interactive

    def _view(self, page: str, at: datetime) -> None:
        self.pageviews += 1
        if self.entered_at is None or at < self.entered_at:
            self.entry_page, self.entered_at = page, at
        if self.exited_at is None or at >= self.exited_at:
            self.exit_page, self.exited_at = page, at

    def state(self) -> VisitState:
        return VisitState(
            visit_id=self.visit_id,
            site_id=self.site_id,
            visitor=self.visitor,
            day=self.day,
            started_at=self.started_at,
            ended_at=self.ended_at,
            pageviews=self.pageviews,
            events=self.events,
            interactive_events=self.interactive_events,
            entry_page=self.entry_page,
            entered_at=self.entered_at,
            exit_page=self.exit_page,
            exited_at=self.exited_at,
            agent=self.agent,
            place=self.place,
            origin=self.origin,
            language=self.language,
            screen=self.screen,
            address=self.address,
        )


def _stored(state: VisitState) -> _GrowingVisit:
    visit = _GrowingVisit(state, state.origin, state.visit_id, state.started_at, state.ended_at)
    visit.is_stored = True
    visit.pageviews, visit.events = state.pageviews, state.events
    visit.interactive_events = state.interactive_events
    visit.entry_page, visit.entered_at = state.entry_page, state.entered_at
    visit.exit_page, visit.exited_at = state.exit_page, state.exited_at
    return visit


def _by_start(visit: VisitState | _GrowingVisit) -> tuple[datetime, int]:
    return visit.started_at, visit.visit_id
