"""How far the spool has been taken into the database, and what could not be."""

from django.db import models


class RejectedHit(models.Model):
    """A hit that could not be counted, set aside so that those behind it could.

    `line` is its spool line, with the address shortened. Staff can have it tried again; what
    nobody retries is erased after a week.
    """

    event_id = models.BigIntegerField(unique=True)
    site = models.CharField("site's public id", max_length=16)
    happened_at = models.DateTimeField()
    line = models.TextField()
    reason = models.TextField()
    rejected_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"hit {self.event_id}"


class SpoolFile(models.Model):
    """One spool file's progress: committed in the same transaction as the events before it.

    Ids are never reused, since event ids are made of them. A row stays for a week after its file
    is gone, so that whoever copies events elsewhere can finish the file too.
    """

    id = models.AutoField(primary_key=True)
    name = models.CharField(max_length=100, unique=True)
    offset = models.PositiveBigIntegerField(default=0, help_text="Bytes taken so far.")
    hits = models.PositiveBigIntegerField(default=0, help_text="Lines taken so far.")
    bad_lines = models.PositiveIntegerField(default=0, help_text="Lines that held no hit.")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    finished_at = models.DateTimeField(null=True, help_text="When its last line was taken.")

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.name
