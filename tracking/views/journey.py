"""One visit: what is known of it, and its events in order."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.mixins import LoginRequiredMixin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views import View

from tracking.access import readable_site
from tracking.errors import InvalidQuery
from tracking.models import Engagement, Event, Site, Term, Visit
from tracking.reports.condition_text import condition_text
from tracking.reports.conditions import Filter
from tracking.reports.dimensions import DIMENSIONS
from tracking.reports.query_params import FILTER
from tracking.reports.wording import unknown_parameter
from tracking.views.events import EVENT_FIELDS, EVENT_TERMS, event_row
from tracking.views.looks import Cursor, Look, look
from tracking.views.refusals import refusal
from tracking.views.words import value_text

PAGE_ROWS = 200
AFTER = "after"
FACTS = {
    "Where it came from": (
        *("channel", "source", "referrer"),
        *("utm_campaign", "utm_source", "utm_medium", "utm_content", "utm_term"),
    ),
    "Who came": (
        *("country", "region", "city", "language"),
        *("browser", "browser_version", "system", "system_version", "device", "screen"),
    ),
    "What it saw": ("entry_page", "exit_page"),
}
"""What is said of a visit: dimensions of the report, under their headings."""
TERM_COLUMNS = tuple(f"{name}_id" for names in FACTS.values() for name in names)

Values = dict[str, Any]


class JourneyView(LoginRequiredMixin, View):
    """A visit's page; another site's visit is a 404."""

    def get(self, request: HttpRequest, site_id: str, visit_id: int) -> HttpResponse:
        site = readable_site(request.user, site_id)
        visit = Visit.objects.filter(site=site, pk=visit_id).first()
        if visit is None:
            raise Http404("No such visit.")
        try:
            cursor = _cursor(request)
        except InvalidQuery as error:
            return refusal(request, site, error)
        found = _events(visit, cursor)
        context = _context(site, visit, found)
        return render(
            request,
            "tracking/journey.html",
            context | {"site": site, "visit": visit, "is_first_page": cursor is None},
        )


def _cursor(request: HttpRequest) -> Cursor | None:
    """Where the page begins. Raises InvalidQuery."""
    for name, values in request.GET.lists():
        if name != AFTER:
            raise unknown_parameter(name)
        if len(values) > 1:
            raise InvalidQuery(AFTER, "given twice")
    after = request.GET.get(AFTER)
    return Cursor.from_param(AFTER, after) if after else None


def _events(visit: Visit, cursor: Cursor | None) -> Look:
    """One page of the visit's events. They are found by time: no index says whose they are."""

    def of_visit(events: "QuerySet[Event]", _: datetime | None) -> "QuerySet[Event]":
        return events.filter(visit_id=visit.pk)

    return look(
        Event.objects.filter(
            site=visit.site_id, happened_at__range=(visit.started_at, visit.ended_at)
        ),
        cursor,
        fields=EVENT_FIELDS,
        rows=PAGE_ROWS,
        newest_first=False,
        matching=of_visit,
    )


def _context(site: Site, visit: Visit, found: Look) -> Values:
    terms = Term.objects.texts(
        {getattr(visit, name) for name in TERM_COLUMNS}
        | {event[name] for event in found.events for name in EVENT_TERMS}
    )
    siblings = list(
        Visit.objects.filter(site=site, visitor=visit.visitor, day=visit.day)
        .order_by("started_at", "pk")
        .values_list("pk", flat=True)
    )
    place = siblings.index(visit.pk)
    return {
        "zone": site.rules().zone_on(visit.day),
        "facts": _facts(site, visit, terms),
        "seconds": (visit.ended_at - visit.started_at).total_seconds(),
        "is_bounce": visit.pageviews <= 1 and visit.interactive_events == 0,
        "rows": _steps(visit, found, terms),
        "is_cut": found.is_cut,
        "rest": found.rest,
        "rest_url": f"?{urlencode({AFTER: found.rest.to_param()})}" if found.rest else None,
        "number": place + 1,
        "visits": len(siblings),
        "earlier": siblings[place - 1] if place else None,
        "later": siblings[place + 1] if place + 1 < len(siblings) else None,
    }


def _facts(site: Site, visit: Visit, texts: dict[int, str]) -> dict[str, list[Values]]:
    """What is known of the visit, each with the report of all visits of which it is so."""
    report = reverse("tracking:report", args=[site.public_id])
    facts: dict[str, list[Values]] = {}
    for heading, names in FACTS.items():
        known = [(name, texts.get(getattr(visit, f"{name}_id"), "")) for name in names]
        facts[heading] = [
            {
                "label": DIMENSIONS[name].label,
                "text": value_text(name, text),
                "url": f"{report}?{urlencode({FILTER: _is(name, text)})}",
            }
            for name, text in known
            if text
        ]
    return facts


def _is(name: str, text: str) -> str:
    return condition_text(Filter(name, "is", (text,)))


def _steps(visit: Visit, found: Look, texts: dict[int, str]) -> list[Values]:
    """A row for each event, with the seconds since the one before it and what was read of it."""
    rows: list[Values] = []
    for event in found.events:
        row = event_row(event, texts) | {"engaged": None, "depth": None, "since": None}
        if rows:
            row["since"] = (row["at"] - rows[-1]["at"]).total_seconds()
        rows.append(row)
    for signal in _signals(visit, found) if rows else ():
        _add_signal(rows, signal, texts.get(signal["page_id"]))
    return rows


def _signals(visit: Visit, found: Look) -> Iterable[Mapping[str, Any]]:
    """Engagement signals between the page's first event and where the next page begins."""
    until = found.rest.at if found.rest else visit.ended_at
    signals = Engagement.objects.filter(
        site=visit.site_id,
        happened_at__range=(found.events[0]["happened_at"], until),
        visit_id=visit.pk,
    )
    return signals.order_by("happened_at", "pk").values(
        "happened_at", "page_id", "seconds", "scroll_depth"
    )


def _add_signal(rows: Sequence[Values], signal: Mapping[str, Any], page: str | None) -> None:
    """Add a signal to the latest pageview of its page at or before it, if that is here."""
    view = next(
        (
            row
            for row in reversed(rows)
            if row["is_pageview"] and row["page"] == page and row["at"] <= signal["happened_at"]
        ),
        None,
    )
    if view is None:
        return
    for name, value in (("engaged", signal["seconds"]), ("depth", signal["scroll_depth"])):
        if value is not None:
            known = view[name] or 0
            view[name] = known + value if name == "engaged" else max(known, value)
