"""Raw visits and events in admin: to look at, newest first, never the whole table."""

from django.contrib import admin

from tracking.admin.readonly import ReadOnlyAdmin
from tracking.models import Engagement, Event, Visit


@admin.register(Visit)
class VisitAdmin(ReadOnlyAdmin[Visit]):
    """Visits, the newest first."""

    list_display = (
        *("id", "site", "started_at", "ended_at", "pageviews", "events"),
        *("entry_page", "source", "country", "browser"),
    )
    list_select_related = ("site", "entry_page", "source", "country", "browser")
    search_fields = ("=site__public_id",)
    search_help_text = "A site's public id"
    ordering = ("-pk",)


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin[Event]):
    """Pageviews and custom events, the newest first."""

    list_display = ("id", "site", "happened_at", "name", "page", "hostname", "visit_id")
    list_select_related = ("site", "name", "page", "hostname")
    search_fields = ("=site__public_id", "=visit_id")
    search_help_text = "A site's public id, or a visit's id"
    ordering = ("-pk",)


@admin.register(Engagement)
class EngagementAdmin(ReadOnlyAdmin[Engagement]):
    """Engagement signals, the newest first."""

    list_display = ("id", "site", "happened_at", "page", "seconds", "scroll_depth", "visit_id")
    list_select_related = ("site", "page")
    search_fields = ("=site__public_id", "=visit_id")
    ordering = ("-pk",)
