"""A report over several sites, and the menu that leads from one site to another."""

import re
from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import now

from tracking.access import MOST_SITES
from tracking.models import Site
from tracking.templatetags import sites as sites_tag
from tracking.tests.factories import SiteFactory, UserFactory
from tracking.tests.pipeline import GERMAN_ADDRESS, count, hit
from tracking.views.report.cards import CARDS

pytestmark = pytest.mark.django_db


@pytest.fixture
def two(client: Client) -> tuple[Site, Site]:
    """Two sites of one person, each with a visitor today."""
    one = SiteFactory(name="Anton")
    other = SiteFactory(name="Berta", owner=one.owner)
    client.force_login(one.owner)
    count([hit(one, now(), "/one"), hit(other, now(), "/other", address=GERMAN_ADDRESS)])
    return one, other


def key_of(*sites: Site) -> str:
    return "+".join(site.public_id for site in sites)


def text_of(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


@pytest.mark.parametrize("is_all", [True, False])
def test_every_part_of_the_page_counts_all_of_the_sites(
    client: Client, two: tuple[Site, Site], is_all: bool
) -> None:
    url = f"/sites/{'all' if is_all else key_of(*two)}/"
    visitors = '<span class="label">Visitors</span> <span class="value">2</span>'
    assert visitors in text_of(client, f"{url}numbers/?period=today")
    whole = text_of(client, f"{url}?period=today&full=1")
    assert visitors in whole
    for shown in ("/one", "/other", "Austria", "Germany"):
        assert shown in whole
    for card in CARDS:
        text_of(client, f"{url}cards/{card}/?period=today")


def test_the_page_names_its_sites_and_each_leads_to_its_own_report(
    client: Client, two: tuple[Site, Site]
) -> None:
    text = text_of(client, f"/sites/{key_of(*two)}/?period=7d&f=country:is:DE")
    assert "<h1>2 sites</h1>" in text
    for site in two:
        link = f'<a href="/sites/{site.public_id}/?period=7d">{site.name}</a>'
        assert link in text.partition("Sites of this report")[2]
    assert "different time zones" not in text
    assert 'aria-label="Site"' not in text
    assert "<h1>All sites</h1>" in text_of(client, "/sites/all/")


def test_sites_in_different_zones_are_said(client: Client, two: tuple[Site, Site]) -> None:
    far = SiteFactory(name="Zeta", owner=two[0].owner, timezone="Asia/Tokyo")
    text = text_of(client, f"/sites/{key_of(*two, far)}/")
    assert "today and the time of day are those of Anton, in UTC" in text
    assert 'Zeta</a> <span class="faint">Asia/Tokyo</span>' in text


@pytest.mark.parametrize("part", ["", "numbers/", "cards/pages/"])
def test_a_key_that_names_anything_else_is_not_there(
    client: Client, two: tuple[Site, Site], part: str
) -> None:
    mine, theirs = two[0].public_id, SiteFactory().public_id
    odd = (f"{mine}+", "+", f"+{mine}", "%00", f"{mine}+%00", f"{mine}+%FF", f"{mine}%20{mine}")
    wrong = (f"{mine}+{theirs}", f"{mine}+{mine}", f"{mine}+all", "ALL", "+".join([mine] * 10_000))
    for key in (*odd, *wrong):
        assert client.get(f"/sites/{key}/{part}").status_code == 404, key[:80]


def test_a_report_is_about_as_many_sites_as_it_may_and_no_more(client: Client) -> None:
    owner = UserFactory()
    client.force_login(owner)
    Site.objects.bulk_create(
        Site(name=f"{n:03}", base_url="https://a.example", owner=owner) for n in range(MOST_SITES)
    )
    for site in Site.objects.all():
        site.save()  # with its zone
    found = list(Site.objects.visible_to(owner))
    assert f"Which {MOST_SITES} sites" in text_of(client, f"/sites/{key_of(*found)}/")
    text_of(client, "/sites/all/")
    more = SiteFactory(owner=owner)
    assert client.get(f"/sites/{key_of(*found, more)}/").status_code == 404
    assert client.get("/sites/all/").status_code == 404
    assert "/sites/all/" not in text_of(client, "/sites/")


def test_a_report_over_many_sites_asks_the_database_as_often_as_over_two(
    client: Client, two: tuple[Site, Site], django_assert_num_queries: Any
) -> None:
    SiteFactory.create_batch(20, owner=two[0].owner)
    text_of(client, "/sites/all/")
    for key in (key_of(*two), "all"):
        with django_assert_num_queries(10):
            text_of(client, f"/sites/{key}/")


PAGES = ("", "activity/", "snippet/", "settings/")


@pytest.mark.parametrize("page", PAGES)
def test_the_sites_name_is_a_menu_of_the_others(
    client: Client, two: tuple[Site, Site], page: str
) -> None:
    SiteFactory(name="Theirs")
    text = text_of(client, f"/sites/{two[0].public_id}/{page}")
    menu = text.partition('<details class="menu switcher">')[2].partition("</details>")[0]
    assert "<h1>Anton</h1>" in menu
    links = re.findall(r'<a href="([^"?]*)[^"]*"( aria-current="true")?>([^<]*)</a>', menu)
    assert links == [
        (f"/sites/{two[0].public_id}/{page}", ' aria-current="true"', "Anton"),
        (f"/sites/{two[1].public_id}/{page}", "", "Berta"),
        ("/sites/all/", "", "All sites"),
        ("/sites/add/", "", "Add a site"),
    ]
    assert 'type="search"' not in menu


def test_the_menu_keeps_the_period_and_leaves_the_filters(
    client: Client, two: tuple[Site, Site]
) -> None:
    text = text_of(client, f"/sites/{two[0].public_id}/?period=7d&f=page:is:/one")
    assert f'<a href="/sites/{two[1].public_id}/?period=7d">Berta</a>' in text
    assert '<a href="/sites/all/?period=7d">All sites</a>' in text


def test_the_menu_of_many_sites_can_be_searched_and_ends_somewhere(
    client: Client, two: tuple[Site, Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sites_tag, "FEW_SITES", 1)
    monkeypatch.setattr(sites_tag, "MENU_SITES", 2)
    url = f"/sites/{two[0].public_id}/settings/"
    text = text_of(client, url)
    assert '<form method="get" action="/sites/" role="search" data-switcher-search>' in text
    assert "More sites" not in text
    SiteFactory(name="Zeta", owner=two[0].owner)
    text = text_of(client, url)
    assert "Zeta" not in text
    assert "More sites" in text


def test_who_has_one_site_is_offered_no_report_over_all(client: Client) -> None:
    site = SiteFactory()
    client.force_login(site.owner)
    assert "/sites/all/" not in text_of(client, f"/sites/{site.public_id}/")
    assert f"<h1>{site.name}</h1>" in text_of(client, "/sites/all/")
