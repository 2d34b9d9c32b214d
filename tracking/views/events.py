"""Events as the activity log, a visit and the realtime page list them."""

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from tracking.models import Event, Site, Term, Visit
from tracking.records import MICROS, PAGEVIEW

EVENT_FIELDS = (
    *("id", "site_id", "happened_at", "visit_id", "name_id", "page_id", "hostname_id", "title_id"),
    *("props", "revenue_micros", "currency"),
)
EVENT_TERMS = ("name_id", "page_id", "hostname_id", "title_id")
VISIT_TERMS = ("browser_id", "system_id", "country_id", "city_id", "source_id")

Values = dict[str, Any]


def newest_events(site: Site, count: int) -> list[Values]:
    """Values of the site's newest events."""
    events = Event.objects.filter(site=site).order_by("-happened_at", "-pk")
    return list(events.values(*EVENT_FIELDS)[:count])


def events_of(sites: Iterable[Site], ids: Iterable[int]) -> list[Values]:
    """Values of those of these events that are of these sites, the newest first."""
    events = Event.objects.filter(pk__in=tuple(ids), site__in=tuple(sites))
    return list(events.order_by("-happened_at", "-pk").values(*EVENT_FIELDS))


def rows_with_visits(events: Iterable[Values]) -> list[Values]:
    """Rows for pages, of events of any visits, with what the log says of each one's visit."""
    events = list(events)
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
    rows = []
    for event in events:
        visit = visits.get(event["visit_id"], {})
        known = {name.removesuffix("_id"): texts.get(visit.get(name), "") for name in VISIT_TERMS}
        rows.append(event_row(event, texts) | known)
    return rows


def event_row(event: Values, texts: dict[int, str]) -> Values:
    """A row for pages, of an event's values and the texts of its terms."""
    name = texts.get(event["name_id"], "")
    return {
        "at": event["happened_at"],
        "site_id": event["site_id"],
        "visit_id": event["visit_id"],
        "name": name,
        "is_pageview": name == PAGEVIEW,
        "page": texts.get(event["page_id"], ""),
        "hostname": texts.get(event["hostname_id"], ""),
        "title": texts.get(event["title_id"], ""),
        "props": json.loads(event["props"]) if event["props"] else {},
        "revenue": None
        if event["revenue_micros"] is None
        else Decimal(event["revenue_micros"]) / MICROS,
        "currency": event["currency"],
    }
