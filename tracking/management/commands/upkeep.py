"""Run the upkeep process."""

import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.timezone import now

from tracking.spool.leader import leadership
from tracking.upkeep.steps import run_once
from tracking.upkeep.worker import LOCK_NAME, run
from tracking_project.processes import stop_on_signals


class Command(BaseCommand):
    help = "Writes columnar files, seals days, erases salts and deletes old days until stopped."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="do every step once, and end")

    def handle(self, *args: Any, once: bool, **options: Any) -> None:
        if not once:
            run(stop_on_signals())
            return
        at_once = threading.Event()
        at_once.set()
        with leadership(settings.DATA_DIR / LOCK_NAME, at_once) as leads:
            if not leads:
                raise CommandError("The upkeep process is running, and does all of this itself.")
            outcomes = run_once(settings.COLUMNS_DIR, settings.SPOOL_DIR, now())
        for outcome in outcomes:
            self.stdout.write(f"{outcome.step}: {outcome.error or outcome.result}")
        if failed := [outcome.step for outcome in outcomes if outcome.error]:
            raise CommandError(f"failed: {', '.join(failed)}")
