"""The hours of the week as a heat map."""

from math import ceil
from typing import Any

from tracking.reports.conditions import Filter
from tracking.reports.engine import Report
from tracking.reports.metrics import METRICS
from tracking.views.report.cards import Panel
from tracking.views.report.rows import count_of, counted
from tracking.views.report.state import State
from tracking.views.words import WEEKDAYS, weekday_short

SHADES = 8
HOURS = range(24)


def hours_context(state: State, panel: Panel, report: Report) -> dict[str, Any]:
    """A row a weekday and a column an hour, each cell with the link that leaves only it."""
    counts = {row.keys: count_of(panel, row) for row in report.rows}
    most = max(counts.values(), default=0)
    label = METRICS[panel.metric].label.lower()
    return {
        "metric_label": label,
        "hours": [
            {"hour": hour, "words": _span(hour), "url": state.narrowed(_hour(hour))}
            for hour in HOURS
        ],
        "days": [
            {
                "short": weekday_short(day),
                "name": name,
                "url": state.narrowed(Filter("weekday", "is", (day,))),
                "cells": [
                    _cell(state, panel.metric, (day, hour), counts.get((day, str(hour)), 0), most)
                    for hour in HOURS
                ],
            }
            for day, name in WEEKDAYS.items()
        ],
    }


def _cell(state: State, metric: str, at: tuple[str, int], count: int, most: int) -> dict[str, Any]:
    day, hour = at
    return {
        "count": count,
        "shade": ceil(SHADES * count / most) if most else 0,
        "words": f"{WEEKDAYS[day]}, {_span(hour)}: {counted(count, metric)}",
        "url": state.narrowed(Filter("weekday", "is", (day,)), _hour(hour)),
    }


def _hour(hour: int) -> Filter:
    return Filter("hour", "is", (str(hour),))


def _span(hour: int) -> str:
    return f"{hour}:00 to {hour + 1}:00"
