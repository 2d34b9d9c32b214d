"""What happens just now: the realtime page, and the live count in the report's bar."""

from dataclasses import dataclass, replace
from typing import Any

from django.http import HttpRequest, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import render

from tracking.errors import InvalidQuery
from tracking.reports.engine import Report
from tracking.reports.periods import NOW_MINUTES, REALTIME_MINUTES, last_minutes
from tracking.reports.query import ReportQuery
from tracking.views.events import events_of, newest_events, rows_with_visits
from tracking.views.report.buckets import bucket_label
from tracking.views.report.cards import PANELS, Card
from tracking.views.report.chips import chips_of
from tracking.views.report.panels import card_context
from tracking.views.report.parts import Ask, ReportView
from tracking.views.report.state import State
from tracking.views.report.subject import Subject

PERIOD, REALTIME = "period", "realtime"
CARDS = tuple(
    Card(f"now-{name}", PANELS[name].title, (PANELS[name],))
    for name in ("page", "source", "country", "city")
)
NEWEST_EVENTS = 10
CHART_HEIGHT, BAR_STEP, BAR_WIDTH = 100, 20, 16


@dataclass(frozen=True)
class Moment:
    """What the engine says: visitors of the last minutes, the minutes, and the cards' rows.

    `newest` are ids of events; None where the database knows them by itself.
    """

    visitors: int
    minutes: Report
    panels: tuple[Report, ...]
    newest: tuple[int, ...] | None


class RealtimeView(ReportView):
    """The page. It is whole without scripts; with them its changing part is asked for again."""

    template = "tracking/report/realtime.html"
    excuse_template = "tracking/report/excuse.html"

    def state(self, params: QueryDict, subject: Subject) -> State:
        """The state of a URL, whose period goes without saying. Raises InvalidQuery."""
        params = params.copy()
        params.setdefault(PERIOD, REALTIME)
        state = State.from_params(params, subject)
        if state.period.since is None:
            raise InvalidQuery(PERIOD, f"this page has none but {REALTIME}")
        return state

    def show(self, request: HttpRequest, state: State, **names: str) -> HttpResponseBase:
        return self.answered(
            request,
            state,
            lambda ask: _asked(state, ask),
            lambda moment: render(request, self.template, _context(state, moment)),
        )


class RealtimePartView(RealtimeView):
    """What changes of the page."""

    template = "tracking/report/_realtime.html"
    excuse_template = "tracking/report/_excuse.html"


class NowView(RealtimeView):
    """The live count: how many visitors there are now."""

    template = excuse_template = "tracking/report/_now.html"

    def show(self, request: HttpRequest, state: State, **names: str) -> HttpResponseBase:
        return self.answered(
            request,
            state,
            lambda ask: _visitors_now(state, ask),
            lambda visitors: render(request, self.template, {"visitors": visitors}),
        )


def _visitors_now(state: State, ask: Ask) -> int:
    period = last_minutes(state.clock, NOW_MINUTES)
    query = replace(state.query, period=period, metrics=("visitors",))
    visitors = ask(query, True).totals["visitors"]
    return visitors if isinstance(visitors, int) else 0


def _asked(state: State, ask: Ask) -> Moment:
    """All that the page shows of the engine; what is counted by card adds up to the same totals."""
    return Moment(
        _visitors_now(state, ask),
        ask(_minutes_query(state), True),
        tuple(ask(state.panel_query(card.panels[0]), False) for card in CARDS),
        None if _are_simple(state) else ask.newest(state.query, NEWEST_EVENTS),
    )


def _minutes_query(state: State) -> ReportQuery:
    return replace(state.query, metrics=("pageviews", "visitors"), dimensions=("time",))


def _context(state: State, moment: Moment) -> dict[str, Any]:
    subject = state.subject
    totals = moment.minutes.totals
    return {
        "state": state,
        "subject": subject,
        "site": subject.site,
        "zone": subject.zone,
        "chips": chips_of(state),
        "here": state.url(),
        "asked_at": state.clock.at,
        "visitors": moment.visitors,
        "totals": totals,
        "now_minutes": NOW_MINUTES,
        "chart": _chart(moment.minutes),
        "cards": [
            card_context(state, card, replace(report, totals=totals))
            for card, report in zip(CARDS, moment.panels, strict=True)
        ],
        "rows": _newest(state, moment),
    }


def _are_simple(state: State) -> bool:
    """Whether an index has the newest events: those of one site, without filters."""
    return state.subject.site is not None and not state.filters


def _newest(state: State, moment: Moment) -> list[dict[str, Any]]:
    """The newest events, each with its site; by the engine, they are of the page's minutes."""
    site, sites = state.subject.site, state.subject.sites
    if site is not None and moment.newest is None:
        events = newest_events(site, NEWEST_EVENTS)
    else:
        events = events_of(sites, moment.newest or ())
    by_id = {one.pk: one for one in sites}
    return [row | {"site": by_id[row["site_id"]]} for row in rows_with_visits(events)]


def _chart(minutes: Report) -> dict[str, Any]:
    """Pageviews by minute, oldest first, each a bar that is drawn in units of its own."""
    counts = [_count(row.metrics["pageviews"]) for row in minutes.rows]
    most = max(counts, default=0)
    bars = []
    for number, (row, count) in enumerate(zip(minutes.rows, counts, strict=True)):
        height = round(CHART_HEIGHT * count / most) if most else 0
        bars.append(
            {
                "label": bucket_label(row.keys[0], "minute"),
                "count": count,
                "visitors": row.metrics["visitors"],
                "x": number * BAR_STEP,
                "y": CHART_HEIGHT - height,
                "height": height,
            }
        )
    return {
        "bars": bars,
        "most": most,
        "first": bars[0]["label"],
        "bar_width": BAR_WIDTH,
        "width": REALTIME_MINUTES * BAR_STEP,
        "height": CHART_HEIGHT,
    }


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0
