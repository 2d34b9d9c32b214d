"""What happened on a site, newest first."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.mixins import LoginRequiredMixin
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.timezone import now
from django.views import View

from tracking.access import readable_site
from tracking.errors import InvalidQuery
from tracking.models import Event, Site, Term, Visit
from tracking.records import PAGEVIEW

PAGE_ROWS = 50
EVENT_TERMS = ("name_id", "page_id", "hostname_id")
VISIT_TERMS = ("browser_id", "system_id", "country_id", "city_id", "source_id")


@dataclass(frozen=True)
class Cursor:
    """Where a page begins: after the event of this time and id. In a URL: `<ms>.<id>`."""

    at: datetime
    event_id: int

    @classmethod
    def from_param(cls, text: str) -> "Cursor":
        """Raises InvalidQuery for what no page of ours links to."""
        milliseconds, _, event_id = text.partition(".")
        try:
            cursor = cls(datetime.fromtimestamp(int(milliseconds) / 1000, UTC), int(event_id))
        except (ValueError, OverflowError, OSError):
            raise InvalidQuery("before", "not the end of a page") from None
        if not 0 <= cursor.event_id < 1 << 63:
            raise InvalidQuery("before", "not the end of a page")
        return cursor

    def to_param(self) -> str:
        """What from_param reads."""
        return f"{round(self.at.timestamp() * 1000)}.{self.event_id}"


class ActivityView(LoginRequiredMixin, View):
    """The activity log, a page at a time; never counts the table."""

    def get(self, request: HttpRequest, site_id: str) -> HttpResponse:
        site = readable_site(request.user, site_id)
        try:
            before = request.GET.get("before")
            events = _events(site, Cursor.from_param(before) if before else None)
        except InvalidQuery as error:
            context = {
                "error": error,
                "status": 400,
                "subject": {"key": site_id, "name": site.name},
            }
            return render(request, "tracking/report/excuse.html", context, status=400)
        page, has_more = events[:PAGE_ROWS], len(events) > PAGE_ROWS
        rules = site.rules()
        context = {
            "site": site,
            "zone": rules.zone_on(rules.local(now())[0]),
            "rows": _rows(page),
            "is_first_page": not before,
            "older": Cursor(page[-1]["happened_at"], page[-1]["id"]).to_param()
            if has_more
            else None,
        }
        return render(request, "tracking/activity.html", context)


def _events(site: Site, before: Cursor | None) -> list[dict[str, Any]]:
    """One page's events and one more, which tells whether there is another page."""
    events = Event.objects.filter(site=site)
    if before:
        earlier = Q(happened_at__lt=before.at) | Q(happened_at=before.at, pk__lt=before.event_id)
        events = events.filter(earlier, happened_at__lte=before.at)
    fields = ("id", "happened_at", "visit_id", "props", *EVENT_TERMS)
    return list(events.order_by("-happened_at", "-pk").values(*fields)[: PAGE_ROWS + 1])


def _rows(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    visits = {
        visit["id"]: visit
        for visit in Visit.objects.filter(pk__in={event["visit_id"] for event in events}).values(
            "id", *VISIT_TERMS
        )
    }
    texts = Term.objects.texts(
        {event[name] for event in events for name in EVENT_TERMS}
        | {visit[name] for visit in visits.values() for name in VISIT_TERMS}
    )
    return [_row(event, visits.get(event["visit_id"], {}), texts) for event in events]


def _row(event: dict[str, Any], visit: dict[str, Any], texts: dict[int, str]) -> dict[str, Any]:
    return {
        "at": event["happened_at"],
        "name": texts.get(event["name_id"], ""),
        "is_pageview": texts.get(event["name_id"]) == PAGEVIEW,
        "page": texts.get(event["page_id"], ""),
        "hostname": texts.get(event["hostname_id"], ""),
        "props": json.loads(event["props"]) if event["props"] else {},
        **{
            name.removesuffix("_id"): texts.get(visit.get(name), "")  # type: ignore[arg-type]
            for name in VISIT_TERMS
        },
    }
