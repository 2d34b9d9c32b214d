"""Sites and their daily numbers in admin."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from tracking.admin.readonly import ReadOnlyAdmin
from tracking.forms.sites import MOST_FILTERS, SiteSettingsForm
from tracking.models import DailyTotal, DroppedHits, Site, SiteFilter, SiteZone


class SiteAdminForm(SiteSettingsForm):
    """As owners fill it in, and whose it is."""

    class Meta(SiteSettingsForm.Meta):
        fields = (*SiteSettingsForm.Meta.fields, "owner")


class SiteFilterInline(admin.TabularInline[SiteFilter, Site]):
    """What the site lets in and leaves out."""

    model = SiteFilter
    fields = ("action", "kind", "value")
    extra = 0
    max_num = MOST_FILTERS


class SiteZoneInline(admin.TabularInline[SiteZone, Site]):
    """The zones that the site's days have been in."""

    model = SiteZone
    extra = 0
    can_delete = False
    fields = readonly_fields = ("first_day", "timezone")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Site)
class SiteAdmin(admin.ModelAdmin[Site]):
    """Sites, with their numbers of the last days."""

    form = SiteAdminForm
    list_display = (
        *("name", "public_id", "base_url", "owner", "timezone"),
        *("visitors", "pageviews", "report"),
    )
    list_filter = ("created_at", "timezone")
    list_select_related = ("owner",)
    list_per_page = 50
    search_fields = ("name", "base_url", "public_id", "owner__email")
    autocomplete_fields = ("owner",)
    readonly_fields = ("public_id", "created_at")
    inlines = (SiteFilterInline, SiteZoneInline)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Site]:
        ordering = self.get_ordering(request)
        return Site.objects.with_recent_totals().order_by(*ordering or ("name", "pk"))

    @admin.display(description="Visitors, 30 days", ordering="recent_visitors")
    def visitors(self, site: Any) -> int:
        """Daily visitors of the last days."""
        count: int = site.recent_visitors
        return count

    @admin.display(description="Pageviews, 30 days", ordering="recent_pageviews")
    def pageviews(self, site: Any) -> int:
        """Pageviews of the last days."""
        count: int = site.recent_pageviews
        return count

    @admin.display(description="Report")
    def report(self, site: Site) -> str:
        """A link to the report, which opens for those who may read it."""
        return format_html(
            '<a href="{}">Report</a>', reverse("tracking:report", args=[site.public_id])
        )


@admin.register(DailyTotal)
class DailyTotalAdmin(ReadOnlyAdmin[DailyTotal]):
    """Numbers of each site and day."""

    list_display = ("day", "site", "visitors", "visits", "pageviews", "events")
    list_select_related = ("site",)
    search_fields = ("=site__public_id",)
    ordering = ("-day", "site")


@admin.register(DroppedHits)
class DroppedHitsAdmin(ReadOnlyAdmin[DroppedHits]):
    """What was not counted, and why."""

    list_display = ("day", "site", "reason", "count")
    list_filter = ("reason", "day")
    list_select_related = ("site",)
    search_fields = ("=site__public_id", "site__name")
    search_help_text = "A site's public id or name"
    ordering = ("-day", "site", "reason")
