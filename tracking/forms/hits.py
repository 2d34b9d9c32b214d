"""A hit as a form."""

from django import forms
from django.core.exceptions import ValidationError

from tracking.collect.payload import LONGEST_NAME, LONGEST_URL, page_url
from tracking.errors import InvalidHit
from tracking.records import ENGAGEMENT, PAGEVIEW


class VisitForm(forms.Form):
    """A page, and what happened there; the page may be left to the Referer."""

    url = forms.CharField(max_length=LONGEST_URL, required=False)
    event = forms.CharField(max_length=LONGEST_NAME, required=False)

    def clean_url(self) -> str:
        """The page's address, empty when there is none."""
        url: str = self.cleaned_data["url"]
        try:
            return page_url(url, "url") if url else ""
        except InvalidHit as error:
            raise ValidationError(str(error).partition(": ")[2], code="invalid") from error

    def clean_event(self) -> str:
        """The event's name; a pageview unless it is told."""
        name: str = self.cleaned_data["event"]
        if name == ENGAGEMENT:
            raise ValidationError("engagement has seconds, which this form can't carry")
        return name or PAGEVIEW
