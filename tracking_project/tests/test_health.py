"""What supervisors are told."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils.timezone import now
from pytest_django.fixtures import Settings

from tracking.tests.factories import SiteFactory
from tracking.tests.pipeline import hit, spool
from tracking_project.health import LONGEST_LAG_SECONDS

READY = {"database": "ok", "spool": "ok", "ingest": "ok", "ingest_lag_seconds": 0.0}


@pytest.mark.django_db
def test_an_instance_without_accounts_or_hits_is_ready(client: Client) -> None:
    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()) == (200, READY)
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("seconds", "status", "ingest"),
    [(LONGEST_LAG_SECONDS, 200, "ok"), (LONGEST_LAG_SECONDS + 1, 503, "behind")],
)
def test_an_ingest_that_is_far_behind_is_not_ready(
    client: Client, monkeypatch: pytest.MonkeyPatch, seconds: int, status: int, ingest: str
) -> None:
    at = now().replace(microsecond=0)
    monkeypatch.setattr("tracking_project.health.now", lambda: at)
    spool([hit(SiteFactory(), at - timedelta(seconds=seconds))])
    answer = client.get("/readyz")

    assert answer.status_code == status
    assert answer.json() == READY | {"ingest": ingest, "ingest_lag_seconds": float(seconds)}


@pytest.mark.django_db
def test_a_full_spool_is_not_ready(client: Client, settings: Settings) -> None:
    spool([hit(SiteFactory(), now())])
    settings.SPOOL_MAX_BYTES = 1
    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()["spool"]) == (503, "full")


@pytest.mark.django_db
def test_a_spool_that_takes_nothing_is_not_ready_and_no_path_is_told(
    client: Client, settings: Settings
) -> None:
    (settings.DATA_DIR / "file").touch()
    settings.SPOOL_DIR = settings.DATA_DIR / "file" / "spool"
    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()) == (503, READY | {"spool": "not writable"})


@pytest.mark.django_db
def test_a_spool_that_cannot_be_listed_is_not_ready(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any) -> None:
        raise PermissionError

    monkeypatch.setattr("tracking.spool.state.spool_files", refused)
    answer = client.get("/readyz")

    unknown = {"spool": "not readable", "ingest": "unknown", "ingest_lag_seconds": None}
    assert (answer.status_code, answer.json()) == (503, READY | unknown)


def test_without_its_database_it_is_not_ready_and_says_no_more_than_that(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def down() -> None:
        raise OperationalError("no such host: secret.internal")

    monkeypatch.setattr("tracking_project.health.taken_offsets", down)
    answer = client.get("/readyz")

    assert caplog.messages == []
    unknown = {"database": "not answering", "ingest": "unknown", "ingest_lag_seconds": None}
    assert (answer.status_code, answer.json()) == (503, READY | unknown)
