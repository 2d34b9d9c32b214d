"""Segments: saving, applying, renaming, changing and deleting them."""

from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client

from tracking.forms.segments import MOST_SEGMENTS
from tracking.models import Segment, Site
from tracking.tests.factories import SiteFactory, UserFactory

pytestmark = pytest.mark.django_db

GERMANS = "country:is:DE"
SIGNED_UP = "did(event:is:Sign%20up)"
STATE = f"?period=7d&f={GERMANS}&f={quote(SIGNED_UP)}"


def address(site: Site, path: str = "", query: str = STATE) -> str:
    return f"/sites/{site.public_id}/segments/{path}{query}"


def save(client: Client, site: Site, name: str, query: str = STATE, **more: str) -> Any:
    return client.post(address(site, query=query), {"name": name, **more})


def kept(site: Site, *, owner: Any = None, name: str = "Kept", texts: Any = None) -> Segment:
    conditions = [GERMANS, SIGNED_UP] if texts is None else texts
    return site.segments.create(name=name, owner=owner, conditions=conditions)


def menu(client: Client, site: Site, query: str = "?period=7d") -> list[Any]:
    found: list[Any] = client.get(f"/sites/{site.public_id}/{query}").context["segments"]
    return found


def test_filters_are_saved_and_applied_in_the_period_that_is_shown(
    client: Client, site: Site
) -> None:
    answer = save(client, site, "  Germans ")

    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(f"/sites/{site.public_id}/?period=7d&f=country")
    segment = site.segments.get()
    assert (segment.name, segment.owner) == ("Germans", site.owner)
    assert segment.conditions == [GERMANS, SIGNED_UP]
    (shown,) = menu(client, site, "?period=today&f=page:is:/other&metric=visits")
    assert not shown.is_applied
    applied = client.get(shown.url)
    assert applied.context["state"].period.key == "today"
    assert applied.context["state"].metric == "visits"
    assert [chip["words"] for chip in applied.context["chips"]] == [
        "Country is Germany",
        "did Event is Sign up",
    ]
    assert applied.context["applied"].segment == segment


def test_the_menu_has_a_form_only_where_there_is_something_new_to_save(
    client: Client, site: Site
) -> None:
    button = "Save as segment"
    assert button not in client.get(f"/sites/{site.public_id}/").content.decode()
    assert button in client.get(f"/sites/{site.public_id}/{STATE}").content.decode()
    save(client, site, "Kept")
    assert button not in client.get(f"/sites/{site.public_id}/{STATE}").content.decode()


def test_a_report_of_several_sites_has_no_segments(client: Client, site: Site) -> None:
    second = SiteFactory(owner=site.owner)
    key = f"{site.public_id}+{second.public_id}"

    assert "menu-segments" not in client.get(f"/sites/{key}/").content.decode()
    assert client.get(f"/sites/{key}/segments/").status_code == 404


@pytest.mark.parametrize(
    ("name", "query", "words"),
    [
        ("", STATE, "This field is required."),
        ("x" * 61, STATE, "at most 60"),
        ("Nothing", "?period=7d", "There are no filters to save."),
        ("Kept", STATE, "You have a segment of this name."),
    ],
)
def test_what_cannot_be_saved_says_why(
    client: Client, site: Site, name: str, query: str, words: str
) -> None:
    kept(site, owner=site.owner)
    answer = save(client, site, name, query)

    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert site.segments.count() == 1


def test_names_are_unique_among_ones_own_and_among_everybodys(client: Client, site: Site) -> None:
    kept(site, owner=UserFactory())
    assert save(client, site, "Kept").status_code == 302
    assert save(client, site, "Kept", is_shared="1").status_code == 302
    again = save(client, site, "Kept", is_shared="1")
    assert "The site has a segment of this name." in again.content.decode()
    assert {one.owner for one in site.segments.filter(name="Kept")} >= {None, site.owner}


def test_a_site_has_as_many_segments_as_a_menu_can_show(client: Client, site: Site) -> None:
    for n in range(MOST_SEGMENTS - 1):
        kept(site, name=f"Kept {n}")
    assert save(client, site, "The last").status_code == 302
    assert "delete one first" in save(client, site, "One more").content.decode()


def test_ones_own_segments_are_nobody_elses(client: Client, site: Site) -> None:
    theirs = kept(site, owner=UserFactory(), name="Theirs")
    kept(site, name="Everybody's")
    kept(SiteFactory(owner=site.owner), name="Another site's")

    assert [one.segment.name for one in menu(client, site)] == ["Everybody's"]
    for path in ("", "update/", "delete/"):
        assert client.post(address(site, f"{theirs.pk}/{path}")).status_code == 404
    assert Segment.objects.filter(pk=theirs.pk).exists()


