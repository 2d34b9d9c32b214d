"""Import access logs."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.timezone import now
from tqdm import tqdm

from tracking.enrich.bots import is_bot
from tracking.errors import SpoolFull
from tracking.imports.access_log import LogReader, Tally, opened
from tracking.imports.writing import open_import, write_hits
from tracking.models import Site

STANDARD_INPUT = "-"


class Command(BaseCommand):
    help = "Counts the page loads of access logs in combined format, each line once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("site", help="the site's public id")
        parser.add_argument("files", nargs="+", help="logs, also gzipped; - for standard input")

    def handle(self, *args: Any, **options: Any) -> None:
        site = Site.objects.filter(public_id=options["site"]).first()
        if site is None:
            raise CommandError(f"site: there is none with the id {options['site']!r}")
        log_import = open_import(site)
        reader = LogReader(site.public_id, site.base_url, log_import.pk, is_bot, now())
        for name in options["files"]:
            tally = Tally()
            try:
                hits = reader.page_loads(_lines(name), tally)
                write_hits(hits, settings.SPOOL_DIR, log_import)
            except (OSError, EOFError, SpoolFull) as error:
                raise CommandError(f"{name}: {error}") from error
            self._summarise(name, tally)

    def _summarise(self, name: str, tally: Tally) -> None:
        left_out = "".join(
            f", {reason} {count}" for reason, count in sorted(tally.left_out.items())
        )
        self.stdout.write(
            f"{name}: {tally.read} lines, {tally.written} page loads; left out"
            f" {sum(tally.left_out.values())}{left_out}; bad {len(tally.bad)}"
        )
        if tally.bad:
            self.stdout.write(f"Bad lines are in {_write_rejected(name, tally)}")


def _lines(name: str) -> Iterator[bytes]:
    if name == STANDARD_INPUT:
        yield from sys.stdin.buffer
        return
    path = Path(name)
    with (
        tqdm(
            total=path.stat().st_size, unit="B", unit_scale=True, desc=path.name, disable=None
        ) as bar,
        opened(path) as file,
    ):
        for line in file:
            bar.update(len(line))
            yield line


def _write_rejected(name: str, tally: Tally) -> Path:
    """Put bad lines, with their numbers and reasons, beside the log, or under DATA_DIR."""
    lines = b"".join(
        f"{number}\t{reason}\t".encode() + text + b"\n" for number, reason, text in tally.bad
    )
    places = [settings.DATA_DIR / f"{Path(name).name.strip('-') or 'standard-input'}.rejected"]
    if name != STANDARD_INPUT:
        places.insert(0, Path(f"{name}.rejected"))
    for place in places[:-1]:
        try:
            place.write_bytes(lines)
        except OSError:
            continue
        return place
    places[-1].write_bytes(lines)
    return places[-1]
