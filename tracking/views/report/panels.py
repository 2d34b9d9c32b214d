"""A card of the report, with the rows of the panel that is its open tab."""

from typing import Any

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render

from tracking.reports.conditions import Filter
from tracking.reports.dimensions import dimension_named
from tracking.reports.engine import Number, Report, Row
from tracking.reports.metrics import METRICS
from tracking.views.report.cards import CARDS, Card, Panel
from tracking.views.report.parts import PartView
from tracking.views.report.state import State
from tracking.views.words import value_text


class CardView(PartView):
    """One card."""

    def show(self, request: HttpRequest, state: State, **names: str) -> HttpResponseBase:
        card = CARDS.get(names["card"])
        if card is None:
            raise Http404("No such card.")
        panel = card.panel(state.tabs)
        return self.answered(
            request,
            state,
            lambda ask: ask(state.panel_query(panel), True),
            lambda report: render(
                request, "tracking/report/_card.html", card_context(state, card, report)
            ),
        )


def card_context(state: State, card: Card, report: Report) -> dict[str, Any]:
    """What the card's template shows; the report is that of its open panel."""
    return {
        "state": state,
        "subject": state.subject,
        "card": card,
        "tabs": tabs_of(state, card),
        "table": _table(state, card.panel(state.tabs), report),
    }


def tabs_of(state: State, card: Card) -> list[dict[str, Any]]:
    """The card's panels, each with the URL of the page that has it open."""
    shown = card.panel(state.tabs)
    return [
        {"title": one.title, "url": state.url(tab=one), "is_open": one is shown}
        for one in card.panels
    ]


def _table(state: State, panel: Panel, report: Report) -> dict[str, Any]:
    """A panel as the template draws it; a bar's length is a share of the longest."""
    longest = max((_count(panel, row) for row in report.rows), default=0)
    total = report.totals[panel.metric]
    return {
        "panel": panel,
        "label": dimension_named(panel.dimensions[0], "by").label,
        "metric_label": METRICS[panel.metric].label,
        "rows": [_drawn(state, panel, row, longest, total) for row in report.rows],
        "more": max(0, report.row_count - len(report.rows)),
    }


def _count(panel: Panel, row: Row) -> int:
    """What a row is counted in, which is never a rate and never money."""
    count = row.metrics[panel.metric]
    return count if isinstance(count, int) else 0


def _drawn(state: State, panel: Panel, row: Row, longest: int, total: Number) -> dict[str, Any]:
    count = _count(panel, row)
    dimension = panel.dimensions[0]
    return {
        "text": value_text(dimension, row.keys[0]),
        "count": count,
        "share": count / total if isinstance(total, int) and total else None,
        "bar": round(100 * count / longest) if longest else 0,
        "url": state.url(filters=(*state.filters, Filter(dimension, "is", row.keys[:1]))),
    }
