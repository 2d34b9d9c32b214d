"""Everything of an instance in Django admin."""

import fcntl
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now
from pytest_django.fixtures import Settings

from tracking.counters import SharedCounts, count_batch, count_hit
from tracking.ingest.worker import drain
from tracking.models import LogImport, SpoolFile
from tracking.spool.writer import SpoolWriter
from tracking.tests.factories import SiteFactory, UserFactory
from tracking.tests.pipeline import NINE, count, hit, spool

pytestmark = pytest.mark.django_db

LISTS = (
    *("site", "visit", "event", "engagement", "dailytotal", "droppedhits"),
    *("logimport", "spoolfile", "salt"),
)


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    return client


def fill(sites: int) -> None:
    for site in SiteFactory.create_batch(sites):
        site.imports.create()
        count(
            [
                hit(site),
                hit(site, name="engagement", engaged_seconds=3),
                hit(site, user_agent="curl"),
            ]
        )


@pytest.mark.parametrize("model", LISTS)
def test_every_list_opens_and_costs_the_same_for_few_and_many_rows(
    staff: Client, django_assert_max_num_queries: Any, model: str
) -> None:
    url = reverse(f"admin:tracking_{model}_changelist")
    fill(2)
    assert staff.get(url).status_code == 200
    with django_assert_max_num_queries(8) as few:
        staff.get(url)
    fill(12)
    with django_assert_max_num_queries(8) as many:
        text = staff.get(url).content.decode()
    assert len(few) == len(many)
    assert "<style" not in text
    assert " style=" not in text


@pytest.mark.parametrize("model", ["visit", "event", "engagement", "dailytotal", "spoolfile"])
def test_records_are_read_only(staff: Client, model: str) -> None:
    fill(1)
    found = staff.get(reverse(f"admin:tracking_{model}_changelist"))
    pk = found.context["cl"].result_list[0].pk
    change = reverse(f"admin:tracking_{model}_change", args=[pk])

    assert staff.get(change).status_code == 200
    assert staff.post(change, {}).status_code == 403
    delete = reverse(f"admin:tracking_{model}_delete", args=[pk])
    assert staff.post(delete, {"post": "yes"}).status_code == 403
    assert staff.get(reverse(f"admin:tracking_{model}_add")).status_code == 403


def test_sites_are_found_by_name_and_owner_and_show_their_numbers(staff: Client) -> None:
    site = SiteFactory(name="Findable")
    SiteFactory(name="Other")
    for query in ("Findable", site.owner.email, site.public_id):
        text = staff.get(reverse("admin:tracking_site_changelist"), {"q": query}).content.decode()
        assert f"/sites/{site.public_id}/" in text
        assert "Other" not in text


def test_a_site_is_made_and_changed_in_admin(staff: Client) -> None:
    owner = UserFactory()
    form = {
        "name": "New",
        "base_url": "https://new.example",
        "owner": owner.pk,
        "timezone": "Europe/Vienna",
        "zones-TOTAL_FORMS": 0,
        "zones-INITIAL_FORMS": 0,
        "filters-TOTAL_FORMS": 1,
        "filters-INITIAL_FORMS": 0,
        "filters-0-action": "block",
        "filters-0-kind": "address",
        "filters-0-value": "84.112.1.77/16",
        "retention_days": "365",
    }
    answer = staff.post(reverse("admin:tracking_site_add"), form)
    assert answer.status_code == 302
    site = owner.sites.get()
    assert site.rules().zones[0][1].key == "Europe/Vienna"
    assert site.retention_days == 365
    assert site.filters.get().value == "84.112.0.0/16"
    wrong = staff.post(reverse("admin:tracking_site_add"), form | {"filters-0-value": "nonsense"})
    assert "An address or a range" in wrong.content.decode()
    text = staff.get(reverse("admin:tracking_site_change", args=[site.pk])).content.decode()
    assert "admin-autocomplete" in text
    assert (
        staff.post(reverse("admin:tracking_site_add"), form | {"timezone": "Mars"}).status_code
        == 200
    )


