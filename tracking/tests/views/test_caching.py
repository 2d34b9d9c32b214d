"""Who may keep a part of the report, and what comes of asking again."""

from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import now

from tracking.models import Site
from tracking.tests.factories import SiteFactory, UserFactory
from tracking.tests.pipeline import count, hit

pytestmark = pytest.mark.django_db

PARTS = ("numbers/", "cards/pages/")


@pytest.fixture
def site(client: Client) -> Site:
    site = SiteFactory()
    client.force_login(site.owner)
    count([hit(site, now())])
    return site


def asked(client: Client, site: Site, part: str, mark: str = "", **headers: str) -> Any:
    known = {"If-None-Match": mark} if mark else {}
    return client.get(f"/sites/{site.public_id}/{part}?period=7d", headers={**known, **headers})


@pytest.mark.parametrize("part", PARTS)
def test_a_part_that_still_holds_is_not_sent_again(client: Client, site: Site, part: str) -> None:
    first = asked(client, site, part)
    again = asked(client, site, part, first.headers["ETag"])

    assert first.headers["ETag"].startswith('W/"')
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    for answer in (first, again):
        assert answer.headers["Cache-Control"] == "private, no-cache"
        assert {"Cookie", "Accept-Language"} <= set(answer.headers["Vary"].split(", "))


@pytest.mark.parametrize("part", PARTS)
def test_a_part_that_changed_is_sent(client: Client, site: Site, part: str) -> None:
    mark = asked(client, site, part).headers["ETag"]
    count([hit(site, now(), "/new")])
    changed = asked(client, site, part, mark)

    assert changed.status_code == 200
    assert changed.headers["ETag"] != mark
    other_locale = asked(client, site, part, changed.headers["ETag"], **{"Accept-Language": "de"})
    assert other_locale.status_code == 200


@pytest.mark.parametrize("part", PARTS)
def test_nobody_else_is_told_that_it_still_holds(client: Client, site: Site, part: str) -> None:
    mark = asked(client, site, part).headers["ETag"]
    client.force_login(UserFactory())
    assert asked(client, site, part, mark).status_code == 404
    client.force_login(UserFactory(is_superuser=True, is_staff=True))
    assert asked(client, site, part, mark).status_code != 304
    client.logout()
    assert asked(client, site, part, mark).status_code == 302


def test_what_went_wrong_is_kept_by_nobody(client: Client, site: Site) -> None:
    refused = client.get(f"/sites/{site.public_id}/numbers/?period=never")
    assert refused.status_code == 400
    assert refused.headers["Cache-Control"] == "private, no-store"
    assert "ETag" not in refused.headers


def test_who_logs_out_leaves_nothing_in_the_browser(client: Client, site: Site) -> None:
    page = client.get(f"/sites/{site.public_id}/")
    assert page.headers["Cache-Control"] == "private, no-store"
    assert client.post("/accounts/logout/").headers["Clear-Site-Data"] == '"cache"'
