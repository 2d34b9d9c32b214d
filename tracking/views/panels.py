"""What the report page asks: the panels, and each as a ReportQuery."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict

from tracking.errors import InvalidQuery
from tracking.records import PAGEVIEW, SiteRules
from tracking.reports.dimensions import DIMENSIONS
from tracking.reports.engine import Number, Report, Row
from tracking.reports.metrics import METRICS
from tracking.reports.periods import Period, parse_period
from tracking.reports.query import Filter, ReportQuery, filters_from_params
from tracking.templatetags.numbers import UNKNOWN, country_name

DEFAULT_PERIOD = "30d"
PERIODS = {
    "today": "Today",
    "7d": "7 days",
    "30d": "30 days",
    "month": "This month",
    "12mo": "12 months",
}
HEADLINE = (
    *("visitors", "visits", "pageviews"),
    *("views_per_visit", "bounce_rate", "visit_duration"),
)
PANEL_ROWS = 8
MOST_PARAMETERS = 60
PARAMETERS = frozenset({"period", "from", "to", "metric", "f"})


@dataclass(frozen=True)
class Panel:
    """A table of the page: its dimension, and what its rows are counted in."""

    dimension: str
    title: str
    metric: str = "visitors"


PANELS = (
    Panel("page", "Top pages"),
    Panel("entry_page", "Entry pages"),
    Panel("source", "Sources"),
    Panel("channel", "Channels"),
    Panel("country", "Countries"),
    Panel("browser", "Browsers"),
    Panel("system", "Systems"),
    Panel("device", "Devices"),
    Panel("event", "Events", "events"),
)


@dataclass(frozen=True)
class State:
    """All that the page's URL says."""

    site: SiteRules
    period: Period
    metric: str
    filters: tuple[Filter, ...]

    @classmethod
    def from_params(cls, params: QueryDict, site: SiteRules, today: Any) -> "State":
        """Read a query string; raises InvalidQuery, naming the parameter."""
        unknown = sorted(params.keys() - PARAMETERS)
        if unknown:
            raise InvalidQuery(unknown[0][:40], "there is no such parameter")
        if sum(len(values) for _, values in params.lists()) > MOST_PARAMETERS:
            raise InvalidQuery("f", "too many parameters")
        metric = params.get("metric", HEADLINE[0])
        if metric not in HEADLINE:
            raise InvalidQuery("metric", f"expected one of {', '.join(HEADLINE)}")
        period = parse_period(_period_text(params), today)
        return cls(site, period, metric, filters_from_params(params.getlist("f")))

    def url(self, **changes: Any) -> str:
        """The query string of this state with something changed."""
        state = replace(self, **changes)
        pairs = [("period", state.period.key)]
        if state.metric != HEADLINE[0]:
            pairs.append(("metric", state.metric))
        pairs += [("f", one.to_param()) for one in state.filters]
        return f"?{urlencode(pairs)}"

    def query(
        self, metrics: tuple[str, ...], dimension: str | None, limit: int | None = None
    ) -> ReportQuery:
        """The question to the engine, with this state's days and filters."""
        return ReportQuery(
            site=self.site,
            first_day=self.period.first_day,
            last_day=self.period.last_day,
            metrics=metrics,
            dimension=dimension,
            filters=self.filters,
            limit=limit,
        )

    def panel_query(self, panel: Panel) -> ReportQuery:
        """The question of a panel; pageviews are no row among the events."""
        query = self.query((panel.metric,), panel.dimension, PANEL_ROWS)
        if panel.dimension != "event":
            return query
        only_custom = Filter("event", "is_not", (PAGEVIEW,))
        return replace(query, filters=(*query.filters, only_custom))


def _period_text(params: QueryDict) -> str:
    """The period, or the two dates of the form that asks for them."""
    if "from" in params or "to" in params:
        return f"{params.get('from', '')}..{params.get('to', '')}"
    return params.get("period", DEFAULT_PERIOD)


def headline(state: State, totals: Mapping[str, Number]) -> list[dict[str, Any]]:
    """The big numbers, each with the link that draws it."""
    return [
        {
            "name": name,
            "label": METRICS[name].label,
            "value": totals[name],
            "url": state.url(metric=name),
            "is_drawn": name == state.metric,
        }
        for name in HEADLINE
    ]


def chips(state: State) -> list[dict[str, str]]:
    """The filters, each with the links that turn it around and take it away."""
    found = []
    for one in state.filters:
        others = tuple(other for other in state.filters if other != one)
        turned = replace(one, operator="is" if one.operator == "is_not" else "is_not")
        found.append(
            {
                "label": DIMENSIONS[one.dimension].label,
                "operator": one.operator.replace("_", " "),
                "values": ", ".join(value_text(one.dimension, value) for value in one.values),
                "remove_url": state.url(filters=others),
                "turn_url": state.url(filters=(*others, turned)),
            }
        )
    return found


def panel_rows(state: State, panel: Panel, report: Report) -> dict[str, Any]:
    """A panel as the template draws it; a bar's length is a share of the longest."""
    longest = max((row.metrics[panel.metric] or 0 for row in report.rows), default=0)
    total = report.totals[panel.metric]
    return {
        "panel": panel,
        "label": DIMENSIONS[panel.dimension].label,
        "metric_label": METRICS[panel.metric].label,
        "rows": [_drawn(state, panel, row, longest, total) for row in report.rows],
        "more": max(0, report.row_count - len(report.rows)),
    }


def value_text(dimension: str, value: str) -> str:
    """A dimension's value as people read it."""
    return country_name(value) if dimension == "country" else value or UNKNOWN


def _drawn(state: State, panel: Panel, row: Row, longest: Number, total: Number) -> dict[str, Any]:
    count = row.metrics[panel.metric] or 0
    wanted = Filter(panel.dimension, "is", (row.key,))
    return {
        "text": value_text(panel.dimension, row.key),
        "count": count,
        "share": count / total if total else None,
        "bar": round(100 * count / longest) if longest else 0,
        "url": state.url(filters=tuple(dict.fromkeys((*state.filters, wanted)))),
    }
