"""Numbers are written as their reader's browser asks for, words in English."""

from contextvars import copy_context

import pytest
from django.test import Client
from django.utils.timezone import now
from hypothesis import given
from hypothesis import strategies as st

from tracking.locales import locale_of, reader_locale, tag_of
from tracking.models import Site
from tracking.templatetags.numbers import percent, whole
from tracking.tests.factories import SiteFactory
from tracking.tests.pipeline import AUSTRIAN_ADDRESS, count, hit


@pytest.mark.parametrize(
    ("header", "locale"),
    [
        ("", "en"),
        ("de-AT,de;q=0.9,en;q=0.8", "de_AT"),
        ("en;q=0.1, fr;q=0.9", "fr"),
        ("de-XX", "de"),
        ("xx-YY, sv", "sv"),
        ("zh-Hant-TW", "zh_Hant_TW"),
        ("de-DE-u-nu-arab", "de"),
        ("*", "en"),
        ("../../etc/passwd", "en"),
        ("de;q=", "en"),
        ("x" * 600, "en"),
        (",".join(["xx"] * 100 + ["de"]), "en"),
    ],
)
def test_the_first_known_locale_of_a_header_counts(header: str, locale: str) -> None:
    assert str(locale_of(header)) == locale


tags = st.text("abcdehrstuxz-_@.;=q01*, \0é", max_size=40)


@given(header=tags | st.text(max_size=40))
def test_whatever_a_header_says_there_is_a_locale(header: str) -> None:
    assert tag_of(locale_of(header)).endswith("-u-nu-latn")


@pytest.fixture
def site(client: Client) -> Site:
    site = SiteFactory()
    client.force_login(site.owner)
    at = now()
    bouncing = [hit(site, at, address=f"91.64.1.{n}") for n in range(1, 4)]
    count([*bouncing, *(hit(site, at, f"/{n}", address=AUSTRIAN_ADDRESS) for n in range(3))])
    return site


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("header", "locale", "texts"),
    [
        ("", "en", ("6", "75%", "1.5")),
        ("de-AT", "de-AT", ("6", "75\xa0%", "1,5")),
        ("garbled;;q=9", "en", ("6", "75%", "1.5")),
    ],
)
def test_a_page_has_its_readers_numbers(
    client: Client, site: Site, header: str, locale: str, texts: tuple[str, ...]
) -> None:
    address = f"/sites/{site.public_id}/?full=1&period=today"
    answer = client.get(address, headers={"Accept-Language": header})
    page = answer.content.decode()

    for text in texts:
        assert f'<span class="value">{text}</span>' in page
    assert f'<html lang="en" data-locale="{locale}-u-nu-latn">' in page
    assert "Accept-Language" in answer.headers["Vary"]
    assert "Bounce rate" in page
    assert "Germany" in page


@pytest.mark.django_db
def test_the_next_reader_in_the_same_thread_has_their_own(client: Client, site: Site) -> None:
    address = f"/sites/{site.public_id}/numbers/?period=today"
    assert ">1,5<" in client.get(address, headers={"Accept-Language": "de"}).content.decode()
    assert ">1.5<" in client.get(address).content.decode()


@pytest.mark.parametrize(
    ("header", "count", "share"), [("en-GB", "12,345", "46%"), ("fr", "12\u202f345", "46\xa0%")]
)
def test_counts_and_shares(header: str, count: str, share: str) -> None:
    def written() -> tuple[str, str]:
        reader_locale.set(locale_of(header))
        return whole(12345), percent(0.456)

    assert copy_context().run(written) == (count, share)


@pytest.mark.django_db
def test_files_have_plain_numbers(client: Client, site: Site) -> None:
    address = f"/sites/{site.public_id}/export/timeseries.csv?period=today"
    text = client.get(address, headers={"Accept-Language": "de"}).getvalue().decode()
    assert ",1.5," in text
