"""Hits are answered while half the threads wait for bodies and as many reports are asked for."""

import json
import os
import re
import socket
import threading
from collections import Counter
from pathlib import Path

import pytest
import requests

from tests.instance import Instance, wait_for
from tracking.tests.pipeline import CHROME

THREADS = 4
HITS = 50
BODY = json.dumps({"u": "https://site.example/slow"}).encode()
PATIENCE_SECONDS = 30


def begun_body(instance: Instance, site: str) -> socket.socket:
    """A hit of whose body the first half has been sent."""
    connection = socket.create_connection(("127.0.0.1", instance.port), timeout=PATIENCE_SECONDS)
    head = f"POST /t/{site} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(BODY)}\r\n\r\n"
    connection.sendall(head.encode() + BODY[: len(BODY) // 2])
    return connection


def finished(connection: socket.socket) -> bytes:
    """Send the other half; returns the status that the hit then gets."""
    connection.setblocking(False)
    with pytest.raises(BlockingIOError):
        # Nothing was answered so far, and the server did not hang up.
        connection.recv(1)
    connection.settimeout(PATIENCE_SECONDS)
    connection.sendall(BODY[len(BODY) // 2 :])
    status: bytes = connection.recv(1000).split()[1]
    connection.close()
    return status


def signed_in(instance: Instance) -> requests.Session:
    session = requests.Session()
    page = session.get(f"{instance.url}/accounts/login/", timeout=PATIENCE_SECONDS)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    assert token
    answer = session.post(
        f"{instance.url}/accounts/login/",
        {
            "username": "admin@example.org",
            "password": "correct horse battery",
            "csrfmiddlewaretoken": token[1],
        },
        headers={"Referer": instance.url},
        timeout=PATIENCE_SECONDS,
    )
    assert answer.url.endswith("/sites/")
    return session


class EndlessReport:
    """A report that goes on until it is told to end: what it reads is a pipe."""

    def __init__(self, instance: Instance, url: str, session: requests.Session) -> None:
        self.status = 0
        self._url, self._session = url, session
        self._pipe = instance.data_dir / "columns" / "manifest.json"
        self._pipe.parent.mkdir(exist_ok=True)
        self._pipe.unlink(missing_ok=True)
        os.mkfifo(self._pipe)
        self._thread = threading.Thread(target=self._ask)
        self._thread.start()
        wait_for("the report to be under way", self._is_read)

    def end(self) -> None:
        """Let it read an empty list, and wait for its page."""
        empty = json.dumps({"schema": 1, "last_chunk": 0, "cursors": {}, "chunks": []}).encode()
        beside = self._pipe.with_suffix(".new")
        beside.write_bytes(empty)
        beside.rename(self._pipe)
        os.write(self._writer, empty)
        os.close(self._writer)
        self._thread.join()

    def _ask(self) -> None:
        self.status = self._session.get(self._url, timeout=PATIENCE_SECONDS).status_code

    def _is_read(self) -> bool:
        try:
            self._writer = os.open(self._pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            return False
        return True


def hit_status(instance: Instance, site: str) -> int:
    # A connection of its own each time, as visitors have.
    return requests.post(
        f"{instance.url}/t/{site}",
        json.dumps({"u": "https://site.example/"}),
        headers={"User-Agent": CHROME},
        timeout=PATIENCE_SECONDS,
    ).status_code


@pytest.mark.processes
def test_hits_are_answered_beside_unfinished_bodies_and_heavy_reports(tmp_path: Path) -> None:
    instance = Instance(tmp_path / "instance", WEB_THREADS=str(THREADS))
    instance.manage("prepare")
    site = instance.manage(
        "add_site", "https://site.example", "--owner", "admin@example.org"
    ).strip()
    instance.start("web")
    try:
        session = signed_in(instance)
        url = f"{instance.url}/sites/{site}/numbers/?period=12mo"
        report = EndlessReport(instance, url, session)
        bodies = [begun_body(instance, site) for _ in range(THREADS // 2)]

        statuses: Counter[int] = Counter()
        for _ in range(HITS):
            other = session.get(url, timeout=PATIENCE_SECONDS)
            assert (other.status_code, other.headers["Retry-After"]) == (503, "1")
            statuses[hit_status(instance, site)] += 1

        assert statuses == {202: HITS}
        assert report.status == 0
        assert [finished(body) for body in bodies] == [b"202"] * len(bodies)
        report.end()
        assert report.status == 200
        assert session.get(url, timeout=PATIENCE_SECONDS).status_code == 200
    finally:
        instance.stop()
