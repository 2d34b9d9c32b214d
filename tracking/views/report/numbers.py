"""The big numbers and the chart below them."""

from datetime import date
from typing import Any

from babel.dates import format_date
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render

from tracking.reports.engine import Number, Report
from tracking.reports.metrics import METRICS
from tracking.reports.periods import Clock, Interval
from tracking.templatetags.numbers import percent
from tracking.views.report.parts import PartView
from tracking.views.report.state import HEADLINE, State


class NumbersView(PartView):
    """The page's first part: headline numbers with their course over time."""

    def show(self, request: HttpRequest, state: State, **names: str) -> HttpResponseBase:
        return self.answered(
            request,
            state,
            lambda ask: ask(state.numbers_query(), True),
            lambda report: render(
                request, "tracking/report/_numbers.html", numbers_context(state, report)
            ),
        )


def numbers_context(state: State, report: Report) -> dict[str, Any]:
    """What the part's template shows."""
    return {
        "state": state,
        "subject": state.subject,
        "headline": _headline(state, report),
        "chart": _chart(state, report),
        "has_events": bool(report.totals["visits"]),
        "wider_url": state.url(period="12mo"),
    }


def _headline(state: State, report: Report) -> list[dict[str, Any]]:
    """The big numbers, each with its change and the link that draws it."""
    before = report.compared or {}
    return [
        {
            "name": name,
            "label": METRICS[name].label,
            "value": report.totals[name],
            "change": _change(report.totals[name], before.get(name)),
            "url": state.url(metric=name),
            "is_drawn": name == state.metric,
        }
        for name in HEADLINE
    ]


def _change(value: Number, before: Number) -> dict[str, str] | None:
    """A number's change in percent of what it was; None over nothing, and for nothing."""
    if not isinstance(value, int | float) or not isinstance(before, int | float) or not before:
        return None
    change = round((value - before) / before, 2)
    text = percent(abs(change))
    if change == 0:
        return {"text": text, "words": "as in the previous period"}
    arrow, word = ("\N{UPWARDS ARROW}", "up") if change > 0 else ("\N{DOWNWARDS ARROW}", "down")
    return {"text": f"{arrow} {text}", "words": f"{word} {text} from the previous period"}


def _chart(state: State, series: Report) -> dict[str, Any]:
    """The drawn metric, bucket by bucket; `open` is the one that is not over yet."""
    metric, interval = METRICS[state.metric], state.interval
    rows = [
        {"label": bucket_label(row.keys[0], interval), "value": row.metrics[metric.name]}
        for row in series.rows
        if not is_ahead(row.keys[0], interval, state.clock)
    ]
    return {
        "label": metric.label,
        "metric": metric.name,
        "rows": rows,
        "series": {
            "unit": metric.unit,
            "labels": [row["label"] for row in rows],
            "values": [row["value"] for row in rows],
            "open": state.period.last_day >= state.clock.today,
        },
    }


def is_ahead(key: str, interval: Interval, clock: Clock) -> bool:
    """Whether a bucket lies wholly in the future; minutes are counted from now."""
    match interval:
        case "minute":
            return False
        case "hour":
            return key > f"{clock.today}T{clock.minute // 60:02}"
        case "month":
            return key > f"{clock.today:%Y-%m}"
    return key > f"{clock.today}"


def bucket_label(key: str, interval: Interval) -> str:
    """A bucket's name: 5 min ago, 14:00, 24 Nov or Nov 2026."""
    match interval:
        case "minute":
            return f"{key} min ago" if key != "0" else "now"
        case "hour":
            return f"{key[-2:]}:00"
        case "month":
            return format_date(date.fromisoformat(f"{key}-01"), "MMM y", locale="en")
    return format_date(date.fromisoformat(key), "d MMM", locale="en")
