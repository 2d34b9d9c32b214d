"""What the report page asks: the panels, and each as a ReportQuery."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from babel.numbers import format_decimal
from django.http import QueryDict

from tracking.errors import InvalidQuery
from tracking.records import PAGEVIEW, SiteRules
from tracking.reports.condition_text import condition_text
from tracking.reports.conditions import Condition, Filter, Operator, condition_of, filters_of
from tracking.reports.dimensions import DIMENSIONS
from tracking.reports.engine import Number, Report, Row
from tracking.reports.metrics import METRICS
from tracking.reports.periods import Clock, Period, parse_comparison
from tracking.reports.query import ReportQuery
from tracking.reports.query_params import FILTER, from_params
from tracking.reports.wording import unknown_parameter
from tracking.templatetags.numbers import LOCALE
from tracking.views.words import condition_words, filter_words, value_text

PERIODS = {
    "realtime": "Realtime",
    "today": "Today",
    "yesterday": "Yesterday",
    "7d": "7 days",
    "28d": "28 days",
    "30d": "30 days",
    "91d": "91 days",
    "week": "This week",
    "month": "This month",
    "quarter": "This quarter",
    "year": "This year",
    "12mo": "12 months",
    "all": "All time",
}
HEADLINE = (
    *("visitors", "visits", "pageviews"),
    *("views_per_visit", "bounce_rate", "visit_duration"),
)
PANEL_ROWS = 8
METRIC = "metric"
PARAMETERS = frozenset({"period", "from", "to", METRIC, FILTER})

OPPOSITES: dict[Operator, Operator] = {
    "is": "is_not",
    "contains": "does_not_contain",
    "matches": "does_not_match",
    "is_set": "is_not_set",
}
OPPOSITES |= {opposite: operator for operator, opposite in OPPOSITES.items()}

ONLY_CUSTOM = Filter("event", "is_not", (PAGEVIEW,))


@dataclass(frozen=True)
class Panel:
    """A table of the page: its dimension, and what its rows are counted in."""

    dimension: str
    title: str
    metric: str = "visitors"


EVENTS = Panel("event", "Events", "events")
PANELS = (
    Panel("page", "Top pages"),
    Panel("title", "Titles"),
    Panel("entry_page", "Entry pages"),
    Panel("exit_page", "Exit pages"),
    Panel("source", "Sources"),
    Panel("referrer", "Referrers"),
    Panel("channel", "Channels"),
    Panel("utm_campaign", "Campaigns"),
    Panel("country", "Countries"),
    Panel("region", "Regions"),
    Panel("city", "Cities"),
    Panel("language", "Languages"),
    Panel("browser", "Browsers"),
    Panel("system", "Systems"),
    Panel("device", "Devices"),
    Panel("screen", "Screens"),
    EVENTS,
)


@dataclass(frozen=True)
class State:
    """All that the page's URL says: the query has its period and its filters."""

    clock: Clock
    query: ReportQuery
    metric: str

    @classmethod
    def from_params(cls, params: QueryDict, site: SiteRules, clock: Clock) -> "State":
        """Read a query string; raises InvalidQuery, naming the parameter."""
        for name in params:
            if name not in PARAMETERS:
                raise unknown_parameter(name)
        rest = params.copy()
        metric = _metric(rest.pop(METRIC) if METRIC in rest else [])
        return cls(clock, from_params(rest, (site,), clock, metrics=HEADLINE), metric)

    @property
    def period(self) -> Period:
        """The days that the page is about."""
        return self.query.period

    @property
    def filters(self) -> tuple[Condition, ...]:
        """The conditions that all hold, each a chip."""
        return filters_of(self.query.condition)

    def url(
        self,
        *,
        period: str | None = None,
        metric: str | None = None,
        filters: Sequence[Condition] | None = None,
    ) -> str:
        """The query string of this state with something changed."""
        pairs = [("period", period or self.period.key)]
        if (metric or self.metric) != HEADLINE[0]:
            pairs.append((METRIC, metric or self.metric))
        shown = self.filters if filters is None else filters
        return f"?{urlencode([*pairs, *((FILTER, condition_text(one)) for one in shown)])}"

    def numbers_query(self) -> ReportQuery:
        """The question of the big numbers and the chart, beside the period before if there is one.

        Custom events are what their panel's rows are shares of.
        """
        try:
            before = parse_comparison("previous", self.period, self.clock, match_weekdays=False)
        except InvalidQuery:
            before = None
        metrics = (*HEADLINE, "events")
        return replace(self.query, metrics=metrics, dimensions=("time",), compared=before)

    def panel_query(self, panel: Panel) -> ReportQuery:
        """The question of a panel."""
        return replace(
            self.query,
            metrics=(panel.metric,),
            dimensions=(panel.dimension,),
            condition=self._of_custom_events() if panel is EVENTS else self.query.condition,
            limit=PANEL_ROWS,
        )

    def _of_custom_events(self) -> Condition | None:
        """The filters, without pageviews; as they are when no more can be said than they do."""
        try:
            return condition_of((*self.filters, ONLY_CUSTOM))
        except InvalidQuery:
            return self.query.condition


