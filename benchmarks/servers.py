"""Starts servers as the Procfile does, and drives them."""

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
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
    """An instance with one site, and the site's id; none of its processes runs, before or after."""
    with tempfile.TemporaryDirectory(prefix="footfall-benchmark-") as folder:
        instance = Instance(Path(folder), **environ)
        instance.manage("prepare")
        try:
            yield instance, add_site(instance)
        finally:
            instance.stop()


def add_site(instance: Instance) -> str:
    """Add a site; returns its public id."""
    return instance.manage(
        *("add_site", "https://site.example", "--owner", "admin@example.org")
    ).strip()


def has_events(instance: Instance) -> bool:
    """Whether ingest has counted anything in the instance's SQLite."""
    with sqlite3.connect(instance.data_dir / "footfall.sqlite3") as database:
        return bool(database.execute("SELECT 1 FROM tracking_event LIMIT 1").fetchall())


def run_module(instance: Instance, module: str, *arguments: str) -> str:
    """Run a module of the benchmarks in a process of its own; returns what it printed."""
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env=instance.environ,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout


@dataclass(frozen=True)
class Server:
    """A server that runs, and its main process."""

    address: str
    pid: int

    def drive(self, site: str, seconds: int) -> Load:
        """Send hits of a site as fast as they are answered."""
        printed = subprocess.run(  # noqa: S603 - our own command
            [
                *("wrk", "-t", "1", "-c", str(CONNECTIONS), "-d", f"{seconds}s", "--latency"),
                *("-s", str(ROOT / "benchmarks" / "hits.lua"), f"{self.address}/t/{site}"),
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

    def peak_mb(self) -> float:
        """The most memory that its worker has held."""
        children = Path(f"/proc/{self.pid}/task").glob("*/children")
        workers = [pid for file in children for pid in file.read_text().split()]
        statuses = [Path(f"/proc/{pid}/status").read_text() for pid in workers]
        found = [int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) for status in statuses]
        return max(found) / 1000


@contextmanager
def serving(instance: Instance, application: str, threads: int) -> Iterator[Server]:
    """A server of this application, for as long as the block lasts."""
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
        yield Server(f"http://127.0.0.1:{port}", process.pid)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
