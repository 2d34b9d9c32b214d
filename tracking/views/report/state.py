"""All that the report page's URL says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.http import QueryDict

from tracking.errors import InvalidQuery
from tracking.records import PAGEVIEW
from tracking.reports.condition_text import condition_text
from tracking.reports.conditions import Condition, Filter, condition_of, filters_of
from tracking.reports.dimensions import PROP
from tracking.reports.periods import Clock, Interval, Period, default_interval, needs_match
from tracking.reports.query import MOST_ROWS, ReportQuery
from tracking.reports.query_params import FILTER, from_params
from tracking.reports.wording import WEEKDAYS, unknown_parameter
from tracking.views.report.cards import PANELS, Panel, card_of, panel_named
from tracking.views.report.subject import Subject

HEADLINE = (
    *("visitors", "visits", "pageviews"),
    *("views_per_visit", "bounce_rate", "visit_duration"),
)
PANEL_ROWS = 8
METRIC, TAB, FULL, COMPARE = "metric", "tab", "full", "compare"
COMPARED_DAYS = ("compare_from", "compare_to")
"""What the form of two dates sends instead of a comparison."""
NO_COMPARISON = "none"
OF_QUERY = ("period", "from", "to", "interval", COMPARE, "match", FILTER)
OF_PAGE = (METRIC, TAB, FULL, *COMPARED_DAYS)

ONLY_CUSTOM = Filter("event", "is_not", (PAGEVIEW,))


@dataclass(frozen=True)
class State:
    """What the page shows: the query has its sites, period, comparison, interval and filters.

    `metric` is drawn in the chart, `tabs` are the names of panels that were chosen, and with
    `is_full` everything is on the page at once.
    """

    subject: Subject
    query: ReportQuery
    metric: str = HEADLINE[0]
    tabs: tuple[str, ...] = ()
    is_full: bool = False

    @classmethod
    def from_params(cls, params: QueryDict, subject: Subject) -> "State":
        """Read a query string; raises InvalidQuery, naming the parameter.

        Without a word on it, a period is compared with the one before, if there is one.
        """
        for name in params:
            if name not in (*OF_QUERY, *OF_PAGE):
                raise unknown_parameter(name)
        rest = params.copy()
        metric = _once(rest, METRIC, HEADLINE) or HEADLINE[0]
        is_full = bool(_once(rest, FULL, ("1",)))
        tabs = tuple(map(_known_tab, rest.pop(TAB))) if TAB in rest else ()
        days = [_once(rest, name) for name in COMPARED_DAYS]
        if any(days):
            rest[COMPARE] = "..".join(days)
        query = _query(rest, subject)
        return cls(subject, query, metric, tuple(dict.fromkeys(tabs)), is_full)

    @property
    def clock(self) -> Clock:
        """When the page is asked for."""
        return self.subject.clock

    @property
    def period(self) -> Period:
        """The days that the page is about."""
        return self.query.period

    @property
    def interval(self) -> Interval:
        """What the chart's buckets are."""
        return self.query.interval or default_interval(self.period)

    @property
    def filters(self) -> tuple[Condition, ...]:
        """The conditions that all hold, each a chip."""
        return filters_of(self.query.condition)

    @property
    def filter_query(self) -> str:
        """The query string of the filters alone, for pages that share nothing else."""
        pairs = [(FILTER, condition_text(one)) for one in self.filters]
        return f"?{urlencode(pairs)}" if pairs else ""

    @property
    def unfiltered_url(self) -> str:
        """The query string of this state without its filters."""
        return self.url(filters=())

    def url(
        self,
        *,
        period: str | None = None,
        compare: str | None = None,
        match: str = "",
        interval: str | None = None,
        metric: str | None = None,
        tab: Panel | None = None,
        filters: Sequence[Condition] | None = None,
        is_full: bool | None = None,
    ) -> str:
        """The query string of this state with something changed.

        A changed period takes its interval and a comparison with given days along; an empty
        interval is the period's own.
        """
        texts = self._texts()
        if period is not None:
            texts |= {"period": period, "interval": ""}
            if texts[COMPARE] not in {"", "year", NO_COMPARISON} or not _can_compare(period):
                texts |= {COMPARE: "", "match": ""}
        if compare is not None:
            texts |= {COMPARE: compare if compare != "previous" or match else "", "match": match}
        if interval is not None:
            texts["interval"] = interval
        if metric is not None:
            texts[METRIC] = metric if metric != HEADLINE[0] else ""
        if is_full is not None:
            texts[FULL] = "1" if is_full else ""
        tabs = self._tabs_with(tab) if tab else self.tabs
        return f"?{urlencode(_pairs(texts, tabs, self.filters if filters is None else filters))}"

    def kept(self, *changed: str) -> list[tuple[str, str]]:
        """The parameters that a form which asks for `changed` has to hand on."""
        texts = {name: text for name, text in self._texts().items() if name not in changed}
        return _pairs(texts, self.tabs, self.filters)

    def _texts(self) -> dict[str, str]:
        compared = self.query.compared
        matched = compared is not None and needs_match(self.period, compared)
        if compared is None:
            compare = NO_COMPARISON if _can_compare(self.period.key) else ""
        else:
            compare = compared.key if compared.key != "previous" or matched else ""
        return {
            "period": self.period.key,
            "interval": self.query.interval or "",
            COMPARE: compare,
            "match": WEEKDAYS if matched else "",
            METRIC: self.metric if self.metric != HEADLINE[0] else "",
            FULL: "1" if self.is_full else "",
        }

    def _tabs_with(self, panel: Panel) -> tuple[str, ...]:
        card = card_of(panel)
        found = [one for one in map(panel_named, self.tabs) if one and card_of(one) is not card]
        others = tuple(one.name for one in found)
        return others if panel is card.panels[0] else (*others, panel.name)

    def numbers_query(self) -> ReportQuery:
        """The question of the big numbers and the chart."""
        return replace(self.query, metrics=HEADLINE, dimensions=("time",))

    def panel_query(self, panel: Panel) -> ReportQuery:
        """The question of a panel."""
        return replace(
            self.query,
            metrics=(panel.metric, *panel.also),
            dimensions=panel.dimensions,
            condition=self.condition_of(panel),
            interval=None,
            compared=None,
            limit=PANEL_ROWS if panel.kind in {"rows", "keys"} else MOST_ROWS,
        )

    def condition_of(self, panel: Panel) -> Condition | None:
        """The filters, and what else is no row: pageviews among events, or what is not set.

        It is left out where no more can be said than the filters do.
        """
        more = [ONLY_CUSTOM] if "event" in panel.dimensions else []
        more += [Filter(name, "is_set") for name in panel.dimensions if panel.only_set]
        try:
            return condition_of((*self.filters, *more))
        except InvalidQuery:
            return self.query.condition

    def narrowed(self, *more: Filter) -> str:
        """The query string of this state with these filters, too.

        They stand in the place of those that they narrow down: whoever sees a row of Germany under
        "is Germany or Austria" is left with Germany.
        """
        dimensions = {one.dimension for one in more}
        kept = [
            one
            for one in self.filters
            if not (
                isinstance(one, Filter) and one.operator == "is" and one.dimension in dimensions
            )
        ]
        return self.url(filters=(*kept, *more))


