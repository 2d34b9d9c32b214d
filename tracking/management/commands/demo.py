"""Make a demo."""

import secrets
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand
from django.utils.timezone import now

from tracking.imports.demo_traffic import Demo
from tracking.imports.writing import open_import, write_hits
from tracking.models import Site

OWNER = "demo@example.org"
BASE_URL = "https://demo.example.org"


class Command(BaseCommand):
    help = "Adds a demo owner with a site and three months of traffic, and says how to sign in."

    def handle(self, *args: Any, **options: Any) -> None:
        users = get_user_model().objects
        password = secrets.token_urlsafe(9)
        owner = users.filter(email=OWNER).first() or users.create_user(OWNER, confirmed_at=now())
        owner.set_password(password)
        owner.save()
        site, is_new = Site.objects.get_or_create(
            owner=owner, base_url=BASE_URL, defaults={"name": "Demo", "timezone": "Europe/Vienna"}
        )
        if is_new:
            log_import = open_import(site)
            demo = Demo(site.public_id, BASE_URL, log_import.pk, now())
            count = write_hits(demo.hits(), settings.SPOOL_DIR, log_import)
            self.stdout.write(
                f"{count:,} hits are in the spool; `make run` takes them in within half a minute."
            )
        self.stdout.write(
            f"\nSign in at {settings.BASE_URL} as {OWNER} with the password {password}\n"
        )
