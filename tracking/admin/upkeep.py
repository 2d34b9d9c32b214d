"""What upkeep did last, and whether it still does it."""

from datetime import timedelta

from django.contrib import admin
from django.utils.timezone import now

from tracking.admin.readonly import ReadOnlyAdmin
from tracking.models import LateSalt, UpkeepRun
from tracking.upkeep.step import Step
from tracking.upkeep.steps import STEPS

STEP_OF = {step.name: step for step in STEPS}
# A step waits for those before it, and is written down once a minute at most.
OVERDUE_AFTER = timedelta(minutes=5)
OVERDUE_AFTER_TURNS = 3


@admin.register(UpkeepRun)
class UpkeepRunAdmin(ReadOnlyAdmin[UpkeepRun]):
    """Each step of upkeep with its last run."""

    list_display = ("label", "state", "last_started_at", "took", "result", "last_error", "purpose")
    ordering = ("pk",)

    @admin.display(description="Step")
    def label(self, run: UpkeepRun) -> str:
        """The step's name for people."""
        step = STEP_OF.get(run.step)
        return step.label if step else run.step

    @admin.display(description="What it does")
    def purpose(self, run: UpkeepRun) -> str:
        """What the step is for, and how often it is done."""
        step = STEP_OF.get(run.step)
        return (
            f"{step.purpose} Its turn comes every {_interval(step)}." if step else "No longer done."
        )

    @admin.display(description="State")
    def state(self, run: UpkeepRun) -> str:
        """Whether the last run went well, and was not too long ago."""
        step = STEP_OF.get(run.step)
        if run.last_error:
            return "Failed"
        return "Overdue" if step and is_overdue(run, step) else "Fine"

    @admin.display(description="Took")
    def took(self, run: UpkeepRun) -> str:
        """Seconds from its start to its end."""
        return (
            f"{(run.last_finished_at - run.last_started_at).total_seconds():.2f}\N{NO-BREAK SPACE}s"
        )


@admin.register(LateSalt)
class LateSaltAdmin(ReadOnlyAdmin[LateSalt]):
    """Days whose hits came so late that they were counted under a salt of their own."""

    list_display = ("day", "times", "last_made_at")
    ordering = ("-day",)


def is_overdue(run: UpkeepRun, step: Step) -> bool:
    """Whether the step should have been done again long ago."""
    allowed = max(OVERDUE_AFTER, OVERDUE_AFTER_TURNS * timedelta(seconds=step.every_seconds))
    return now() - run.last_finished_at > allowed


def _interval(step: Step) -> str:
    if step.every_seconds < 60:
        return f"{step.every_seconds:g} seconds"
    minutes = round(step.every_seconds / 60)
    return "minute" if minutes == 1 else f"{minutes} minutes"
