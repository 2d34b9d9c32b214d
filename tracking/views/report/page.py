"""The report page: a shell whose parts load by themselves, or everything at once."""

from typing import Any

from django.db.models import Sum
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render

from tracking.models import DailyTotal, DroppedHits, DropReason
from tracking.reports.engine import Report
from tracking.views.report.cards import CARDS
from tracking.views.report.chips import chips_of, editor_url
from tracking.views.report.keys import shortcuts_of
from tracking.views.report.numbers import notes_of, numbers_context
from tracking.views.report.panels import card_context, tabs_of
from tracking.views.report.parts import Ask, ReportView
from tracking.views.report.pickers import comparison_picker, period_picker
from tracking.views.report.segments import segments_context
from tracking.views.report.state import State


class PageView(ReportView):
    """The report of a site, or of several."""

    excuse_template = "tracking/report/excuse.html"

    def show(self, request: HttpRequest, state: State, **names: str) -> HttpResponseBase:
        if not state.is_full:
            return render(request, "tracking/report/page.html", _context(request.user, state))
        notes = notes_of(state)
        return self.answered(
            request,
            state,
            lambda ask: _asked(state, ask),
            lambda found: render(
                request,
                "tracking/report/page.html",
                _context(request.user, state)
                | {"cards": _cards(state, found[1])}
                | {"numbers": numbers_context(state, found[0], notes)},
            ),
        )


def _asked(state: State, ask: Ask) -> tuple[Report, list[Report]]:
    """All that the page shows."""
    panels = [state.panel_query(card.panel(state.tabs)) for card in CARDS.values()]
    numbers, *found = ask.together([state.numbers_query(), *panels])
    return numbers, found


def _cards(state: State, panels: list[Report]) -> list[dict[str, Any]]:
    return [
        card_context(state, card, report)
        for card, report in zip(CARDS.values(), panels, strict=True)
    ]


def _context(user: Any, state: State) -> dict[str, Any]:
    """What the page has without asking the engine."""
    subject, comparison = state.subject, comparison_picker(state)
    return {
        "subject": subject,
        "site": subject.site,
        "state": state,
        "period": period_picker(state),
        "comparison": comparison,
        "shortcuts": shortcuts_of(state, comparison["toggle_url"] if comparison else ""),
        "chips": chips_of(state),
        "filter_url": editor_url(state),
        "full_url": state.url(is_full=True),
        "cards": [{"card": card, "tabs": tabs_of(state, card)} for card in CARDS.values()],
        "is_new": not DailyTotal.objects.filter(site__in=subject.sites).exists(),
        "dropped": _dropped(state),
    } | segments_context(user, state)


def _dropped(state: State) -> dict[str, Any]:
    """How many hits of the period's days were not counted, in all and by reason."""
    if state.period.since is not None:
        return {"total": 0}  # they are counted by day
    found = (
        DroppedHits.objects.filter(
            site__in=state.subject.sites, day__range=(state.period.first_day, state.period.last_day)
        )
        .values_list("reason")
        .annotate(total=Sum("count"))
        .order_by("-total")
    )
    reasons = [(DropReason(reason).label, total) for reason, total in found]
    return {"total": sum(total for _, total in reasons), "reasons": reasons}
