"""Rules beyond the worked cases: late hits, cuts into batches, orders."""

from collections.abc import Sequence
from datetime import timedelta

from tracking.records import Agent, EnrichedHit, Origin, Place, VisitState
from tracking.tests.pipeline import NINE
from tracking.visits.assign import assign_visits


def hit(minute: float, event_id: int = 0, name: str = "pageview", **more: object) -> EnrichedHit:
    at = NINE + timedelta(minutes=minute)
    values = {
        "event_id": event_id or round(minute * 100) + 1,
        "site_id": 1,
        "at": at,
        "day": at.date(),
        "hour": at.hour,
        "visitor": 7,
        "visitor_before": None,
        "name": name,
        "page": f"/{minute:g}",
        "hostname": "site.example",
        "title": "",
        "props": "",
        "interactive": True,
        "engaged_seconds": None,
        "scroll_depth": None,
        "language": "",
        "screen": "",
        "address": "",
        "agent": Agent(browser="Chrome"),
        "place": Place(country="AT"),
        "origin": Origin(source="Direct", channel="Direct"),
    }
    return EnrichedHit(**(values | more))  # type: ignore[arg-type]


def in_batches(batches: Sequence[Sequence[EnrichedHit]]) -> list[VisitState]:
    visits: dict[int, VisitState] = {}
    for batch in batches:
        changes = assign_visits(batch, visits.values())
        visits |= {visit.visit_id: visit for visit in (*changes.opened, *changes.changed)}
    return sorted(visits.values(), key=lambda visit: visit.visit_id)


def test_a_late_hit_joins_the_visit_around_it() -> None:
    [visit] = in_batches([[hit(0), hit(20)], [hit(10)]])

    assert visit.pageviews == 3
    assert (visit.entry_page, visit.exit_page) == ("/0", "/20")


def test_a_late_hit_before_the_visit_extends_it_backwards() -> None:
    [visit] = in_batches([[hit(40)], [hit(10)]])

    assert visit.started_at == NINE + timedelta(minutes=10)
    assert visit.visit_id == hit(40).event_id
    assert (visit.entry_page, visit.exit_page) == ("/10", "/40")


def test_a_hit_between_two_visits_joins_the_earlier_and_does_not_merge_them() -> None:
    first, second = in_batches([[hit(0), hit(50)], [hit(25)]])

    assert (first.pageviews, second.pageviews) == (2, 1)


def test_a_visitor_keeps_the_place_and_machine_of_the_days_first_hit() -> None:
    elsewhere = hit(120, place=Place(country="DE"), agent=Agent(browser="Firefox"))
    first, second = in_batches([[hit(0)], [elsewhere]])

    assert second.place.country == first.place.country == "AT"
    assert second.agent.browser == "Chrome"


def test_only_the_first_visit_of_a_day_makes_a_new_visitor() -> None:
    changes = assign_visits([hit(0), hit(100)], [])
    later = assign_visits([hit(200)], changes.opened)

    assert sum(changes.new_visitors.values()) == 1
    assert sum(later.new_visitors.values()) == 0


def test_engagement_that_no_visit_takes_is_dropped_with_its_reason() -> None:
    changes = assign_visits([hit(0, name="engagement", engaged_seconds=5)], [])

    assert changes.opened == ()
    assert list(changes.dropped.values()) == [1]
    assert next(iter(changes.dropped))[2] == "no_visit"


def test_a_visit_just_after_midnight_takes_over_the_origin_from_an_earlier_batch() -> None:
    google = Origin(source="Google", channel="Organic Search")
    yesterday = assign_visits([hit(0, visitor=5, origin=google)], []).opened
    [kept] = assign_visits([hit(30, visitor_before=5)], [], yesterday).opened
    [lost] = assign_visits([hit(30.1, visitor_before=5)], [], yesterday).opened

    assert kept.origin == google
    assert lost.origin.source == "Direct"
