"""An answered hit survives kills of every process, and counts once."""

import json
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.instance import Instance, wait_for

HITS = 2000
SENDERS = 4
AGENT = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/126.0.0.0 Safari/537.36"
)


class Replay:
    """Sends marked hits from several threads, and remembers which of them were answered."""

    def __init__(self, instance: Instance, site_id: str) -> None:
        self.instance = instance
        self.url = f"{instance.url}/t/{site_id}"
        self.answered: set[str] = set()
        self.sent = 0
        self._turn = threading.Lock()

    def run(self, disasters: dict[int, Callable[[], None]]) -> None:
        """Send every hit once; after the n-th, let the disaster of that number happen meanwhile."""
        with ThreadPoolExecutor(SENDERS + 1) as threads:
            sending = [threads.submit(self._send_all, disasters) for _ in range(SENDERS)]
            for thread in sending:
                thread.result()

    def _send_all(self, disasters: dict[int, Callable[[], None]]) -> None:
        session = requests.Session()
        session.headers["User-Agent"] = AGENT
        while (number := self._next()) is not None:
            if number in disasters:
                disasters[number]()
            self._send(session, f"/marker/{number}")

    def _next(self) -> int | None:
        with self._turn:
            self.sent += 1
            return self.sent if self.sent <= HITS else None

    def _send(self, session: requests.Session, page: str) -> None:
        body = json.dumps({"n": "pageview", "u": f"https://site.example{page}"})
        try:
            answer = session.post(self.url, data=body, timeout=5)
        except requests.RequestException:
            wait_for("the web process to come back", self.instance.is_up)
            return
        if answer.ok:
            self.answered.add(page)


def restart_after_killing(instance: Instance, *names: str) -> Callable[[], None]:
    def disaster() -> None:
        workers = instance.workers() if "web" in names else []
        for name in names:
            instance.kill(name)
        # An orphaned worker must end by itself, or it would keep answering on the port.
        wait_for("orphaned workers to end", lambda: not any(alive(pid) for pid in workers))
        instance.start(*names)

    return disaster


def alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def kill_worker(instance: Instance) -> Callable[[], None]:
    def disaster() -> None:
        for pid in instance.workers():
            os.kill(pid, signal.SIGKILL)

    return disaster


def counted_pages(instance: Instance, site_id: str) -> dict[str, int]:
    known = ("report", site_id, "--period", "7d", "--metrics", "pageviews", "--by", "page")
    pages: dict[str, int] = {}
    after = ""
    while True:
        options = ("--limit", "1000", "--after", after, "--format", "json")
        found = json.loads(instance.manage(*known, *options))
        pages |= {row["page"]: row["pageviews"] for row in found["rows"]}
        if not (after := found.get("after", "")):
            return pages


@pytest.mark.processes
def test_every_answered_hit_counts_once_whatever_is_killed(instance: Instance) -> None:
    site_id = instance.manage(
        *("add_site", "https://site.example", "--owner", "admin@example.org"),
        *("--timezone", "UTC"),
    ).strip()
    instance.start()
    replay = Replay(instance, site_id)

    replay.run(
        {
            300: kill_worker(instance),
            600: restart_after_killing(instance, "ingest"),
            900: restart_after_killing(instance, "web"),
            1200: restart_after_killing(instance, "upkeep"),
            1500: restart_after_killing(instance, "web", "ingest", "upkeep"),
        }
    )

    assert len(replay.answered) > HITS // 2

    def all_counted() -> bool:
        return replay.answered <= counted_pages(instance, site_id).keys()

    wait_for("answered hits to be counted", all_counted)
    pages = counted_pages(instance, site_id)
    assert set(pages.values()) == {1}
    assert pages.keys() <= {f"/marker/{number}" for number in range(1, HITS + 1)}
