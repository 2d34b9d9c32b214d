"""Starts servers as the Procfile does, and drives them."""

import os
import re
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.instance import ROOT, Instance, free_port, wait_for

CONNECTIONS = 16


@dataclass(frozen=True)
class Load:
    """What one run of load gave: a rate, and the time that 99 of 100 answers took at most."""

    per_second: float
    p99_ms: float
    refused: int


def web_command(application: str) -> str:
    """The Procfile's own line for `web`, with another application."""
    [line] = [one for one in (ROOT / "Procfile").read_text().splitlines() if one[:4] == "web:"]
    return line[4:].strip().replace("tracking_project.wsgi:application", application)


@contextmanager
def fresh_instance(**environ: str) -> Iterator[tuple[Instance, str]]:
    """An instance with one site, and the site's id; none of its processes runs."""
    with tempfile.TemporaryDirectory(prefix="footfall-benchmark-") as folder:
        instance = Instance(Path(folder), **environ)
        instance.manage("prepare")
        yield instance, add_site(instance)
        instance.stop()


def add_site(instance: Instance) -> str:
    """Add a site; returns its public id."""
    return instance.manage(
        *("add_site", "https://site.example", "--owner", "admin@example.org")
    ).strip()


@contextmanager
def serving(instance: Instance, application: str, threads: int = 4) -> Iterator[str]:
    """A server of this application; yields its address."""
    port = free_port()
    process = subprocess.Popen(  # noqa: S603 - our own command
        ["/bin/sh", "-c", web_command(application)],
        cwd=ROOT,
        env=instance.environ | {"PORT": str(port), "WEB_THREADS": str(threads)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_for("the server to listen", lambda: _listens(port))
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)


def drive(url: str, seconds: int, connections: int = CONNECTIONS) -> Load:
    """Send hits as fast as they are answered."""
    printed = subprocess.run(  # noqa: S603 - our own command
        [
            *("wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s", "--latency"),
            *("-s", str(ROOT / "benchmarks" / "hits.lua"), url),
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    found = re.search(r"RESULT (\d+) (\d+) (\d+) (\d+) (\d+)", printed)
    if found is None:
        raise ValueError(f"the load gave no result: {printed}")
    requests, microseconds, p99, refused, failed = map(int, found.groups())
    return Load(requests / microseconds * 1e6, p99 / 1000, refused + failed)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
