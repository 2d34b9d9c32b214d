"""Owners' notes in admin."""

from django.contrib import admin

from tracking.models import Annotation


@admin.register(Annotation)
class AnnotationAdmin(admin.ModelAdmin[Annotation]):
    """Notes on days."""

    list_display = ("day", "site", "text", "author", "created_at")
    list_select_related = ("site", "author")
    search_fields = ("text", "=site__public_id")
    date_hierarchy = "day"
    autocomplete_fields = ("site", "author")
    readonly_fields = ("created_at",)
