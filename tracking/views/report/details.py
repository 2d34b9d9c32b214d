"""All rows of a panel, with every metric that fits: searched, sorted, page by page."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.http import Http404, HttpRequest, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse

from tracking.errors import InvalidQuery
from tracking.reports.conditions import (
    MOST_VALUES,
    AnyOf,
    Condition,
    Filter,
    condition_of,
    filters_of,
)
from tracking.reports.dimensions import FILTERABLE, PROP
from tracking.reports.engine import Report, Row
from tracking.reports.metrics import Number
from tracking.reports.query import Order, ReportQuery
from tracking.views.report.cards import Panel, card_of, panel_named
from tracking.views.report.changes import change_of
from tracking.views.report.chips import chips_of
from tracking.views.report.fitting import fitting_metrics
from tracking.views.report.parts import Ask, ReportView
from tracking.views.report.rows import (
    filters_to,
    key_panel,
    label_of,
    open_url,
    shown_metrics,
    text_of,
)
from tracking.views.report.state import State
from tracking.views.words import NAMES

SEARCH, ORDER, AFTER = "q", "order", "after"
ROWS = 100
LONGEST_SEARCH = 200


class DetailsView(ReportView):
    """The page of a panel."""

    excuse_template = "tracking/report/excuse.html"
    own_parameters = frozenset((SEARCH, ORDER, AFTER))

    def show(self, request: HttpRequest, state: State, **names: str) -> HttpResponseBase:
        panel = panel_named(names["panel"])
        if panel is None or panel.details != panel.name:
            raise Http404("No such panel.")
        try:
            details = Details.of(state, panel, request.GET)
        except InvalidQuery as error:
            return self.excuse(request, state.subject, error)
        return self.answered(
            request,
            state,
            details.asked,
            lambda found: render(
                request, "tracking/report/details.html", details_context(details, *found)
            ),
        )


@dataclass(frozen=True)
class Details:
    """What the page's URL says: a report's state, its panel, and which of its rows are shown."""

    state: State
    panel: Panel
    search: str = ""
    order: str = ""
    after: str = ""

    @classmethod
    def of(cls, state: State, panel: Panel, params: QueryDict) -> "Details":
        """Read a query string; raises InvalidQuery, naming the parameter."""
        details = cls(state, panel, *(_once(params, name) for name in (SEARCH, ORDER, AFTER)))
        if len(details.search) > LONGEST_SEARCH:
            raise InvalidQuery(SEARCH, f"expected at most {LONGEST_SEARCH} characters")
        details.query()  # it names what can't be asked
        return details

    @property
    def metrics(self) -> tuple[str, ...]:
        """The columns; the first says how large a row is."""
        return fitting_metrics(self.panel)

    @property
    def can_search(self) -> bool:
        """Whether the engine can look for a part of the rows' texts."""
        return all(one in FILTERABLE or one.startswith(PROP) for one in self.panel.dimensions)

    @property
    def ordered(self) -> Order:
        """What comes first."""
        order = self.order or f"-{self.metrics[0]}"
        return Order(order.removeprefix("-"), descending=order.startswith("-"))

    def query(self) -> ReportQuery:
        """The question of the page's rows."""
        return replace(
            self.state.query,
            metrics=self.metrics,
            dimensions=self.panel.dimensions,
            condition=self._condition(),
            interval=None,
            order=self.ordered,
            limit=ROWS,
            after=self.after,
        )

    def _condition(self) -> Condition | None:
        condition = self.state.condition_of(self.panel)
        if not self.search or not self.can_search:
            return condition
        return condition_of((*filters_of(condition), _found(self.panel, self.search)))

    def asked(self, ask: Ask) -> tuple[Report, Number]:
        """The rows, and what all of them are a share of: they, and those that are not found."""
        report = ask(self.query(), True)
        if not self.search:
            return report, report.totals[self.metrics[0]]
        everything = replace(self, search="", order="", after="")
        whole = replace(everything.query(), dimensions=(), order=None, compared=None)
        whole = replace(whole, metrics=self.metrics[:1])
        return report, ask(whole, True).totals[self.metrics[0]]

    def url(self, *, order: str | None = None, after: str = "") -> str:
        """The query string of this page with something changed."""
        own = {SEARCH: self.search, ORDER: self.order if order is None else order, AFTER: after}
        added = urlencode({name: text for name, text in own.items() if text})
        return "&".join([self.state.url(), *([added] if added else [])])


