"""The head of a site's pages: its name, which is a menu of the other sites, and its other pages."""

import re
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from tracking.models import Site, Visit
from tracking.tests.factories import SiteFactory
from tracking.tests.pipeline import count, hit

pytestmark = pytest.mark.django_db

STATE = "?period=7d&f=country:is:DE"


@pytest.fixture
def site(client: Client) -> Site:
    site = SiteFactory(name="Shop")
    SiteFactory(name="Blog", owner=site.owner)
    client.force_login(site.owner)
    return site


def paths(site: Site) -> dict[str, str]:
    """Pages below the site's own, by what their links to other sites lead to."""
    count([hit(site)])
    segment = site.segments.create(name="Germans", conditions=["country:is:DE"])
    note = site.annotations.create(day=site.today(), text="Launch", author=site.owner)
    visit = Visit.objects.get(site=site)
    return {
        "": "report",
        f"?full=1&{STATE[1:]}": "report",
        "realtime/": "realtime",
        f"details/page/{STATE}": "report",
        f"details/page/{STATE}&q=a": "report",
        f"conditions/{STATE}": "report",
        f"segments/{STATE}": "report",
        f"segments/{segment.pk}/{STATE}": "report",
        f"segments/{segment.pk}/delete/{STATE}": "report",
        "annotations/": "report",
        f"annotations/{note.pk}/": "report",
        f"annotations/{note.pk}/delete/": "report",
        f"filtered/{STATE}": "filtered",
        "activity/": "activity",
        f"visits/{visit.pk}/": "activity",
        "settings/": "settings",
        "snippet/": "snippet",
    }


def test_every_page_of_a_site_has_its_name_the_other_sites_and_its_other_pages(
    client: Client, site: Site
) -> None:
    other = Site.objects.get(name="Blog").public_id
    for path, leads_to in paths(site).items():
        text = client.get(f"/sites/{site.public_id}/{path}").content.decode()
        assert re.findall(r"<h1>\s*(.*?)\s*</h1>", text) == ["Shop"], path
        assert text.count('<nav aria-label="Site">') == 1, path
        links = re.findall(r'<a href="([^"?]*)[^"]*"[^>]*>Blog</a>', text)
        assert links == [reverse(f"tracking:{leads_to}", args=[other])], path
        for script in ("tracking/report/menus", "tracking/switcher"):
            assert len(re.findall(rf'<script defer src="[^"]*{script}', text)) == 1, path


@pytest.mark.parametrize("path", ["details/page/", "segments/", "conditions/", "filtered/"])
def test_another_site_is_shown_in_the_same_period_without_filters(
    client: Client, site: Site, path: str
) -> None:
    text = client.get(f"/sites/{site.public_id}/{path}{STATE}").content.decode()
    (link,) = re.findall(r'<a href="[^"?]*([^"]*)"[^>]*>Blog</a>', text)
    assert unescape(link) == "?period=7d"


@pytest.mark.parametrize("path", ["details/page/", "conditions/", "filtered/"])
def test_several_sites_have_a_head_without_the_pages_of_one(
    client: Client, site: Site, path: str
) -> None:
    text = client.get(f"/sites/all/{path}").content.decode()
    assert re.findall(r"<h1>\s*(.*?)\s*</h1>", text) == ["All sites"]
    assert '<nav aria-label="Site">' not in text
