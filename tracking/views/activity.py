"""What happened on a site, newest first."""

from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.timezone import now
from django.views import View

from tracking.access import readable_site
from tracking.errors import InvalidQuery
from tracking.models import Event, Site
from tracking.records import SiteRules
from tracking.templatetags.numbers import LOCALE
from tracking.views.events import EVENT_FIELDS, rows_with_visits
from tracking.views.log_filters import BEFORE, LogFilters
from tracking.views.looks import LOOKED_AT, Cursor, Look, look
from tracking.views.refusals import refusal

PAGE_ROWS = 50
NO_COUNTRIES = {"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"}
COUNTRIES = sorted(
    (
        (code, name)
        for code, name in LOCALE.territories.items()
        if len(code) == 2 and code.isalpha() and code not in NO_COUNTRIES
    ),
    key=lambda country: country[1],
)
"""Codes and names of those that a visit can come from, by name."""


class ActivityView(LoginRequiredMixin, View):
    """The activity log, a page at a time; never counts the table."""

    def get(self, request: HttpRequest, site_id: str) -> HttpResponse:
        site = readable_site(request.user, site_id)
        try:
            filters = LogFilters.from_params(request.GET)
            before = request.GET.get(BEFORE)
            cursor = Cursor.from_param(BEFORE, before) if before else None
        except InvalidQuery as error:
            return refusal(request, site, error)
        rules = site.rules()
        found = _found(site, rules, filters, cursor)
        context = _context(rules, filters, found)
        return render(
            request,
            "tracking/activity.html",
            context | {"site": site, "is_first_page": cursor is None},
        )


def _found(site: Site, rules: SiteRules, filters: LogFilters, cursor: Cursor | None) -> Look:
    """One page of the log."""
    terms = filters.terms() if filters else {}
    if terms is None:
        return Look([])
    return look(
        filters.within_days(Event.objects.filter(site=site), rules),
        cursor,
        fields=EVENT_FIELDS,
        rows=PAGE_ROWS,
        newest_first=True,
        matching=partial(filters.matching, terms) if filters else None,
    )


def _context(rules: SiteRules, filters: LogFilters, found: Look) -> dict[str, Any]:
    params = filters.to_params()
    rows = rows_with_visits(found.events)
    return {
        "zone": rules.zone_on(rules.local(now())[0]),
        "rows": rows,
        "filters": params,
        "countries": COUNTRIES,
        "names": sorted({row["name"] for row in rows}),
        "sources": sorted({row["source"] for row in rows if row["source"]}),
        "newest_url": f"?{urlencode(params)}",
        "rest": found.rest,
        "rest_url": f"?{urlencode(params | {BEFORE: found.rest.to_param()})}"
        if found.rest
        else None,
        "is_cut": found.is_cut,
        "looked_at": LOOKED_AT,
    }
