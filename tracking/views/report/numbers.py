"""The big numbers and the chart below them."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from babel.dates import format_date
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render

from tracking.models import Annotation
from tracking.reports.engine import Report, Row
from tracking.reports.metrics import METRICS
from tracking.reports.periods import Period, allowed_intervals, bucket_keys
from tracking.views.report.buckets import bucket_days, bucket_label, is_ahead
from tracking.views.report.changes import change_of
from tracking.views.report.parts import PartView
from tracking.views.report.state import HEADLINE, State

INTERVALS = {
    "minute": "Minutes",
    "hour": "Hours",
    "day": "Days",
    "week": "Weeks",
    "month": "Months",
}
# More buckets than this can't be told apart on a page.
MOST_SHOWN_BUCKETS = 1500


class NumbersView(PartView):
    """The page's first part: headline numbers with their course over time."""

    def show(self, request: HttpRequest, state: State, **names: str) -> HttpResponseBase:
        notes = notes_of(state)
        return self.answered(
            request,
            state,
            lambda ask: ask(state.numbers_query(), True),
            lambda report: render(
                request, "tracking/report/_numbers.html", numbers_context(state, report, notes)
            ),
        )


def notes_of(state: State) -> list[Annotation]:
    """What the owner of the report's one site noted on the period's days."""
    if state.subject.site is None or state.period.since is not None:
        return []
    days = (state.period.first_day, state.period.last_day)
    return list(state.subject.site.annotations.filter(day__range=days))


def numbers_context(state: State, report: Report, notes: Sequence[Annotation]) -> dict[str, Any]:
    """What the part's template shows."""
    rows = [row for row in report.rows if not is_ahead(row.keys[0], state.interval, state.clock)]
    return {
        "state": state,
        "subject": state.subject,
        "headline": _headline(state, report),
        "chart": _chart(state, rows, notes),
        "intervals": _intervals(state),
        "has_events": bool(report.totals["visits"]),
        "wider_url": state.url(period="12mo"),
    }


def _headline(state: State, report: Report) -> list[dict[str, Any]]:
    """The big numbers, each with its change and the link that draws it."""
    before = report.compared or {}
    compared = state.query.compared
    return [
        {
            "name": name,
            "label": METRICS[name].label,
            "value": report.totals[name],
            "before": before.get(name),
            "change": change_of(name, report.totals[name], before.get(name)),
            "since": period_words(compared) if compared else "",
            "url": state.url(metric=name),
            "is_drawn": name == state.metric,
        }
        for name in HEADLINE
    ]


def period_words(period: Period) -> str:
    """A period's days, with a year each only where they differ."""
    first, last = period.first_day, period.last_day
    until = format_date(last, "d MMM y", locale="en")
    if first == last:
        return until
    pattern = "d MMM" if first.year == last.year else "d MMM y"
    return f"{format_date(first, pattern, locale='en')} \N{EN DASH} {until}"


def _intervals(state: State) -> list[dict[str, Any]]:
    return [
        {
            "label": INTERVALS[interval],
            "url": state.url(interval=interval),
            "is_drawn": interval == state.interval,
        }
        for interval in allowed_intervals(state.period)
        if len(bucket_keys(state.period, interval)) <= MOST_SHOWN_BUCKETS
    ]


def _chart(state: State, rows: Sequence[Row], notes: Sequence[Annotation]) -> dict[str, Any]:
    """The series of all headline metrics, bucket by bucket, for the drawing and for the table."""
    days = [bucket_days(row.keys[0], state.interval, state.period) for row in rows]
    texts = _notes_by_bucket(days, notes)
    labels = [bucket_label(row.keys[0], state.interval) for row in rows]
    compared = _compared_labels(state, len(rows))
    return {
        "label": METRICS[state.metric].label,
        "metric": state.metric,
        "has_notes": bool(texts),
        "note_day": min(state.period.last_day, state.clock.today).isoformat(),
        "rows": [
            {
                "label": label,
                "value": row.metrics[state.metric],
                "compared": (row.compared or {}).get(state.metric),
                "note": texts.get(place, ""),
            }
            for place, (label, row) in enumerate(zip(labels, rows, strict=True))
        ],
        "series": {
            "metric": state.metric,
            "metrics": {name: _series(name, rows) for name in HEADLINE},
            "labels": labels,
            "comparedLabels": compared,
            "days": [[first.isoformat(), last.isoformat()] for first, last in days],
            "notes": texts,
            "open": state.period.last_day >= state.clock.today,
            "zoom": state.url(period="FROM..TO") if state.period.since is None else "",
        },
    }


def _series(name: str, rows: Sequence[Row]) -> dict[str, Any]:
    metric = METRICS[name]
    return {
        "label": metric.label,
        "unit": metric.unit,
        "values": [row.metrics[name] for row in rows],
        "compared": [(row.compared or {}).get(name) for row in rows],
    }


def _compared_labels(state: State, count: int) -> list[str]:
    compared = state.query.compared
    if compared is None:
        return []
    keys = bucket_keys(compared, state.interval)[:count]
    return [bucket_label(key, state.interval) for key in keys]


def _notes_by_bucket(
    days: Sequence[tuple[date, date]], notes: Sequence[Annotation]
) -> dict[int, str]:
    """The notes' texts, by the place of the first bucket that has their day."""
    texts: dict[int, list[str]] = {}
    for note in notes:
        places = (place for place, (first, last) in enumerate(days) if first <= note.day <= last)
        place = next(places, None)
        if place is not None:
            texts.setdefault(place, []).append(note.text)
    return {place: "; ".join(several) for place, several in texts.items()}
