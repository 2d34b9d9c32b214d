"""The values that a site has in a dimension, for whoever is about to filter by one."""

from dataclasses import dataclass, replace

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render

from tracking.errors import InvalidQuery
from tracking.reports.conditions import Filter, condition_of, errors_under
from tracking.reports.dimensions import FILTERABLE, PROP, dimension_named
from tracking.reports.engine import Report
from tracking.reports.metrics import Number
from tracking.reports.query import MOST_ROWS, ReportQuery
from tracking.views.report.parts import ReportView
from tracking.views.report.state import State
from tracking.views.words import NAMES, value_text

MOST_VALUES = 20
KEYS = "property"
"""The dimension whose values are the keys of properties: nothing to filter by, but named by it."""
NAMED = frozenset((*NAMES, KEYS))
"""Few values, or ones that people know by other names than the stored: they are searched here."""


@dataclass(frozen=True)
class Value:
    """A value as it is stored and as people read it, and how many visitors have it."""

    stored: str
    text: str
    visitors: Number


class ValuesView(ReportView):
    """Values that hold what was typed, those of most visitors first."""

    own_parameters = frozenset(("q",))
    excuse_template = "tracking/report/_values_excuse.html"

    def show(self, request: HttpRequest, state: State, **names: str) -> HttpResponseBase:
        dimension, text = names["dimension"], request.GET.get("q", "").strip()
        query = values_query(state, dimension, text)
        return self.answered(
            request,
            state,
            lambda ask: ask(query, False),
            lambda report: render(
                request,
                "tracking/report/_values.html",
                {"values": values_of(dimension, report, text)},
            ),
        )


def values_query(state: State, name: str, text: str) -> ReportQuery:
    """The question for values with this text in them, within the state's period and filters.

    Of KEYS they are what may be a property's key. Raises InvalidQuery for what can't be filtered
    by.
    """
    if name not in FILTERABLE | {KEYS} and not name.startswith(PROP):
        raise InvalidQuery("dimension", f"{name[:40]!r} can't be filtered by")
    dimension = dimension_named(name, "dimension").name
    is_named = dimension in NAMED
    filters = state.filters
    if text and not is_named:
        with errors_under("q"):
            filters = (*filters, Filter(dimension, "contains", (text,)))
    return replace(
        state.query,
        metrics=("visitors",),
        dimensions=(dimension,),
        condition=condition_of(filters),
        interval=None,
        compared=None,
        limit=MOST_ROWS if is_named else MOST_VALUES,
    )


def values_of(dimension: str, report: Report, text: str) -> list[Value]:
    """What the answer to values_query suggests."""
    found = [
        Value(row.keys[0], value_text(dimension, row.keys[0]), row.metrics["visitors"])
        for row in report.rows
    ]
    if dimension in NAMED:
        found = [one for one in found if text.casefold() in one.text.casefold()]
    return found[:MOST_VALUES]
