"""What an operator's monitoring sees of real processes, and what proxies can tell them."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.instance import ROOT, Instance, free_port, wait_for
from tracking.tests.pipeline import CHROME

TOKEN = "a-long-and-random-token"


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Instance]:
    made = Instance(
        tmp_path / "instance",
        METRICS_TOKEN=TOKEN,
        LOG_FORMAT="json",
        TRUSTED_PROXIES="127.0.0.1/32",
    )
    made.manage("prepare")
    yield made
    made.stop()


@contextmanager
def collecting(instance: Instance) -> Iterator[str]:
    """A process that only collects; yields its address."""
    [web] = [line for line in (ROOT / "Procfile").read_text().splitlines() if line[:4] == "web:"]
    port = free_port()
    process = subprocess.Popen(
        ["sh", "-c", web[4:].replace("tracking_project.wsgi", "tracking_project.collect_wsgi")],
        cwd=ROOT,
        env=instance.environ | {"PORT": str(port)},
        start_new_session=True,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for("the collecting process to be ready", lambda: status(f"{url}/readyz") == 200)
        yield url
    finally:
        # Its worker ends by itself, as it does when anything else ends its parent.
        process.kill()
        process.wait()


def status(url: str) -> int:
    try:
        return requests.get(url, timeout=5).status_code
    except requests.ConnectionError:
        return 0


def send(url: str, site: str, page: str, **headers: str) -> int:
    body = json.dumps({"u": f"https://site.example/{page}"})
    headers = {"User-Agent": CHROME} | {name.replace("_", "-"): headers[name] for name in headers}
    return requests.post(f"{url}/t/{site}", body, headers=headers, timeout=10).status_code


def metric(instance: Instance, name: str) -> float:
    answer = requests.get(
        f"{instance.url}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=10
    )
    found = re.search(rf"^{re.escape(name)} (\S+)$", answer.text, re.MULTILINE)
    return float(found[1]) if found else 0.0


@pytest.mark.processes
def test_numbers_are_right_across_processes_and_kills(watched: Instance) -> None:
    site = watched.manage(
        "add_site", "https://site.example", "--owner", "admin@example.org"
    ).strip()
    watched.start()
    accepted = 'footfall_hits_total{outcome="accepted"}'

    with collecting(watched) as url:
        assert [send(url, site, "a"), send(url, site, "b"), send(watched.url, site, "c")] == [
            202
        ] * 3
        assert send(url, "nobody", "d") == 404
        assert requests.get(f"{url}/readyz", timeout=5).json() == {"spool": "ok"}
        wait_for("three hits to be counted", lambda: metric(watched, accepted) == 3)
    for pid in watched.workers():
        os.kill(pid, signal.SIGKILL)
    wait_for("the web process to come back", watched.is_up)
    assert send(watched.url, site, "e") == 202

    wait_for("the fourth to be counted", lambda: metric(watched, accepted) == 4)
    wait_for("all to be taken", lambda: metric(watched, "footfall_ingest_lines_total") == 4)
    assert metric(watched, 'footfall_hits_total{outcome="unknown_site"}') == 1
    assert metric(watched, "footfall_ingest_batch_seconds_count") >= 1
    assert metric(watched, "footfall_ingest_lag_seconds") == 0
    assert requests.get(f"{watched.url}/readyz", timeout=5).json()["ingest"] == "ok"

    assert status(f"{watched.url}/nowhere%0A%E2%80%A8forged") == 404
    wait_for("the log", lambda: "forged" in watched.log.read_text())
    lines = [line for line in watched.log.read_text().splitlines() if "forged" in line]
    assert [json.loads(line)["level"] for line in lines] == ["WARNING"]


@pytest.mark.processes
def test_over_a_real_socket_only_the_last_trusted_hop_is_believed(watched: Instance) -> None:
    site = watched.manage(
        "add_site", "https://site.example", "--owner", "admin@example.org"
    ).strip()
    hops = {
        "none": {},
        "spoofed": {"X_Forwarded_For": "6.6.6.6, 84.112.1.1"},
        "both": {"X_Forwarded_For": "84.112.1.1", "Forwarded": "for=6.6.6.6"},
        "forwarded": {"Forwarded": 'for=6.6.6.6, for="[2001:db8::1]:4711"'},
    }
    with collecting(watched) as url:
        for page, headers in hops.items():
            assert send(url, site, page, **headers) == 202

    [spool] = (watched.data_dir / "spool").glob("*.spool")
    hits = [json.loads(line) for line in spool.read_text().splitlines()]
    assert {hit["url"].rpartition("/")[2]: hit["address"] for hit in hits} == {
        "none": "127.0.0.1",
        "spoofed": "84.112.1.1",
        "both": "84.112.1.1",
        "forwarded": "2001:db8::1",
    }
