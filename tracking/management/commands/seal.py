"""Seal days now, or write sealed ones anew."""

import contextlib
import re
import threading
from collections.abc import Collection
from datetime import date
from typing import Any

import duckdb
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error
from django.utils.timezone import now
from tqdm import tqdm

from tracking.errors import SealRefused
from tracking.models import Site
from tracking.records import SiteRules
from tracking.reports.conditions import is_text
from tracking.spool.leader import leadership
from tracking.upkeep.sealing import finished_days, named_days, seal_due_days, write_anew
from tracking.upkeep.worker import LOCK_NAME


class Command(BaseCommand):
    help = (
        "Seals the days that are due, or with --rebuild writes days anew from the database, whether"
        " they are sealed or not."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("site", nargs="?", help="a site's public id; all sites without one")
        parser.add_argument(
            "--rebuild", action="store_true", help="write anew what is sealed, and all that is over"
        )
        parser.add_argument(
            "--day",
            action="append",
            default=[],
            metavar="YYYY-MM-DD",
            help="write this day alone; may be repeated",
        )

    def handle(
        self, *args: Any, site: str | None, rebuild: bool, day: list[str], **options: Any
    ) -> None:
        if day and not rebuild:
            raise CommandError("day: only --rebuild writes days that are named")
        days = [_day(text) for text in day]
        sites = _sites(site)
        at_once = threading.Event()
        at_once.set()
        with leadership(settings.DATA_DIR / LOCK_NAME, at_once) as leads:
            if not leads:
                raise CommandError(
                    "The upkeep process, or a command like this, is running, and only one may write"
                    " these files. Stop upkeep (hits are still taken and counted), do this again,"
                    " and start it."
                )
            try:
                self._rebuild(sites, days) if rebuild else self._seal(sites)
            except SealRefused as error:
                raise CommandError(f"day: {error}") from error
            except (OSError, Error, duckdb.Error) as error:
                raise CommandError(f"{error}\nWhat was written is whole; do this again.") from error

    def _seal(self, sites: Collection[SiteRules]) -> None:
        sealed = seal_due_days(settings.COLUMNS_DIR, sites, now())
        self.stdout.write(f"{sealed} days sealed")

    def _rebuild(self, sites: Collection[SiteRules], days: list[date]) -> None:
        folder, at = settings.COLUMNS_DIR, now()
        wanted = named_days(sites, days, at) if days else finished_days(folder, sites, at)
        with tqdm(total=len(wanted), unit="day", disable=None) as bar:
            for written in write_anew(folder, wanted):
                bar.update(written)
        self.stdout.write(f"{len(wanted)} days written anew")


def _sites(public_id: str | None) -> Collection[SiteRules]:
    """One site, or all of them."""
    if public_id is None:
        return Site.objects.all().rules().values()
    if is_text(public_id) and (site := Site.objects.filter(public_id=public_id).first()):
        return [site.rules()]
    raise CommandError(f"site: there is none with the id {public_id[:40]!r}")


def _day(text: str) -> date:
    # Python alone also reads 20260131 and 2026-W05-6.
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
        with contextlib.suppress(ValueError):
            return date.fromisoformat(text)
    raise CommandError(f"day: {text[:40]!r} is no day like 2026-01-31")
