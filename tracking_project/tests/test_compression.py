"""Pages are compressed for who can unpack them."""

import gzip

import pytest
from django.test import Client

from tracking.tests.factories import SiteFactory, UserFactory

ASKING = {"Accept-Encoding": "gzip, deflate, br"}

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/accounts/login/", "/nowhere/"])
def test_a_page_is_smaller_and_says_the_same(client: Client, path: str) -> None:
    UserFactory()
    plain = client.get(path)
    small = client.get(path, headers=ASKING)

    assert "Content-Encoding" not in plain.headers
    assert (small.status_code, small.headers["Content-Encoding"]) == (plain.status_code, "gzip")
    assert "Accept-Encoding" in small.headers["Vary"]
    assert small.headers["Content-Length"] == str(len(small.content))
    assert len(small.content) < len(plain.content)
    title = plain.content.partition(b"<title>")[2].partition(b"</title>")[0]
    assert title in gzip.decompress(small.content)


def test_a_part_that_did_not_change_is_not_sent_again(client: Client) -> None:
    site = SiteFactory()
    client.force_login(site.owner)
    path = f"/sites/{site.public_id}/cards/hours/"
    small = client.get(path, headers=ASKING)
    assert small.headers["Content-Encoding"] == "gzip"

    known = {"If-None-Match": small.headers["ETag"], **ASKING}
    assert client.get(path, headers=known).status_code == 304


def test_what_is_streamed_goes_out_as_it_comes(client: Client) -> None:
    site = SiteFactory()
    client.force_login(site.owner)
    answer = client.get(f"/sites/{site.public_id}/export/page.csv", headers=ASKING)
    assert answer.streaming
    assert "Content-Encoding" not in answer.headers
    assert answer.getvalue().startswith(b"page,visitors,")
