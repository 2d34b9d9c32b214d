"""The page of a site's settings: what counts, filters, and what was not counted."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from tracking.forms.sites import MOST_FILTERS
from tracking.models import DropReason, Site
from tracking.records import TrustedProxies
from tracking.tests.factories import SiteFactory, UserFactory
from tracking.views.filtered import EXPLANATIONS

pytestmark = pytest.mark.django_db

FORM = {"name": "New", "base_url": "https://new.example", "timezone": "UTC"}
BLOCK_ADMIN = {"action": "block", "kind": "path", "value": "/admin/*"}


def url(site: Site, path: str = "settings/") -> str:
    return f"/sites/{site.public_id}/{path}"


def text_of(client: Client, site: Site) -> str:
    return client.get(url(site)).content.decode()


def filters_of(site: Site) -> set[tuple[str, str, str]]:
    return set(site.filters.values_list("action", "kind", "value"))


def test_what_counts_and_how_long_it_is_kept_is_saved(client: Client, site: Site) -> None:
    assert 'aria-describedby="id_honours_opt_out_helptext"' in text_of(client, site)
    client.post(url(site), FORM | {"keeps_query": "on", "retention_days": "365"})
    site.refresh_from_db()
    assert (site.honours_opt_out, site.keeps_query, site.retention_days) == (False, True, 365)

    client.post(url(site), FORM | {"honours_opt_out": "on", "retention_days": ""})
    site.refresh_from_db()
    assert (site.honours_opt_out, site.keeps_query, site.retention_days) == (True, False, None)


@pytest.mark.parametrize(("days", "status"), [("6", 422), ("7", 302), ("-1", 422), ("x", 422)])
def test_days_are_kept_for_a_week_at_least(
    client: Client, site: Site, days: str, status: int
) -> None:
    assert client.post(url(site), FORM | {"retention_days": days}).status_code == status


def test_a_filter_is_added_shown_and_removed(client: Client, site: Site) -> None:
    assert "No filters yet." in text_of(client, site)
    answer = client.post(url(site, "filters/"), BLOCK_ADMIN | {"value": "/admin/**"})
    assert answer.status_code == 302
    assert answer.headers["Location"] == url(site) + "#filters"
    assert filters_of(site) == {("block", "path", "/admin/*")}
    text = text_of(client, site)
    assert "Don&#x27;t count: Page /admin/*. This holds for hits from now on." in text

    client.post(url(site, f"filters/{site.filters.get().pk}/remove/"))
    assert filters_of(site) == set()
    assert "No filters yet." in text_of(client, site)


@pytest.mark.parametrize(
    ("form", "field", "error"),
    [
        ({"kind": "address", "value": "84.112.1.*"}, "value", "An address or a range"),
        ({"kind": "path", "value": "admin"}, "value", "A path that begins with /"),
        ({"kind": "country", "value": "Mordor"}, "value", "A country"),
        ({"kind": "host", "value": "a b"}, "value", "A host name"),
        ({"value": ""}, "value", "This field is required."),
        ({"value": "/" + "x" * 255}, "value", "at most 255 characters"),
        ({"kind": "planet"}, "kind", "Select a valid choice."),
        ({"action": "maybe"}, "action", "Select a valid choice."),
    ],
)
def test_a_filter_with_a_mistake_comes_back_with_it_beside_its_field(
    client: Client, site: Site, form: dict[str, str], field: str, error: str
) -> None:
    answer = client.post(url(site, "filters/"), BLOCK_ADMIN | form)
    text = answer.content.decode()

    assert answer.status_code == 422
    assert error in text.partition(f'id="id_{field}_error"')[2].partition("</ul>")[0]
    assert f'value="{site.base_url}"' in text
    assert filters_of(site) == set()


def test_one_value_has_one_filter_and_other_sites_have_their_own(
    client: Client, site: Site
) -> None:
    SiteFactory().filters.create(**BLOCK_ADMIN)
    assert client.post(url(site, "filters/"), BLOCK_ADMIN).status_code == 302
    again = client.post(url(site, "filters/"), BLOCK_ADMIN | {"action": "allow"})

    assert again.status_code == 422
    assert "There is a filter for this already." in again.content.decode()
    assert client.post(url(site, "filters/"), BLOCK_ADMIN | {"value": "/b"}).status_code == 302


def test_a_site_has_a_bounded_number_of_filters(client: Client, site: Site) -> None:
    for number in range(MOST_FILTERS - 1):
        site.filters.create(**BLOCK_ADMIN | {"value": f"/{number}"})
    assert client.post(url(site, "filters/"), BLOCK_ADMIN).status_code == 302
    answer = client.post(url(site, "filters/"), BLOCK_ADMIN | {"value": "/one-more"})

    assert answer.status_code == 422
    assert site.filters.count() == MOST_FILTERS


def test_owners_leave_out_their_own_visits_with_one_button(
    client: Client, site: Site, settings: Settings
) -> None:
    settings.TRUSTED_PROXIES = TrustedProxies(count=1)
    headers = {"X-Forwarded-For": "84.112.1.77"}
    offer = '<input type="hidden" name="value" value="84.112.1.77">'
    assert offer in client.get(url(site), headers=headers).content.decode()
    form = {"action": "block", "kind": "address", "value": "84.112.1.77"}
    client.post(url(site, "filters/"), form)

    assert filters_of(site) == {("block", "address", "84.112.1.77")}
    assert offer not in client.get(url(site), headers=headers).content.decode()


def test_nobody_touches_the_filters_of_someone_elses_site(client: Client, site: Site) -> None:
    others = SiteFactory()
    kept = others.filters.create(**BLOCK_ADMIN)
    staff = UserFactory(is_staff=True, is_superuser=True)
    for person in (site.owner, staff):
        client.force_login(person)
        assert client.post(url(others, "filters/"), BLOCK_ADMIN).status_code == 404
        assert client.post(url(others, f"filters/{kept.pk}/remove/")).status_code == 404
        assert client.post(url(site, f"filters/{kept.pk}/remove/")).status_code == 404
    client.logout()
    for path in ("filters/", f"filters/{kept.pk}/remove/"):
        assert "/accounts/login/" in client.post(url(others, path)).headers["Location"]
    assert others.filters.get() == kept


def test_filters_are_changed_by_posting_with_a_token_alone(site: Site) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(site.owner)

    assert strict.post(url(site, "filters/"), BLOCK_ADMIN).status_code == 403
    kept = site.filters.create(**BLOCK_ADMIN)
    for path in ("filters/", f"filters/{kept.pk}/remove/"):
        answer = strict.get(url(site, path), BLOCK_ADMIN)
        assert answer.headers["Location"] == url(site) + "#filters"
        assert strict.get(url(SiteFactory(), path)).status_code == 404
    assert site.filters.get() == kept


def test_filtered_traffic_is_shown_by_reason_of_30_days_and_ever(
    client: Client, site: Site
) -> None:
    assert "Every hit that came was counted." in text_of(client, site)
    today = site.today()
    for days, reason, count in (
        *((0, "bot", 1000), (29, "bot", 234), (30, "bot", 5)),
        (400, "spam", 77),
    ):
        site.dropped_hits.create(day=today - timedelta(days=days), reason=reason, count=count)
    SiteFactory().dropped_hits.create(day=today, reason="rate", count=9)
    rows = client.get(url(site)).context["filtered"]

    assert [(row.label, row.recent, row.total) for row in rows] == [
        ("Bots and crawlers", 1234, 1239),
        ("Referrer spam", 0, 77),
    ]
    assert "1,234" in text_of(client, site)


def test_every_reason_is_explained() -> None:
    assert set(EXPLANATIONS) == set(DropReason)


def test_the_page_costs_the_same_however_much_there_is(
    client: Client, site: Site, django_assert_num_queries: Any
) -> None:
    client.get(url(site))
    for number in range(2):
        site.filters.create(**BLOCK_ADMIN | {"value": f"/{number}"})
        for day in range(20 * number):
            for reason in DropReason.values:
                known = {"day": site.today() - timedelta(days=day), "reason": reason}
                site.dropped_hits.create(**known, count=1)
        with django_assert_num_queries(6):
            client.get(url(site))


def test_every_section_is_a_click_away(client: Client, site: Site) -> None:
    text = client.get(url(site)).content.decode()
    sections = re.findall(r'<a href="#([a-z]+)">', text.partition("On this page")[2])
    assert sections == ["site", "counting", "keeping", "filters", "filtered", "delete"]
    for section in sections:
        assert text.count(f'id="{section}"') == 1