def _known_tab(text: str) -> str:
    panel = panel_named(text)
    if panel is None:
        raise InvalidQuery(TAB, f"expected one of {', '.join(PANELS)} or {PROP}KEY")
    return panel.name


def _pairs(
    texts: Mapping[str, str], tabs: Sequence[str], filters: Sequence[Condition]
) -> list[tuple[str, str]]:
    pairs = [(name, text) for name, text in texts.items() if text]
    pairs += [(TAB, name) for name in tabs]
    return pairs + [(FILTER, condition_text(one)) for one in dict.fromkeys(filters)]


def _can_compare(period: str) -> bool:
    return period not in {"realtime", "all"}


def _query(params: QueryDict, subject: Subject) -> ReportQuery:
    compare = params.get(COMPARE, "")
    if compare == NO_COMPARISON:
        del params[COMPARE]
    query = from_params(params, subject.rules, subject.clock, metrics=HEADLINE)
    if compare or not _can_compare(query.period.key):
        return query
    params[COMPARE] = "previous"
    return from_params(params, subject.rules, subject.clock, metrics=HEADLINE)


def _once(params: QueryDict, name: str, allowed: Sequence[str] = ()) -> str:
    """Take out a parameter that may be there once, with one of these values if any; else empty."""
    texts = params.pop(name) if name in params else []
    if len(texts) > 1:
        raise InvalidQuery(name, "given twice")
    text = "".join(texts)
    if text and allowed and text not in allowed:
        raise InvalidQuery(name, f"expected one of {', '.join(allowed)}")
    return text
