"""What owners note on a day, for whoever reads the report."""

from django.conf import settings
from django.db import models
from django.utils.timezone import now

from tracking.models.site import Site

LONGEST_NOTE = 200


class Annotation(models.Model):
    """A note on one of a site's local days, shown in its chart."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="annotations")
    day = models.DateField()
    text = models.CharField("note", max_length=LONGEST_NOTE)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        ordering = ("-day", "-pk")
        indexes = (models.Index(fields=("site", "day"), name="tracking_annotation_by_day"),)

    def __str__(self) -> str:
        return f"{self.day}: {self.text}"
