"""Saved filters in admin."""

from typing import Any

from django import forms
from django.contrib import admin

from tracking.forms.segments import check_stored
from tracking.models import Segment


class SegmentAdminForm(forms.ModelForm[Segment]):
    """A segment with its conditions as texts, each as it stands behind `f=` in a report's URL."""

    class Meta:
        model = Segment
        fields = ("site", "owner", "name", "conditions")

    def clean_conditions(self) -> Any:
        """The texts, if all of them say something."""
        texts = self.cleaned_data["conditions"]
        check_stored(texts)
        return texts


@admin.register(Segment)
class SegmentAdmin(admin.ModelAdmin[Segment]):
    """Segments, with whose they are."""

    form = SegmentAdminForm
    list_display = ("name", "site", "owner", "updated_at")
    list_filter = ("created_at",)
    list_select_related = ("site", "owner")
    search_fields = ("name", "=site__public_id", "site__name", "owner__email")
    autocomplete_fields = ("site", "owner")
    readonly_fields = ("created_at", "updated_at")
