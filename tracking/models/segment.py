"""Filters with a name, kept for one person or for everybody who reads a site's reports."""

from typing import Any

from django.conf import settings
from django.db import models

LONGEST_NAME = 60


class SegmentQuerySet(models.QuerySet["Segment"]):
    """The questions asked of segments."""

    def visible_to(self, user: Any) -> "SegmentQuerySet":
        """A person's own, and those that are for everybody on their site."""
        return self.filter(models.Q(owner=None) | models.Q(owner_id=user.pk))


class Segment(models.Model):
    """A saved set of filters; without an owner, it is everybody's on the site.

    `conditions` are texts as a URL has them, and all hold. Who reads them parses them again.
    """

    site = models.ForeignKey("tracking.Site", on_delete=models.CASCADE, related_name="segments")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="segments",
        null=True,
        blank=True,
        help_text="Whose it is; empty is for everybody on the site.",
    )
    name = models.CharField(max_length=LONGEST_NAME)
    conditions = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = SegmentQuerySet.as_manager()

    class Meta:
        ordering = ("name", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("site", "owner", "name"),
                name="tracking_segment_own_name",
                violation_error_message="You have a segment of this name.",
            ),
            models.UniqueConstraint(
                fields=("site", "name"),
                condition=models.Q(owner=None),
                name="tracking_segment_shared_name",
                violation_error_message="The site has a segment of this name.",
            ),
        )

    def __str__(self) -> str:
        return self.name