def test_what_was_not_counted_is_found_by_site_reason_and_day(staff: Client) -> None:
    site, other = SiteFactory(name="Findable"), SiteFactory(name="Other")
    for one, reason, days in ((site, "bot", 0), (site, "spam", 40), (other, "bot", 0)):
        day = one.today() - timedelta(days=days)
        one.dropped_hits.create(day=day, reason=reason, count=1)
    url = reverse("admin:tracking_droppedhits_changelist")

    def found(**query: str) -> int:
        count: int = staff.get(url, query).context["cl"].result_count
        return count

    assert found(q="Findable") == found(q=site.public_id) == 2
    assert found(reason="bot") == 2
    assert found(day__gte=str(site.today())) == 2
    assert found(q="Findable", reason="spam") == 1


def test_a_salt_is_shown_to_nobody(staff: Client) -> None:
    fill(1)
    found = staff.get(reverse("admin:tracking_salt_changelist"))
    salt = found.context["cl"].result_list[0]
    text = staff.get(reverse("admin:tracking_salt_change", args=[salt.pk])).content.decode()

    assert "secret" not in text


def test_an_import_is_closed_and_its_secret_erased(staff: Client) -> None:
    log_import = SiteFactory().imports.create()
    url = reverse("admin:tracking_logimport_changelist")
    staff.post(url, {"action": "close", "_selected_action": [log_import.pk]})

    assert LogImport.objects.get().secret is None
    assert staff.get(reverse("admin:tracking_logimport_add")).status_code == 403


def test_the_status_tells_what_waits_and_what_runs(staff: Client, settings: Settings) -> None:
    url = reverse("admin:tracking_spoolfile_changelist")
    assert "not running" in staff.get(url).content.decode()
    spool([hit(SiteFactory(), NINE)])
    settings.DATA_DIR.mkdir(exist_ok=True)
    with (settings.SPOOL_DIR / "ingest.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        status = staff.get(url).context["status"]
    assert status["ingest_runs"]
    assert not status["upkeep_runs"]
    assert status["files"] == 1
    assert status["waiting_bytes"] > 0
    (settings.DATA_DIR / "upkeep.lock").touch()
    call_command("ingest", "--once")
    call_command("upkeep", "--once")
    status = staff.get(url).context["status"]
    assert status["waiting_bytes"] == status["lag_seconds"] == 0
    assert not status["ingest_runs"]
    assert status["last_chunk_at"]


def test_the_status_shows_how_fast_hits_are_taken_and_what_became_of_them(
    staff: Client, settings: Settings, tmp_path: Path
) -> None:
    url = reverse("admin:tracking_spoolfile_changelist")
    settings.METRICS_DIR = tmp_path / "metrics"
    empty = staff.get(url).content.decode()
    assert "not known yet" in empty
    assert "none yet" in empty

    site = SiteFactory(timezone="UTC")
    writer = SpoolWriter(settings.SPOOL_DIR)
    writer.append(hit(site, now(), user_agent="curl"))
    drain()
    SpoolFile.objects.update(created_at=now() - timedelta(seconds=10))
    count_hit(202)
    count_batch(1, 0.5)
    shared = SharedCounts(settings.METRICS_DIR)
    shared.write()
    text = " ".join(staff.get(url).content.decode().split())
    writer.close()

    assert "0.1 a second" in text
    assert "accepted: " in text
    assert "Bots and crawlers: 1" in text
    assert "not known yet" not in text


def test_a_page_of_records_past_the_end_is_no_error(staff: Client) -> None:
    fill(1)
    assert settings.COLUMNS_DIR.exists()
    url = reverse("admin:tracking_event_changelist")
    assert staff.get(url, {"p": 99}).status_code in {200, 302}


def test_prepare_makes_an_instance_ready(
    capsys: pytest.CaptureFixture[str], settings: Settings
) -> None:
    settings.STATIC_ROOT = settings.DATA_DIR / "static"
    call_command("prepare")
    assert "one-time code" in capsys.readouterr().out
    call_command("prepare", "--quiet")
    assert capsys.readouterr().out == ""
    UserFactory()
    call_command("prepare")
    assert "one-time code" not in capsys.readouterr().out


def test_admin_looks_like_the_rest(staff: Client) -> None:
    text = staff.get("/admin/").content.decode()
    assert "tracking/admin.css" in text
    assert "Footfall administration" in text
    assert "style=" not in text
