"""The rules of docs/figures.md for visits, for any sequence of hits, as properties."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tracking.records import EnrichedHit, Origin, VisitState
from tracking.tests.pipeline import NINE
from tracking.tests.visits.reference import HALF_AN_HOUR, expected_visits
from tracking.tests.visits.test_assign import hit
from tracking.visits.assign import assign_visits

# Steps at the limit of a visit's gap, and next to it.
steps = st.sampled_from([0, 0, 1, 5, 29, 30, 30, 31, 45, 90]) | st.integers(0, 120)
KINDS: list[dict[str, Any]] = [
    {"name": "pageview"},
    {"name": "pageview"},
    {"name": "Sign up"},
    {"name": "Seen", "interactive": False},
    {"name": "engagement", "engaged_seconds": 5},
]
kinds = st.sampled_from(KINDS)
people = st.sampled_from([(1, 7), (1, 8), (2, 7)])
sources = st.sampled_from(["Direct", "Google", "Newsletter"])


@st.composite
def in_order(draw: st.DrawFn) -> list[EnrichedHit]:
    """Hits of a few visitors of two sites in the order of time, ties included.

    Ties of time are in the order of their ids, as in a spool file.
    """
    hits = []
    minute = 0
    for number, (step, kind, (site_id, visitor), source) in enumerate(
        draw(st.lists(st.tuples(steps, kinds, people, sources), max_size=14)), start=1
    ):
        minute += step
        more: dict[str, Any] = kind | {"site_id": site_id, "visitor": visitor}
        more |= {
            "page": f"/{number}",
            "origin": Origin(source=source, referrer=f"{number}.example"),
        }
        hits.append(hit(minute, number, **more))
    return hits


class Store:
    """What ingest keeps between batches: visits, and which of them each hit went to."""

    def __init__(self) -> None:
        self.visits: dict[int, VisitState] = {}
        self.visit_of: dict[int, int] = {}
        self.dropped = 0
        self.new_visitors = 0

    def take(self, batch: Sequence[EnrichedHit]) -> None:
        wanted = {(one.site_id, one.visitor) for one in batch}
        known = [one for one in self.visits.values() if (one.site_id, one.visitor) in wanted]
        changes = assign_visits(batch, known)
        assert {visit.visit_id for visit in changes.opened}.isdisjoint(self.visits)
        assert {visit.visit_id for visit in changes.changed} <= self.visits.keys()
        self.visits |= {visit.visit_id: visit for visit in (*changes.opened, *changes.changed)}
        self.visit_of |= {one.hit.event_id: one.visit_id for one in changes.events}
        self.dropped += sum(changes.dropped.values())
        self.new_visitors += sum(changes.new_visitors.values())


def stored(*batches: Sequence[EnrichedHit]) -> Store:
    store = Store()
    for batch in batches:
        store.take(batch)
    return store


def check(store: Store, hits: Sequence[EnrichedHit]) -> None:
    """The store holds what the reference makes of these hits."""
    expected = expected_visits(hits)
    summaries = [visit.summary() for visit in expected]
    found = sorted(store.visits.values(), key=lambda visit: visit.visit_id)
    assert [{name: getattr(one, name) for name in summaries[0]} for one in found] == summaries
    assert store.visit_of == {
        one.event_id: visit.hits[0].event_id for visit in expected for one in visit.hits
    }
    assert store.dropped == len(hits) - len(store.visit_of)
    assert store.new_visitors == len({(one.site_id, one.visitor) for one in found})


@given(in_order())
def test_one_batch_makes_the_visits_of_the_rules(hits: list[EnrichedHit]) -> None:
    check(stored(hits), hits)


@given(in_order(), st.randoms(use_true_random=False))
def test_the_order_within_a_batch_changes_nothing(hits: list[EnrichedHit], chance: Any) -> None:
    shuffled = list(hits)
    chance.shuffle(shuffled)

    assert vars(stored(shuffled)) == vars(stored(hits))


@given(in_order(), st.sets(st.integers(0, 14)), st.randoms(use_true_random=False))
def test_any_cut_that_keeps_the_order_of_time_makes_the_visits_of_the_rules(
    hits: list[EnrichedHit], cuts: set[int], chance: Any
) -> None:
    edges = [0, *sorted(cuts), len(hits)]
    batches = [hits[start:end] for start, end in pairwise(edges)]
    for batch in batches:
        chance.shuffle(batch)

    check(stored(*batches), hits)


@given(in_order())
def test_engagement_starts_no_visit_and_is_no_event(hits: list[EnrichedHit]) -> None:
    store = stored(hits)
    without = [one for one in hits if one.name != "engagement"]
    openers = {one.event_id for one in without}

    assert store.visits.keys() <= openers
    counted = sum(visit.pageviews + visit.events for visit in store.visits.values())
    assert counted == len(without)


@given(in_order(), st.randoms(use_true_random=False), st.integers(1, 5))
def test_late_hits_join_the_earliest_visit_that_holds_them_and_merge_none(
    hits: list[EnrichedHit], chance: Any, size: int
) -> None:
    chance.shuffle(hits)
    store = Store()
    for number in range(0, len(hits), size):
        visits_before = dict(store.visits)
        store.take(hits[number : number + size])
        assert visits_before.keys() <= store.visits.keys()
        if size == 1:
            [one] = hits[number : number + 1]
            holding = [
                visit
                for visit in visits_before.values()
                if (visit.site_id, visit.visitor) == (one.site_id, one.visitor)
                and visit.started_at - HALF_AN_HOUR <= one.at <= visit.ended_at + HALF_AN_HOUR
            ]
            earliest = min(
                holding, key=lambda visit: (visit.started_at, visit.visit_id), default=None
            )
            own = None if one.name == "engagement" else one.event_id
            assert store.visit_of.get(one.event_id) == (earliest.visit_id if earliest else own)
    gaps_are_within_half_an_hour(store, hits)


def gaps_are_within_half_an_hour(store: Store, hits: Sequence[EnrichedHit]) -> None:
    of_visit: dict[int, list[EnrichedHit]] = {}
    for one in sorted(hits, key=lambda one: one.at):
        if one.event_id in store.visit_of:
            of_visit.setdefault(store.visit_of[one.event_id], []).append(one)
    assert of_visit.keys() == store.visits.keys()
    for visit_id, own in of_visit.items():
        visit = store.visits[visit_id]
        kinds = Counter(one.name for one in own)
        assert (visit.started_at, visit.ended_at) == (own[0].at, own[-1].at)
        assert visit.pageviews == kinds["pageview"]
        assert visit.events == kinds["Sign up"] + kinds["Seen"]
        assert all(after.at - before.at <= HALF_AN_HOUR for before, after in pairwise(own))


@given(
    st.lists(st.tuples(st.sampled_from([-60, -31, -30, -20, -11, -10, -1]), sources), max_size=4),
    st.lists(st.sampled_from([0, 10, 19, 20, 21, 29, 30, 60]), min_size=1, max_size=5),
    st.booleans(),
)
def test_the_first_visit_after_midnight_takes_over_where_the_last_before_came_from(
    evening: list[tuple[int, str]], night: list[int], in_one_batch: bool
) -> None:
    before = [
        hit(minute, number, visitor=5, origin=Origin(source=source, utm_campaign=source))
        for number, (minute, source) in enumerate(sorted(evening), start=1)
    ]
    after = [
        hit(
            minute,
            100 + number,
            visitor=6,
            visitor_before=5 if minute < 30 else None,
            day=(NINE + timedelta(days=1)).date(),
            origin=Origin(source="Direct", referrer=f"{minute}.example"),
        )
        for number, minute in enumerate(sorted(night))
    ]
    if in_one_batch:
        changes = assign_visits([*after, *before], [])
        found = [*changes.opened]
    else:
        yesterday = assign_visits(before, []).opened
        found = [*yesterday, *assign_visits(after, [], yesterday).opened]

    expected = {visit.hits[0].event_id: visit.origin for visit in expected_visits(before + after)}
    assert {visit.visit_id: visit.origin for visit in found} == expected
