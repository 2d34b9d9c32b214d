"""What people say of a segment."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from tracking.errors import InvalidQuery
from tracking.models import Segment
from tracking.models.segment import LONGEST_NAME
from tracking.reports.stored import stored_filters

MOST_SEGMENTS = 100
"""As many as one person can see on a site: all of them stand in a menu."""


def check_stored(texts: object) -> None:
    """Raises ValidationError unless these are conditions that a segment can have."""
    try:
        stored_filters(texts)
    except InvalidQuery as error:
        raise ValidationError(f"Not filters of a report: {error.reason}.") from error


class SegmentNameForm(forms.ModelForm[Segment]):
    """What a segment is called."""

    class Meta:
        model = Segment
        fields = ("name",)
        widgets = {  # noqa: RUF012 - as Django declares it
            "name": forms.TextInput(attrs={"autocomplete": "off", "maxlength": LONGEST_NAME})
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The report page may have other forms with a name.
        self.auto_id = "segment_%s"

    def validate_unique(self) -> None:
        """Refuse a name that is taken: site and owner, which are no fields, count too."""
        try:
            self.instance.validate_constraints()
        except ValidationError as error:
            self.add_error("name", error.messages[0])


class SegmentForm(SegmentNameForm):
    """The name of a new segment, and whose it is; only a site's owner may give it to all."""

    is_shared = forms.ChoiceField(
        label="For", choices=(("", "me"), ("1", "everyone on this site")), required=False
    )

    def __init__(self, *args: Any, may_share: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not may_share:
            del self.fields["is_shared"]

    def clean(self) -> dict[str, Any] | None:
        """What was said, unless there are as many segments as there may be."""
        segment = self.instance
        if segment.site.segments.visible_to(segment.owner).count() >= MOST_SEGMENTS:
            raise ValidationError(f"There can be {MOST_SEGMENTS} segments; delete one first.")
        cleaned = super().clean()
        if self.cleaned_data.get("is_shared"):
            segment.owner = None
        return cleaned
