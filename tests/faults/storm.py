"""Drives real processes with marked hits while disasters happen at random moments.

Everything that is random comes from one seed, which is printed: the same seed gives the same
disasters in the same order, though not at the same instruction.
"""

import json
import os
import random
import signal
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from time import monotonic, sleep
from typing import Self

import requests

from tests.instance import Instance, wait_for
from tests.postgres import PostgreSQL

VISITORS = 40
AGENT = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/126.0.0.0 Safari/537.36"
)
# A file that a limit of this many kilobytes stops soon.
SMALL_DISK = "ulimit -f 40; "
LONGEST_PAUSE_SECONDS = 0.6
# Hours apart, so that the rules for late hits leave no choice of visits.
SHIFTS = ("+2h", "+5h", "-3h")
FAKETIME = "/usr/lib/*/faketime/libfaketime.so.1"

Disaster = Callable[[], None]


class Senders:
    """Threads that send marked hits, one after the other, and keep what was answered."""

    def __init__(self, addresses: Sequence[str], threads: int = 3) -> None:
        self.addresses = addresses
        self.sent = 0
        self.answered: set[str] = set()
        self.refused = 0
        self._turn = threading.Lock()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(threads)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        session = requests.Session()
        session.headers["User-Agent"] = AGENT
        while not self._stop.is_set():
            with self._turn:
                self.sent += 1
                number = self.sent
            self._send(session, number)

    def _send(self, session: requests.Session, number: int) -> None:
        page = f"/marker/{number}"
        body = json.dumps({"u": f"https://site.example{page}"})
        # Private addresses: public ones may not send so many hits a minute.
        client = {"X-Forwarded-For": f"10.84.1.{number % VISITORS + 1}"}
        try:
            answer = session.post(
                self.addresses[number % len(self.addresses)], body, headers=client, timeout=5
            )
        except requests.RequestException:
            self._stop.wait(0.02)
            return
        with self._turn:
            if answer.status_code == requests.codes.accepted:
                self.answered.add(page)
            else:
                self.refused += 1


class Storm:
    """Disasters that befall hosts, which share a database."""

    def __init__(
        self, hosts: Sequence[Instance], seed: int, database: PostgreSQL | None = None
    ) -> None:
        self.hosts = hosts
        self.random = random.Random(seed)
        self.database = database
        self.kills = 0

    def disasters(self) -> list[Disaster]:
        """All that can happen."""
        found: list[Disaster] = [
            lambda: self._kill("ingest"),
            lambda: self._kill("web"),
            lambda: self._kill("web", "ingest"),
            lambda: self._kill("upkeep"),
            lambda: self._kill("web", "ingest", "upkeep"),
            self._kill_worker,
            self._tear_tail,
            self._fill_disk,
            self._shift_clock,
        ]
        if self.database:
            found.append(self._lose_database)
        return found

    def rage(self, kills: int) -> None:
        """Let disasters happen until that many processes were killed, each kind in its turn."""
        waiting: list[Disaster] = []
        while self.kills < kills:
            if not waiting:
                waiting = self.disasters()
                self.random.shuffle(waiting)
            sleep(self.random.uniform(0, LONGEST_PAUSE_SECONDS))
            waiting.pop()()

    def _host(self) -> Instance:
        return self.random.choice(self.hosts)

    def _kill(self, *names: str, under: str = "") -> None:
        host = self._host()
        names = tuple(name for name in names if name in host.processes)
        workers = host.workers() if "web" in names else []
        for name in names:
            host.kill(name)
            self.kills += 1
        wait_for("orphaned workers to end", lambda: not any(_lives(pid) for pid in workers))
        if "web" in names:
            self._maybe_tear(host)
        if names:
            host.start(*names, under=under)

    def _kill_worker(self) -> None:
        for pid in self._host().workers():
            os.kill(pid, signal.SIGKILL)
            self.kills += 1

    def _tear_tail(self) -> None:
        self._kill("web")

    def _maybe_tear(self, host: Instance) -> None:
        """Leave behind what a write that was cut short leaves: half a line, or noise."""
        for path in (host.data_dir / "spool").glob("*.spool"):
            noise = self.random.choice(
                [b"", b'{"v":1,"site":"x","at":17', b"\0" * 100, self.random.randbytes(50) + b"\n"]
            )
            try:
                descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
            except FileNotFoundError:
                continue
            os.write(descriptor, noise)
            os.close(descriptor)

    def _fill_disk(self) -> None:
        self._kill("web", under=SMALL_DISK)

    def _shift_clock(self) -> None:
        shift = self.random.choice(SHIFTS)
        # Monotonic time goes on as it did: a machine whose clock is set behaves so, too.
        fake = f"LD_PRELOAD=$(echo {FAKETIME}) FAKETIME={shift} FAKETIME_DONT_FAKE_MONOTONIC=1"
        self._kill("web", under=f"export {fake}; ")

    def _lose_database(self) -> None:
        assert self.database
        self.database.stop("immediate")
        sleep(self.random.uniform(0, LONGEST_PAUSE_SECONDS))
        self.database.start()


def settle(hosts: Sequence[Instance], patience_seconds: float = 60.0) -> None:
    """Restart what should run, then wait until no spool holds anything but open files.

    A server is told to end first: its file is then finished, and removed once it is taken.
    """
    for host in hosts:
        host.stop()
        host.start("ingest")
    deadline = monotonic() + patience_seconds
    while any(list((host.data_dir / "spool").glob("*.spool")) for host in hosts):
        if monotonic() > deadline:
            raise TimeoutError("the spools to become empty")
        sleep(0.1)
    for host in hosts:
        host.stop()


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
