"""Prometheus's page."""

import io
import json
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils.timezone import now
from prometheus_client.parser import text_string_to_metric_families
from pytest_django.fixtures import Settings

from tracking.collect.live import live_collector
from tracking.counters import SharedCounts
from tracking.ingest.worker import drain
from tracking.models import Site
from tracking.tests.factories import SiteFactory
from tracking.tests.pipeline import CHROME, hit, spool

TOKEN = "a-long-and-random-token"
HOLDER = {"authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def shared(settings: Settings) -> SharedCounts:
    settings.METRICS_TOKEN = TOKEN
    settings.METRICS_DIR = settings.DATA_DIR / "metrics"
    return SharedCounts(settings.METRICS_DIR)


def numbers(client: Client, shared: SharedCounts) -> dict[str, float]:
    shared.write()
    answer = client.get("/metrics", headers=HOLDER)
    assert answer.status_code == 200
    return {
        "/".join([sample.name, *sample.labels.values()]): sample.value
        for family in text_string_to_metric_families(answer.content.decode())
        for sample in family.samples
    }


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("token", "headers"),
    [
        ("", {}),
        ("", {"authorization": "Bearer "}),
        (TOKEN, {}),
        (TOKEN, {"authorization": TOKEN}),
        (TOKEN, {"authorization": f"Bearer {TOKEN}x"}),
        (TOKEN, {"authorization": f"Bearer {TOKEN[:-1]}"}),
        (TOKEN, {"authorization": "Bearer \xff"}),
    ],
)
def test_without_the_token_nothing_is_there(
    client: Client, settings: Settings, token: str, headers: dict[str, str]
) -> None:
    settings.METRICS_TOKEN = token
    there = client.get("/metrics", headers=headers)
    nowhere = client.get("/setup-of-nothing.html", headers=headers)

    assert there.status_code == 404
    assert "footfall_" not in there.content.decode()
    assert "nothing here" in there.content.decode()
    assert nowhere.status_code in {302, 404}


@pytest.mark.django_db
def test_the_holder_of_the_token_gets_prometheus_text(client: Client, shared: SharedCounts) -> None:
    answer = client.get("/metrics", headers=HOLDER)

    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    assert answer.headers["Cache-Control"] == "no-store"


def send(site: Site, body: bytes, public_id: str = "") -> int:
    got: list[int] = []
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": f"/t/{public_id or site.public_id}",
        "HTTP_USER_AGENT": CHROME,
        "wsgi.input": io.BytesIO(body),
    }
    live_collector()(environ, lambda status, _: got.append(int(status[:3])))
    return got[0]


@pytest.mark.django_db
def test_each_hit_is_counted_by_what_it_was_told(
    client: Client, shared: SharedCounts, settings: Settings
) -> None:
    site = SiteFactory()
    page = json.dumps({"u": "https://site.example/"}).encode()
    before = numbers(client, shared)
    assert send(site, page) == 202
    assert send(site, b"nonsense") == 400
    assert send(site, page, "nobody") == 404
    assert send(site, b" " * 70_000) == 413
    settings.SPOOL_MAX_BYTES = 1
    assert send(site, page) == 503
    settings.SPOOL_MAX_BYTES = 10_000
    client.get(f"/sites/{site.public_id}/visit", {"url": "https://site.example/"})
    client.get(f"/sites/{site.public_id}/visit", {"url": "nonsense"})
    client.get("/sites/nobody/visit", {"url": "https://site.example/"})
    settings.SPOOL_MAX_BYTES = 1
    client.get(f"/sites/{site.public_id}/visit", {"url": "https://site.example/"})
    after = numbers(client, shared)

    assert {
        name.rpartition("/")[2]: after[name] - before.get(name, 0)
        for name in after
        if name.startswith("footfall_hits_total") and after[name] != before.get(name, 0)
    } == {"accepted": 2, "invalid": 2, "unknown_site": 2, "too_large": 1, "spool_full": 2}


@pytest.mark.django_db
def test_the_spool_and_what_ingest_did_with_it_are_told(
    client: Client, shared: SharedCounts, settings: Settings
) -> None:
    spool([hit(SiteFactory(), now(), user_agent="curl/8.0")])
    before = numbers(client, shared)
    drain()
    after = numbers(client, shared)

    assert before["footfall_spool_files"] == 1
    assert before["footfall_spool_bytes"] == before["footfall_spool_waiting_bytes"] > 0
    assert before["footfall_spool_max_bytes"] == settings.SPOOL_MAX_BYTES
    assert before["footfall_ingest_lag_seconds"] > 0
    assert after["footfall_spool_waiting_bytes"] == after["footfall_ingest_lag_seconds"] == 0
    dropped = "footfall_dropped_hits_total/bot"
    assert after[dropped] - before.get(dropped, 0) == 1


def test_what_needs_no_database_is_told_without_one(
    client: Client, shared: SharedCounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: Any) -> None:
        raise OperationalError("down")

    monkeypatch.setattr("tracking_project.metrics.taken_offsets", down)
    told = numbers(client, shared)

    assert {"footfall_spool_bytes", "footfall_hits_total/accepted"} <= told.keys()
    assert "footfall_ingest_lag_seconds" not in told
