"""A card of the report, with what the panel that is its open tab shows."""

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse

from tracking.reports.engine import Report, Row
from tracking.views.report.cards import CARDS, Card, Panel
from tracking.views.report.hours import hours_context
from tracking.views.report.parts import PartView
from tracking.views.report.rows import (
    count_of,
    filters_to,
    key_panel,
    label_of,
    open_url,
    shown_metrics,
    text_of,
)
from tracking.views.report.state import State
from tracking.views.report.world import world_context


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


@dataclass(frozen=True)
class Tabs:
    """A card's tabs; `below` are those of the open one, if it has any."""

    top: list[dict[str, Any]]
    below: list[dict[str, Any]]
    details_url: str


def card_context(state: State, card: Card, report: Report) -> dict[str, Any]:
    """What the card's template shows; the report is that of its open panel."""
    panel = card.panel(state.tabs)
    drawn = {"rows": _table, "keys": _table, "map": world_context, "hours": hours_context}
    return {
        "state": state,
        "subject": state.subject,
        "card": card,
        "tabs": tabs_of(state, card),
        "table": drawn[panel.kind](state, panel, report)
        | {"panel": panel, "body": _body(panel, report)},
    }


def _body(panel: Panel, report: Report) -> str:
    """The template of what stands below the tabs."""
    if not report.rows:
        return "tracking/report/_nothing.html"
    names = {"map": "_world.html", "hours": "_hours.html"}
    return f"tracking/report/{names.get(panel.kind, '_rows.html')}"


def tabs_of(state: State, card: Card) -> Tabs:
    """The card's panels, each with the URL of the page that has it open."""
    shown = card.panel(state.tabs)
    top = [one for one in card.panels if not one.under]
    below = [one for one in card.panels if shown.top in {one.name, one.under}]
    if shown not in card.panels:
        below.append(shown)
    if len(below) == 1:
        below = []
    details = reverse("tracking:details", args=[state.subject.key, shown.details])
    return Tabs(
        [_tab(state, one, one.title, is_open=one.name == shown.top) for one in top],
        [_tab(state, one, one.short, is_open=one == shown) for one in below],
        f"{details}{state.url()}",
    )


def _tab(state: State, panel: Panel, title: str, *, is_open: bool) -> dict[str, Any]:
    return {"name": panel.name, "title": title, "url": state.url(tab=panel), "is_open": is_open}


def _table(state: State, panel: Panel, report: Report) -> dict[str, Any]:
    """Rows; a bar's length is a share of the longest."""
    longest = max((count_of(panel, row) for row in report.rows), default=0)
    total = report.totals[panel.metric]
    return {
        "label": label_of(panel),
        "metrics": shown_metrics((panel.metric, *panel.also)),
        "rows": [
            _drawn(state, panel, row, longest, total if isinstance(total, int) else 0)
            for row in report.rows
        ],
        "more": max(0, report.row_count - len(report.rows)),
    }


def _drawn(state: State, panel: Panel, row: Row, longest: int, total: int) -> dict[str, Any]:
    count = count_of(panel, row)
    found = {
        "text": text_of(panel, row),
        "numbers": [(name, row.metrics[name]) for name in (panel.metric, *panel.also)],
        "share": count / total if total else None,
        "bar": round(100 * count / longest) if longest else 0,
        "open_url": open_url(state, panel, row),
    }
    if panel.kind == "keys":
        opened = key_panel(row)
        return found | {"url": state.url(tab=opened), "tab": opened.name}
    return found | {"url": state.narrowed(*filters_to(panel, row))}
