"""Where a filter is added or edited: a form that leads to the report that has it."""

from dataclasses import dataclass, replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse

from tracking.errors import InvalidQuery
from tracking.reports.conditions import OPERATORS, PATTERNS, condition_of
from tracking.reports.dimensions import DIMENSIONS
from tracking.views.report.chips import placed
from tracking.views.report.drafts import PARAMETERS, PROPERTY, Draft
from tracking.views.report.parts import ReportView
from tracking.views.report.state import State
from tracking.views.report.values import KEYS, Value, values_of, values_query
from tracking.views.words import value_text

EDIT, SHOW = "edit", "show"
GROUPS = (
    (
        "Where from",
        (
            *("channel", "source", "referrer", "utm_campaign", "utm_source", "utm_medium"),
            *("utm_content", "utm_term"),
        ),
    ),
    ("Pages", ("page", "entry_page", "exit_page", "title", "hostname")),
    ("Places", ("country", "region", "city")),
    (
        "Technology",
        (
            *("browser", "browser_version", "system", "system_version", "device"),
            *("screen", "language"),
        ),
    ),
    ("Events", ("event", PROPERTY)),
    ("Time", ("weekday", "hour")),
)
OCCURS = (
    ("", "the events themselves"),
    ("did", "visits that did it"),
    ("did_not", "visits that never did"),
)


@dataclass(frozen=True)
class Edited:
    """What is edited: the filter in a place of the state's, or a new one; and how far it is."""

    state: State
    place: int | None
    draft: Draft

    @property
    def others(self) -> State:
        """The state without the filter that is edited."""
        if self.place is None:
            return self.state
        rest = [one for at, one in enumerate(self.state.filters) if at != self.place]
        return replace(self.state, query=replace(self.state.query, condition=condition_of(rest)))


class FilterEditorView(ReportView):
    """The form; what was filled in leads to the report."""

    excuse_template = "tracking/report/excuse.html"
    own_parameters = PARAMETERS | {EDIT, SHOW}

    def show(self, request: HttpRequest, state: State, **names: str) -> HttpResponseBase:
        edited = _edited(request, state)
        if SHOW in request.GET:
            return self._with_values(request, edited)
        if "dimension" not in request.GET:
            return _page(request, edited)
        try:
            filters = placed(state, edited.place, edited.draft.condition())
            condition_of(filters)  # may be more than there may be
        except InvalidQuery as error:
            return _page(request, edited, error=error)
        report = reverse("tracking:report", args=[state.subject.key])
        return redirect(report + state.url(filters=filters))

    def _with_values(self, request: HttpRequest, edited: Edited) -> HttpResponseBase:
        """The form with the site's values to choose from, for those without scripts.

        Of a property without a key, they are the keys that there are.
        """
        name = edited.draft.dimension_name or KEYS
        query = values_query(edited.others, name, "")
        return self.answered(
            request,
            edited.state,
            lambda ask: ask(query, False),
            lambda report: _page(request, edited, shown=(name, values_of(name, report, ""))),
        )


def _edited(request: HttpRequest, state: State) -> Edited:
    """What the URL says; raises InvalidQuery, naming the parameter."""
    place = _place(request.GET.get(EDIT, ""), state)
    if "dimension" in request.GET:
        return Edited(state, place, Draft.from_params(request.GET))
    draft = Draft.of(state.filters[place]) if place is not None else Draft()
    if draft is None:
        raise InvalidQuery(EDIT, "this filter can't be edited, only taken away")
    return Edited(state, place, draft)


def _place(text: str, state: State) -> int | None:
    if not text:
        return None
    if text not in map(str, range(len(state.filters))):
        raise InvalidQuery(EDIT, "no filter of this number")
    return int(text)


def _page(
    request: HttpRequest,
    edited: Edited,
    *,
    shown: tuple[str, list[Value]] = ("", []),
    error: InvalidQuery | None = None,
) -> HttpResponse:
    draft, state = edited.draft, edited.state
    name, values = shown
    chosen = [(value, value_text(draft.dimension, value)) for value in draft.values]
    context: dict[str, Any] = {
        "subject": state.subject,
        "site": state.subject.site,
        "state": state,
        "draft": draft,
        "place": edited.place,
        "groups": [(label, [_choice(name) for name in names]) for label, names in GROUPS],
        "scope": _choice(draft.dimension)[2],
        "is_pattern": draft.operator in PATTERNS,
        "property": PROPERTY,
        "operators": [(name, name.replace("_", " ")) for name in OPERATORS],
        "occurs": OCCURS,
        "chosen": chosen,
        "keys": values if name == KEYS else [],
        "values": [one for one in values if name != KEYS and one.stored not in draft.values],
        "shown": name,
        "error": error,
        "kept": state.kept(),
        "others_url": edited.others.url(),
        "back_url": reverse("tracking:report", args=[state.subject.key]) + state.url(),
    }
    status = 422 if error else 200
    return render(request, "tracking/report/filter.html", context, status=status)


def _choice(name: str) -> tuple[str, str, str]:
    """A dimension's name, label and scope."""
    if name == PROPERTY:
        return name, "Property", "event"
    return name, DIMENSIONS[name].label, DIMENSIONS[name].scope
