"""Run the upkeep process."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils.timezone import now

from tracking.upkeep.steps import run_once
from tracking.upkeep.worker import run
from tracking_project.processes import stop_on_signals


class Command(BaseCommand):
    help = "Writes columnar files, seals days and erases salts until it is stopped."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="do every step once, and end")

    def handle(self, *args: Any, once: bool, **options: Any) -> None:
        if once:
            run_once(settings.COLUMNS_DIR, settings.SPOOL_DIR, now())
        else:
            run(stop_on_signals())
