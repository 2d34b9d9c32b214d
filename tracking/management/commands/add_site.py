"""Add a site."""

from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from tracking.forms.sites import SiteForm


class Command(BaseCommand):
    help = "Adds a site, and prints its new public id."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("url", help="the site's base URL")
        parser.add_argument("--owner", required=True, help="the owner's e-mail address")
        parser.add_argument("--timezone", default="UTC", help="like Europe/Vienna")
        parser.add_argument("--name", default="", help="the host name if left out")

    def handle(self, *args: Any, **options: Any) -> None:
        owner = get_user_model().objects.filter(email__iexact=options["owner"]).first()
        if owner is None:
            raise CommandError(f"owner: there is no account {options['owner']!r}")
        form = SiteForm(
            {
                "base_url": options["url"],
                "timezone": options["timezone"],
                "name": options["name"],
            }
        )
        if not form.is_valid():
            problems = ValidationError(
                [error for errors in form.errors.values() for error in errors]
            )
            fields = ", ".join(form.errors)
            raise CommandError(f"{fields}: {' '.join(problems.messages)}")
        site = form.save(commit=False)
        site.owner = owner
        site.save()
        self.stdout.write(site.public_id)
