"""The slow, obvious visits of a sequence of hits, by docs/figures.md alone."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tracking.records import EnrichedHit, Origin

HALF_AN_HOUR = timedelta(minutes=30)


@dataclass
class Expected:
    """One visit, with all of its hits in their order."""

    hits: list[EnrichedHit] = field(default_factory=list)
    origin: Origin = field(default_factory=Origin)

    @property
    def ended_at(self) -> datetime:
        return max(hit.at for hit in self.hits)

    def summary(self) -> dict[str, object]:
        """What the rules say of it, by the names of a VisitState."""
        pages = [hit for hit in self.hits if hit.name == "pageview"]
        customs = [hit for hit in self.hits if hit.name not in {"pageview", "engagement"}]
        return {
            "visit_id": self.hits[0].event_id,
            "site_id": self.hits[0].site_id,
            "visitor": self.hits[0].visitor,
            "day": self.hits[0].day,
            "started_at": self.hits[0].at,
            "ended_at": self.ended_at,
            "pageviews": len(pages),
            "events": len(customs),
            "interactive_events": sum(hit.interactive for hit in customs),
            "entry_page": pages[0].page if pages else None,
            "entered_at": pages[0].at if pages else None,
            "exit_page": pages[-1].page if pages else None,
            "exited_at": pages[-1].at if pages else None,
            "origin": self.origin,
        }


def expected_visits(hits: Sequence[EnrichedHit]) -> list[Expected]:
    """The visits of hits in the order of time; engagement that no visit takes is left out."""
    visits: list[Expected] = []
    for hit in sorted(hits, key=lambda one: (one.at, one.event_id)):
        last = last_of(visits, hit.site_id, hit.visitor)
        if last is not None and hit.at - last.ended_at <= HALF_AN_HOUR:
            last.hits.append(hit)
        elif hit.name != "engagement":
            visits.append(Expected([hit], origin_of(hit, visits)))
    return sorted(visits, key=lambda visit: visit.hits[0].event_id)


def last_of(visits: Sequence[Expected], site_id: int, visitor: int | None) -> Expected | None:
    """This visitor's latest visit."""
    own = [
        visit
        for visit in visits
        if (visit.hits[0].site_id, visit.hits[0].visitor) == (site_id, visitor)
    ]
    return own[-1] if own else None


def origin_of(hit: EnrichedHit, visits: Sequence[Expected]) -> Origin:
    """Its own, unless the same person's visit of the day before ended half an hour ago at most."""
    before = last_of(visits, hit.site_id, hit.visitor_before) if hit.visitor_before else None
    if before is None or hit.at - before.ended_at > HALF_AN_HOUR:
        return hit.origin
    taken = before.origin
    return Origin(
        referrer=hit.origin.referrer,
        source=taken.source,
        channel=taken.channel,
        utm_source=taken.utm_source,
        utm_medium=taken.utm_medium,
        utm_campaign=taken.utm_campaign,
        utm_content=taken.utm_content,
        utm_term=taken.utm_term,
    )
