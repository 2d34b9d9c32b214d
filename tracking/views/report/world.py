"""Where visitors are, on a map of the world."""

from math import ceil, sqrt
from typing import Any

from tracking.reports.engine import Report, Row
from tracking.reports.metrics import METRICS
from tracking.views.report.cards import Panel
from tracking.views.report.hours import SHADES
from tracking.views.report.rows import count_of, counted, filters_to, text_of
from tracking.views.report.state import State


def world_context(state: State, panel: Panel, report: Report) -> dict[str, Any]:
    """The countries, each with its shade, and how many are from nobody knows where."""
    most = max((count_of(panel, row) for row in report.rows), default=0)
    known = [row for row in report.rows if row.keys[0]]
    unknown = sum(count_of(panel, row) for row in report.rows if not row.keys[0])
    return {
        "metric_label": METRICS[panel.metric].label.lower(),
        "countries": [_country(state, panel, row, most) for row in known],
        "unknown": counted(unknown, panel.metric) if unknown else "",
    }


def _country(state: State, panel: Panel, row: Row, most: int) -> dict[str, Any]:
    count = count_of(panel, row)
    return {
        "code": row.keys[0],
        "name": text_of(panel, row),
        "count": count,
        "words": f"{text_of(panel, row)}: {counted(count, panel.metric)}",
        # One country often has most: roots tell those below it apart.
        "shade": ceil(SHADES * sqrt(count / most)) if most else 0,
        "url": state.narrowed(*filters_to(panel, row)),
    }
