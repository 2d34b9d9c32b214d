"""Restore a backup."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error

from tracking.errors import BackupFailed
from tracking.upkeep.restore import read_backup, restore


class Command(BaseCommand):
    help = "Puts a backup into an empty instance whose processes are stopped."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="what the backup command wrote")

    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        try:
            backup = read_backup(folder)
            self.stdout.write(f"All {len(backup.files)} files of {backup.made_at} are whole.")
            restore(folder, backup)
        except (BackupFailed, OSError, Error) as error:
            raise CommandError(f"Not restored: {error}") from error
        self.stdout.write(
            "The database, the secret key and the spool are in place, and the files that reports"
            " read are made anew. Start Footfall."
        )
