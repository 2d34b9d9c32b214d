"""What became of each step of upkeep when it was last done."""

from django.db import models


class UpkeepRun(models.Model):
    """A step's last run; `tracking.upkeep.steps` says what each step does."""

    step = models.CharField(max_length=30, unique=True)
    last_started_at = models.DateTimeField()
    last_finished_at = models.DateTimeField(help_text="When it ended, well or not.")
    last_error = models.TextField("error", blank=True)
    result = models.CharField(max_length=200, blank=True, help_text="What it did.")

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return self.step
