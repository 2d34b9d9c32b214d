"""Run the ingest process."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from tracking.ingest.worker import drain, run
from tracking_project.processes import stop_on_signals


class Command(BaseCommand):
    help = "Takes hits from the spool into the database until it is stopped."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="take what is there, and end")

    def handle(self, *args: Any, once: bool, **options: Any) -> None:
        if once:
            self.stdout.write(f"{drain()} lines taken")
        else:
            run(stop_on_signals())
