"""How far the spool has been taken into the database."""

from django.db import models


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
