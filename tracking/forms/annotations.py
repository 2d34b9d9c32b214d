"""A note on a day."""

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from tracking.models import Annotation, Site
from tracking.reports.periods import FIRST_YEAR, LAST_YEAR

MOST_NOTES = 1000


class AnnotationForm(forms.ModelForm[Annotation]):
    """A site's note: a day that reports can show, and a line of text."""

    class Meta:
        model = Annotation
        fields = ("day", "text")

    day = forms.DateField(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._site = site

    def clean_day(self) -> date:
        day: date = self.cleaned_data["day"]
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise ValidationError(f"Expected a year from {FIRST_YEAR} to {LAST_YEAR}.")
        return day

    def clean(self) -> dict[str, Any]:
        """Raises ValidationError when the site has as many notes as it may."""
        if self.instance.pk is None and self._site.annotations.count() >= MOST_NOTES:
            raise ValidationError(f"A site can have {MOST_NOTES:,} notes at most.")
        return self.cleaned_data