def _metric(texts: Sequence[str]) -> str:
    if len(texts) > 1:
        raise InvalidQuery(METRIC, "given twice")
    name = "".join(texts) or HEADLINE[0]
    if name not in HEADLINE:
        raise InvalidQuery(METRIC, f"expected one of {', '.join(HEADLINE)}")
    return name


def headline(state: State, report: Report) -> list[dict[str, Any]]:
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
    percent = round(100 * (value - before) / before)
    text = f"{format_decimal(abs(percent), locale=LOCALE)}%"
    if percent == 0:
        return {"text": text, "words": "as in the previous period"}
    arrow, word = ("\N{UPWARDS ARROW}", "up") if percent > 0 else ("\N{DOWNWARDS ARROW}", "down")
    return {"text": f"{arrow} {text}", "words": f"{word} {text} from the previous period"}


def chips(state: State) -> list[dict[str, str]]:
    """The filters, each with the link that takes it away; single ones also can be turned around."""
    found = []
    for one in state.filters:
        others = tuple(other for other in state.filters if other != one)
        chip = {"words": condition_words(one), "remove_url": state.url(filters=others)}
        if isinstance(one, Filter):
            label, operator, values = filter_words(one)
            turned = replace(one, operator=OPPOSITES[one.operator])
            turn_url = state.url(filters=(*others, turned))
            chip |= {"label": label, "operator": operator, "values": values, "turn_url": turn_url}
        found.append(chip)
    return found


def panel_rows(state: State, panel: Panel, report: Report, total: Number) -> dict[str, Any]:
    """A panel as the template draws it; a bar's length is a share of the longest."""
    longest = max((_count(panel, row) for row in report.rows), default=0)
    return {
        "panel": panel,
        "label": DIMENSIONS[panel.dimension].label,
        "metric_label": METRICS[panel.metric].label,
        "rows": [_drawn(state, panel, row, longest, total) for row in report.rows],
        "more": max(0, report.row_count - len(report.rows)),
    }


def _count(panel: Panel, row: Row) -> int:
    """What a row is counted in, which is never a rate and never money."""
    count = row.metrics[panel.metric]
    return count if isinstance(count, int) else 0


def _drawn(state: State, panel: Panel, row: Row, longest: int, total: Any) -> dict[str, Any]:
    count = _count(panel, row)
    wanted = Filter(panel.dimension, "is", row.keys)
    return {
        "text": value_text(panel.dimension, row.keys[0]),
        "count": count,
        "share": count / total if total else None,
        "bar": round(100 * count / longest) if longest else 0,
        "url": state.url(filters=tuple(dict.fromkeys((*state.filters, wanted)))),
    }