def test_segments_of_someone_elses_site_do_not_exist(client: Client, site: Site) -> None:
    other = SiteFactory()
    segment = kept(other)

    assert client.get(address(other)).status_code == 404
    assert save(client, other, "Mine").status_code == 404
    for path in ("", "update/", "delete/"):
        assert client.post(address(other, f"{segment.pk}/{path}")).status_code == 404
        assert client.post(address(site, f"{segment.pk}/{path}")).status_code == 404
    assert other.segments.get() == segment


def test_a_segment_is_renamed(client: Client, site: Site) -> None:
    segment = kept(site)
    kept(site, name="Taken")

    taken = client.post(address(site, f"{segment.pk}/"), {"name": "Taken"})
    assert taken.status_code == 422
    assert "The site has a segment of this name." in taken.content.decode()
    answer = client.post(address(site, f"{segment.pk}/"), {"name": "Better"}, follow=True)
    assert "It is called “Better” now." in answer.content.decode()
    segment.refresh_from_db()
    assert (segment.name, segment.conditions) == ("Better", [GERMANS, SIGNED_UP])


def test_a_segment_takes_the_filters_of_the_report(client: Client, site: Site) -> None:
    segment = kept(site)
    query = "?period=7d&f=page:is:/docs"
    page = client.get(address(site, f"{segment.pk}/", query)).content.decode()
    assert "Page is /docs" in page
    assert "Update to the report" in page

    assert client.get(address(site, f"{segment.pk}/update/", query)).status_code == 302
    client.post(address(site, f"{segment.pk}/update/", "?period=7d"))
    assert site.segments.get().conditions == segment.conditions
    answer = client.post(address(site, f"{segment.pk}/update/", query))
    assert answer.headers["Location"].startswith(f"/sites/{site.public_id}/?period=7d&f=page")
    assert site.segments.get().conditions == ["page:is:%2Fdocs"]


def test_a_segment_is_deleted_after_a_question(client: Client, site: Site) -> None:
    segment = kept(site)
    page = client.get(address(site, f"{segment.pk}/delete/"))
    assert "Delete the segment" in page.content.decode()
    assert site.segments.exists()

    answer = client.post(address(site, f"{segment.pk}/delete/"), follow=True)
    assert "“Kept” is deleted." in answer.content.decode()
    assert not site.segments.exists()


@pytest.mark.parametrize(
    "texts",
    [
        *(["mood:is:good"], ["not("], [1], [["page:is:/a"]], [], {}, "page:is:/a"),
        [f"page:is:{n}" for n in range(21)],
    ],
)
def test_a_segment_that_cannot_be_read_says_so_and_can_be_deleted(
    client: Client, site: Site, texts: Any
) -> None:
    segment = kept(site, texts=texts)

    report = client.get(f"/sites/{site.public_id}/{STATE}")
    assert report.status_code == 200
    assert "can't be read" in report.content.decode()
    assert f"/segments/{segment.pk}/delete/" in report.content.decode()
    assert "read any more" in client.get(address(site)).content.decode()
    assert client.get(address(site, f"{segment.pk}/")).status_code == 200
    client.post(address(site, f"{segment.pk}/delete/"))
    assert not site.segments.exists()


def test_a_garbled_state_is_refused_by_name(client: Client, site: Site) -> None:
    segment = kept(site)
    for path in ("", f"{segment.pk}/", f"{segment.pk}/delete/"):
        answer = client.get(address(site, path, "?period=never"))
        assert answer.status_code == 400
        assert "<code>period: " in answer.content.decode()


def test_strangers_are_asked_who_they_are(site: Site) -> None:
    answer = Client().get(address(site))
    assert answer.status_code == 302
    assert "/login/" in answer.headers["Location"]


def test_a_form_without_its_token_is_refused(site: Site) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(site.owner)
    assert strict.post(address(site), {"name": "Forged"}).status_code == 403


def test_the_list_costs_the_same_for_few_and_many(
    client: Client, site: Site, django_assert_num_queries: Any
) -> None:
    kept(site)
    client.get(address(site))
    with django_assert_num_queries(9):
        client.get(address(site))
    for n in range(20):
        kept(site, name=f"More {n}")
    with django_assert_num_queries(9):
        client.get(address(site))


def test_admin_takes_only_conditions_that_say_something(client: Client, site: Site) -> None:
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    said = {"site": site.pk, "name": "From admin"}
    url = "/admin/tracking/segment/add/"

    refused = client.post(url, said | {"conditions": '["mood:is:good"]'})
    assert "Not filters of a report" in refused.content.decode()
    assert client.post(url, said | {"conditions": f'["{GERMANS}"]'}).status_code == 302
    assert site.segments.get().conditions == [GERMANS]