def _once(params: QueryDict, name: str) -> str:
    texts = params.getlist(name)
    if len(texts) > 1:
        raise InvalidQuery(name, "given twice")
    return "".join(texts)


def _found(panel: Panel, search: str) -> Condition:
    """What holds for the rows whose text has this in it."""
    parts = tuple(_found_in(name, search) for name in panel.dimensions)
    return parts[0] if len(parts) == 1 else AnyOf(parts)


def _found_in(name: str, search: str) -> Condition:
    """What holds for values of a dimension that are read with this in them."""
    if name not in NAMES:
        return Filter(name, "contains", (search,))
    values = [value for value, text in NAMES[name].items() if search.lower() in text.lower()]
    some = [tuple(values[at : at + MOST_VALUES]) for at in range(0, len(values), MOST_VALUES)]
    # Without any, it is the search itself that no value is.
    return AnyOf(tuple(Filter(name, "is", one) for one in some or [(search,)]))


def details_context(details: Details, report: Report, whole: Number) -> dict[str, Any]:
    """What the page's template shows."""
    state, panel = details.state, details.panel
    back = reverse("tracking:report", args=[state.subject.key])
    return {
        "subject": state.subject,
        "site": state.subject.site,
        "state": state,
        "panel": panel,
        "details": details,
        "chips": chips_of(state),
        "back_url": f"{back}{state.url()}",
        "siblings": _siblings(state, panel),
        "kept": [*parse_qsl(state.url()[1:]), *([(ORDER, details.order)] * bool(details.order))],
        "columns": _columns(details),
        "label": label_of(panel),
        "name_column": _column(details, panel.dimensions[0]),
        "totals": _numbers(details.metrics, report.totals, report.compared),
        "rows": [_drawn(details, row, whole, back) for row in report.rows],
        "row_count": report.row_count,
        "first_row": report.first,
        "last_row": report.first + len(report.rows) - 1,
        "first_url": details.url() if details.after else "",
        "previous_url": details.url(after=report.before) if report.before else "",
        "next_url": details.url(after=report.after) if report.after else "",
    }


def _siblings(state: State, panel: Panel) -> list[dict[str, Any]]:
    """The details of the same card's panels."""
    shown = [one for one in card_of(panel).panels if one.details == one.name]
    if panel not in shown:
        shown.append(panel)
    return [
        {
            "title": one.title,
            "url": reverse("tracking:details", args=[state.subject.key, one.name]) + state.url(),
            "is_open": one == panel,
        }
        for one in shown
    ]


def _columns(details: Details) -> list[dict[str, Any]]:
    return [
        {"label": one.label} | _column(details, one.name) for one in shown_metrics(details.metrics)
    ]


def _column(details: Details, name: str) -> dict[str, Any]:
    """How a column is sorted, and the link that sorts by it, or turns its order around."""
    order = details.ordered
    is_metric = name in details.metrics
    descending = not order.descending if order.by == name else is_metric
    sorted_as = "descending" if order.descending else "ascending"
    return {
        "sort": sorted_as if order.by == name else "",
        "url": details.url(order=f"{'-' if descending else ''}{name}"),
    }


def _drawn(details: Details, row: Row, whole: Number, back: str) -> dict[str, Any]:
    state, panel = details.state, details.panel
    first = row.metrics[details.metrics[0]]
    share = first / whole if isinstance(first, int) and isinstance(whole, int) and whole else None
    if panel.kind == "keys":
        name = key_panel(row).name
        url = reverse("tracking:details", args=[state.subject.key, name]) + state.url()
    else:
        url = back + state.narrowed(*filters_to(panel, row))
    return {
        "text": text_of(panel, row),
        "url": url,
        "open_url": open_url(state, panel, row),
        "numbers": _numbers(details.metrics, row.metrics, row.compared),
        "share": share,
        "bar": min(100, round(100 * share)) if share else 0,
    }


def _numbers(
    names: tuple[str, ...], metrics: Mapping[str, Number], compared: Mapping[str, Number] | None
) -> list[dict[str, Any]]:
    before = compared or {}
    return [
        {
            "name": name,
            "value": metrics[name],
            "change": change_of(name, metrics[name], before.get(name)),
        }
        for name in names
    ]
