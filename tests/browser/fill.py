"""Fills the instance of the environment with people and traffic for the browser tests.

Prints what they need to know as JSON. Run in a process of its own, with the instance's DATA_DIR.
"""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta

import django

django.setup()

from django.conf import settings  # noqa: E402 - models are there only after setup
from django.test import Client  # noqa: E402
from django.utils.timezone import now  # noqa: E402

from accounts.models import User  # noqa: E402
from tracking.models import Site, Visit  # noqa: E402
from tracking.records import Hit  # noqa: E402
from tracking.tests.factories import SiteFactory, UserFactory  # noqa: E402
from tracking.tests.pipeline import CHROME, FIREFOX, count, hit  # noqa: E402

VISITORS = 24
PAGES = 14


def hits(site: Site, at: datetime) -> Iterator[Hit]:
    """Visitors of some days before `at`: enough of them that panels are cut off at eight rows."""
    for number in range(VISITORS):
        came_at = at - timedelta(days=number % 10, minutes=10)
        who = {
            "address": f"{(91, 84, 8)[number % 3]}.64.1.{number}",
            "user_agent": (CHROME, FIREFOX)[number % 2],
            "referrer": ("https://www.google.com/", "https://news.example/a", "")[number % 3],
            "language": ("de", "en-GB")[number % 2],
        }
        page = f"/articles/{number % PAGES}-with-a-title-that-is-rather-long-for-its-box"
        yield hit(site, came_at, page, title=f"Article {number % PAGES}", **who)
        yield hit(site, came_at + timedelta(minutes=1), "/pricing", **who)
        signed_up = {"name": "Sign up", "props": (("plan", ("monthly", "yearly")[number % 2]),)}
        yield hit(site, came_at + timedelta(minutes=2), "/pricing", **who | signed_up)
    yield hit(site, at - timedelta(minutes=5), user_agent="curl/8")


def cookie_of(user: User) -> str:
    """A session of this person's."""
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def main() -> None:
    """Fill it."""
    owner, newcomer = UserFactory(email="owner@example.org"), UserFactory()
    site = SiteFactory(owner=owner, name="Articles", base_url="https://site.example")
    new_site = SiteFactory(owner=owner, name="Not visited so far")
    staff = User.objects.create_superuser("staff@example.org")
    count(hits(site, now()))
    segment = site.segments.create(name="Germans", conditions=["country:is:DE"])
    note = site.annotations.create(day=now().date(), text="A new front page", author=owner)
    print(  # noqa: T201 - what it was started for
        json.dumps(
            {
                "site": site.public_id,
                "new_site": new_site.public_id,
                "segment": segment.pk,
                "note": note.pk,
                "visit": Visit.objects.filter(site=site).latest("started_at").pk,
                "cookie_name": settings.SESSION_COOKIE_NAME,
                "cookies": {
                    "owner": cookie_of(owner),
                    "newcomer": cookie_of(newcomer),
                    "staff": cookie_of(staff),
                },
            }
        )
    )


if __name__ == "__main__":
    main()
