"""Imports of past traffic in admin."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.timezone import now

from tracking.models import LogImport


@admin.register(LogImport)
class LogImportAdmin(admin.ModelAdmin[LogImport]):
    """Imports; closing one erases the secret that its visitors were hashed with."""

    list_display = ("id", "site", "created_at", "last_file_at", "lines", "closed_at")
    list_select_related = ("site",)
    search_fields = ("=site__public_id",)
    fields = readonly_fields = ("site", "created_at", "last_file_at", "lines", "closed_at")
    actions = ("close",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: LogImport | None = None) -> bool:
        return False

    @admin.action(description="Close the selected imports", permissions=["change"])
    def close(self, request: HttpRequest, queryset: QuerySet[LogImport]) -> None:
        """Close them: later files of the same site begin another import."""
        closed = queryset.filter(closed_at__isnull=True).update(closed_at=now(), secret=None)
        self.message_user(request, f"{closed} imports are closed.")
