"""The secrets that visitors' hashes are made with, and that are forgotten on time."""

import secrets

from django.db import models

from tracking.models.site import Site

SALT_BYTES = 32


def new_salt() -> bytes:
    """A fresh random secret."""
    return secrets.token_bytes(SALT_BYTES)


class Salt(models.Model):
    """The secret of one local day, shared by all sites and hosts; erased when it is over."""

    day = models.DateField(unique=True)
    secret = models.BinaryField(max_length=SALT_BYTES, default=new_salt)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"salt of {self.day}"


class LateSalt(models.Model):
    """A day whose salt was made when the day was over everywhere: its hits came that late.

    If the day had a salt before, who came under both counts as two visitors.
    """

    day = models.DateField(unique=True)
    times = models.PositiveIntegerField(default=0, help_text="How many salts were made late.")
    last_made_at = models.DateTimeField()

    class Meta:
        ordering = ("-day",)

    def __str__(self) -> str:
        return f"late salt of {self.day}"


class LogImport(models.Model):
    """An import of past hits into a site; its days' salts are derived from its secret.

    One import may have several files. It is closed, and its secret erased, three days after its
    last file.
    """

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="imports")
    secret = models.BinaryField(max_length=SALT_BYTES, default=new_salt, null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    last_file_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True)
    lines = models.PositiveBigIntegerField(default=0, help_text="Page loads written so far.")

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"import {self.pk}"


class ImportedLine(models.Model):
    """A line that has been counted, so that it counts once whatever file it stands in."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="+", db_index=False)
    identity = models.CharField(max_length=40)

    class Meta:
        constraints = (
            models.UniqueConstraint("site", "identity", name="tracking_importedline_once"),
        )

    def __str__(self) -> str:
        return self.identity
