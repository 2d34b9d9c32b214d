"""Back up the instance."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error
from django.utils.timezone import now

from tracking.errors import BackupFailed
from tracking.upkeep.backup import SECRET_KEY, back_up


class Command(BaseCommand):
    help = "Writes the database, the secret key and the hits in the spool to a folder."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="a new or an empty folder")

    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        try:
            backup = back_up(folder, now())
        except (BackupFailed, OSError, Error) as error:
            raise CommandError(f"There is no backup: {error}") from error
        size = sum((folder / name).stat().st_size for name in backup.files)
        self.stdout.write(
            f"{folder} holds everything up to {backup.made_at}: "
            f"{len(backup.files)} files, {size / 1e6:,.1f} MB"
        )
        if SECRET_KEY not in backup.files:
            self.stdout.write("SECRET_KEY is not in it: it is set where Footfall is started.")
