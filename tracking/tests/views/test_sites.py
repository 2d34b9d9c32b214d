"""A person's sites."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.test import Client

from tracking.forms.sites import normalise_base_url
from tracking.models import DailyTotal, Site
from tracking.tests.factories import SiteFactory, UserFactory

pytestmark = pytest.mark.django_db

PATHS = ("", "activity/", "settings/", "delete/", "snippet/", "snippet/status")


@pytest.fixture
def site(client: Client) -> Any:
    site = SiteFactory(name="My pages")
    client.force_login(site.owner)
    return site


def url(site: Site, path: str = "") -> str:
    return f"/sites/{site.public_id}/{path}"


def test_a_newcomer_is_told_what_to_do_and_adds_a_site(client: Client) -> None:
    client.force_login(UserFactory())
    text = client.get("/sites/").content.decode()
    assert "No site yet" in text
    assert 'action="/sites/add/"' in text
    assert 'name="base_url"' in client.get("/sites/add/").content.decode()
    form = {"base_url": "Example.org/", "name": "", "timezone": "Europe/Vienna"}
    answer = client.post("/sites/add/", form)

    site = Site.objects.get()
    assert (site.name, site.base_url, site.timezone) == (
        *("example.org", "https://example.org"),
        "Europe/Vienna",
    )
    assert answer.headers["Location"] == url(site, "snippet/")


def test_a_form_with_a_mistake_comes_back_with_it(client: Client) -> None:
    client.force_login(UserFactory())
    form = {"base_url": "javascript:alert(1)", "timezone": "Mars/Olympus"}
    answer = client.post("/sites/add/", form)

    assert answer.status_code == 422
    assert "Only http and https addresses can be counted." in answer.content.decode()
    assert not Site.objects.exists()


@pytest.mark.parametrize("path", PATHS)
def test_someone_elses_site_is_not_there_whoever_asks(
    client: Client, site: Site, path: str
) -> None:
    others = SiteFactory()
    for person in (site.owner, UserFactory(is_staff=True, is_superuser=True)):
        client.force_login(person)
        for method in (client.get, client.post):
            missing = method(f"/sites/nope/{path}")
            assert method(url(others, path)).status_code == missing.status_code
            assert missing.status_code in {404, 405}
        assert client.get(url(others, path)).status_code == 404


@pytest.mark.parametrize("path", PATHS)
def test_a_stranger_is_asked_to_log_in_and_learns_nothing(path: str) -> None:
    site = SiteFactory()
    for public_id in (site.public_id, "nope"):
        answer = Client().get(f"/sites/{public_id}/{path}")
        assert answer.headers["Location"] == f"/accounts/login/?next=/sites/{public_id}/{path}"


def test_a_site_is_changed_and_keeps_its_id(client: Client, site: Site) -> None:
    form = {"name": "New", "base_url": "http://new.example:8080/a/", "timezone": "Asia/Tokyo"}
    assert client.get(url(site, "settings/")).status_code == 200
    assert client.post(url(site, "settings/"), form).status_code == 302
    site.refresh_from_db()

    assert (site.name, site.base_url) == ("New", "http://new.example:8080/a")
    assert client.post(url(site, "settings/"), form | {"base_url": ""}).status_code == 422


def test_a_changed_zone_takes_effect_at_the_next_midnight_and_not_before(site: Site) -> None:
    today = site.today()
    for name in ("Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Vienna"):
        site.timezone = name
        site.save()
    first, second = site.rules().zones[0], site.rules().zones[-1]

    assert first[1].key == "UTC"
    assert second[1].key == "Europe/Vienna"
    assert second[0] > today
    assert site.rules().zone_on(today).key == "UTC"
    assert site.rules().zone_on(today + timedelta(days=9)).key == "Europe/Vienna"
    assert site.today() == today
    site.timezone = "UTC"
    site.save()
    assert len(site.rules().zones) == 1


def test_a_site_goes_only_after_its_name_was_typed(client: Client, site: Site) -> None:
    assert client.get(url(site, "delete/")).status_code == 200
    assert client.post(url(site, "delete/"), {"name": "other"}).status_code == 422
    assert client.post(url(site, "delete/"), {"name": "My pages"}).headers["Location"] == "/sites/"
    assert not Site.objects.exists()


@pytest.mark.parametrize("host", ["http://localhost:8000", "http://127.0.0.1", "http://[::1]:80"])
def test_a_site_on_ones_own_machine_is_told_to_count_there(
    client: Client, site: Site, host: str
) -> None:
    site.base_url = host
    site.save()
    text = client.get(url(site, "snippet/")).content.decode()
    assert "<span data-attributes> data-engagement data-events data-local</span>" in text


def test_the_snippet_is_ready_to_paste_and_the_check_turns_by_itself(
    client: Client, site: Site
) -> None:
    text = client.get(url(site, "snippet/")).content.decode()
    script = f'&lt;script defer src="http://localhost:8000/t.js" data-site="{site.public_id}"'
    assert f"{script}<span data-attributes> data-engagement data-events</span>&gt;" in text
    assert f'src="http://localhost:8000/t/{site.public_id}.gif"' in text
    assert 'referrerpolicy="no-referrer-when-downgrade"' in text
    assert client.get(url(site, "snippet/status")).json() == {"works": False}
    DailyTotal.objects.create(site=site, day=site.today())
    assert client.get(url(site, "snippet/status")).json() == {"works": True}
    assert "data-status-url" not in client.get(url(site, "snippet/")).content.decode()


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("example.org", "https://example.org"),
        (" HTTP://Example.ORG:80/ ", "http://example.org"),
        ("https://example.org:443/blog/?a=1#b", "https://example.org/blog"),
        ("localhost:8000", "https://localhost:8000"),
        ("http://bücher.example/ü", "http://xn--bcher-kva.example/ü"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("http://127.0.0.1", "http://127.0.0.1"),
    ],
)
def test_a_base_url_has_one_form(text: str, address: str) -> None:
    assert normalise_base_url(text) == address


@pytest.mark.parametrize(
    "text",
    [
        *("javascript:alert(1)", "data:text/html,x", "ftp://example.org", "mailto:a@b.example"),
        *("https://user:secret@example.org", "https://", "a b.example", "https://exa\\mple.org"),
        *("https://example.org:99999", "https://[::1", "https://-.example", "x" * 300, "https://."),
    ],
)
def test_what_is_no_base_url_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        normalise_base_url(text)


def test_a_site_is_added_at_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    owner = UserFactory()
    known = ("--timezone", "Europe/Vienna")
    call_command("add_site", "example.org", "--owner", owner.email.upper(), *known)

    site = Site.objects.get()
    assert capsys.readouterr().out == f"{site.public_id}\n"
    assert (site.owner, site.timezone) == (owner, "Europe/Vienna")
    with pytest.raises(CommandError, match="owner"):
        call_command("add_site", "example.org", "--owner", "nobody@example.org")
    with pytest.raises(CommandError, match="base_url, timezone"):
        call_command("add_site", "ftp://x", "--owner", owner.email, "--timezone", "Mars")
