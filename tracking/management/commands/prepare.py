"""Make an instance ready to start: what `make run` does before the processes."""

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

from accounts.setup import ensure_first_account
from tracking.upkeep.steps import begin_files


class Command(BaseCommand):
    help = "Brings the database and the static files up to date, and makes the first account."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--quiet", action="store_true", help="print nothing")

    def handle(self, *args: Any, quiet: bool, **options: Any) -> None:
        call_command("migrate", verbosity=0, interactive=False)
        call_command("createcachetable", verbosity=0)
        call_command("collectstatic", verbosity=0, interactive=False, clear=False)
        begin_files(settings.COLUMNS_DIR)
        code = ensure_first_account()
        if quiet:
            return
        self.stdout.write(f"\nFootfall is starting on {settings.BASE_URL} (Ctrl-C stops it).\n")
        if code:
            self.stdout.write(
                f"\n  There is no account yet. Open {settings.BASE_URL} and make the first one"
                f"\n  with this one-time code:  {self.style.SUCCESS(code)}\n\n"
            )
