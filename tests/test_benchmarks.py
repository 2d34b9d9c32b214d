"""Benchmarks measure on what counting would have left, and compare with what is right."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date, timedelta

import pytest

from benchmarks import year
from benchmarks.orm_panels import PANELS, ROWS, Filter
from tracking.models import DailyTotal, Engagement, Event, Site, SpoolFile, Term, Visit
from tracking.records import ENGAGEMENT, PAGEVIEW, EnrichedHit, VisitState, event_id
from tracking.store.terms import Terms
from tracking.store.visits import visits_of
from tracking.tests.factories import SiteFactory
from tracking.visits.assign import assign_visits

EVENTS, DAYS = 1500, 3
PAGE, COUNTRY = "/blog/topic-0", "US"
FILTERS = (
    Filter(),
    Filter("country is", COUNTRY),
    Filter("country is not", COUNTRY),
    Filter("page is", PAGE),
    Filter("did page is", PAGE),
    Filter("page is", "/nowhere"),
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Site:
    monkeypatch.setattr(year, "DAYS", DAYS)
    made: Site = SiteFactory(timezone="Europe/Vienna")
    year.main(EVENTS, 1)
    assert json.loads(capsys.readouterr().out)[0] == made.public_id
    return made


def test_a_year_has_the_visits_and_totals_that_counting_its_hits_gives(site: Site) -> None:
    stored = {
        visit.visit_id: visit
        for visit in visits_of(Visit.objects.values_list("visitor", flat=True), Terms())
    }
    changes = assign_visits(list(_hits(stored)), known=[])

    assert {visit.visit_id: visit for visit in changes.opened} == stored
    assert not changes.dropped
    counted = {
        one.hit.event_id: one.visit_id for one in changes.events if one.hit.name != ENGAGEMENT
    }
    assert counted == dict(Event.objects.values_list("pk", "visit_id"))
    totals = DailyTotal.objects.values_list("site_id", "day", "visitors")
    assert {(pk, day): visitors for pk, day, visitors in totals} == changes.new_visitors
    assert sum(one.pageviews + one.events for one in site.daily_totals.all()) == EVENTS
    rules = site.rules()
    assert all(rules.local(one.happened_at) == (one.day, one.hour) for one in Event.objects.all())


def test_a_years_spool_files_cover_its_ids(site: Site) -> None:
    for file in SpoolFile.objects.all():
        ids = range(event_id(file.pk, 0), event_id(file.pk, file.offset))
        kept = {"pk__gte": ids.start, "pk__lt": ids.stop}
        rows = Event.objects.filter(**kept).count() + Engagement.objects.filter(**kept).count()
        assert rows == file.hits
        assert file.finished_at is not None
    hits = sum(SpoolFile.objects.values_list("hits", flat=True))
    assert hits == Event.objects.count() + Engagement.objects.count()


def test_the_orm_counts_what_counting_by_hand_does(site: Site) -> None:
    today = site.today()
    first_day = today - timedelta(days=DAYS - 1)
    every = _rows(site, first_day)
    for selected in FILTERS:
        rows = list(_selected(every, selected))
        for name, panel in PANELS.items():
            found = panel(site.pk, first_day, today, selected)
            if name == "headline":
                assert isinstance(found, dict)
                assert found["visitors"] == len({row["visitor"] for row in rows})
                assert found["visits"] == len({row["visit"] for row in rows})
                assert (found["pageviews"] or 0) == [row["event"] for row in rows].count(PAGEVIEW)
                continue
            counts = _visitors_by(name, rows)
            if isinstance(found, dict):
                assert found == counts
            else:
                assert [count for _, count in found] == sorted(counts.values(), reverse=True)[:ROWS]
                assert dict(found).items() <= counts.items()


def _hits(visits: dict[int, VisitState]) -> Iterator[EnrichedHit]:
    """The hits that must have led to the stored rows."""
    texts = _texts()
    rows: tuple[Event | Engagement, ...] = (*Event.objects.all(), *Engagement.objects.all())
    for one in rows:
        visit = visits[one.visit_id]
        yield EnrichedHit(
            event_id=one.pk,
            site_id=one.site_id,
            at=one.happened_at,
            day=one.day,
            hour=0,
            visitor=visit.visitor,
            visitor_before=None,
            name=ENGAGEMENT if isinstance(one, Engagement) else texts[one.name_id],
            page=texts[one.page_id],
            hostname="",
            title="",
            props="",
            interactive=True,
            engaged_seconds=None,
            scroll_depth=None,
            language=visit.language,
            screen=visit.screen,
            address="",
            agent=visit.agent,
            place=visit.place,
            origin=visit.origin,
        )


def _rows(site: Site, first_day: date) -> list[dict[str, object]]:
    """A site's events with all that questions ask of them, by the questions' names."""
    texts = _texts()
    visits = Visit.objects.in_bulk()
    traits = [name for name in PANELS if hasattr(Visit, f"{name}_id")]
    return [
        {
            "visit": one.visit_id,
            "visitor": visits[one.visit_id].visitor,
            "page": texts[one.page_id],
            "title": texts[one.title_id],
            "event": texts[one.name_id],
            "day": one.day.isoformat(),
            "hour and weekday": f"{one.hour} {one.day.weekday()}",
            "prop.plan": json.loads(one.props)["plan"] if one.props else None,
            **{name: texts.get(getattr(visits[one.visit_id], f"{name}_id"), "") for name in traits},
        }
        for one in Event.objects.filter(site=site, day__gte=first_day)
    ]


def _texts() -> dict[int | None, str]:
    return dict(Term.objects.values_list("pk", "text"))


def _selected(rows: list[dict[str, object]], by: Filter) -> Iterator[dict[str, object]]:
    to_page = {row["visit"] for row in rows if row["page"] == by.value}
    holds: dict[str, Callable[[dict[str, object]], bool]] = {
        "none": bool,
        "country is": lambda row: row["country"] == by.value,
        "country is not": lambda row: row["country"] != by.value,
        "page is": lambda row: row["page"] == by.value,
        "did page is": lambda row: row["visit"] in to_page,
    }
    yield from filter(holds[by.kind], rows)


def _visitors_by(name: str, rows: list[dict[str, object]]) -> dict[object, int]:
    visitors = defaultdict(set)
    for row in rows:
        # Pageviews are no row among the events, and have no props.
        if name not in {"event", "prop.plan"} or row["event"] != PAGEVIEW:
            visitors[row[name]].add(row["visitor"])
    return {value: len(some) for value, some in visitors.items()}
