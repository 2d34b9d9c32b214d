"""Lets hits arrive at an instance whose processes run, and asks until reports have the marked ones.

`python -m benchmarks.arrivals UPKEEP_PID [SECONDS]` spreads the hits over all sites. Prints as JSON
how many seconds after its append each marked hit was in a report, and what upkeep took meanwhile.
"""

import json
import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracking_project.settings")

import django

django.setup()

import re  # noqa: E402 - Django had to be set up first
import threading  # noqa: E402
from collections import deque  # noqa: E402
from collections.abc import Callable, Iterator  # noqa: E402
from dataclasses import dataclass, replace  # noqa: E402
from datetime import UTC, datetime  # noqa: E402
from pathlib import Path  # noqa: E402
from random import Random  # noqa: E402
from time import monotonic, sleep  # noqa: E402

from django.conf import settings  # noqa: E402

from benchmarks.traffic import hits  # noqa: E402
from tracking.models import Site  # noqa: E402
from tracking.records import Hit, SiteRules  # noqa: E402
from tracking.reports.conditions import Filter  # noqa: E402
from tracking.reports.engine import answer  # noqa: E402
from tracking.reports.periods import Clock, parse_period  # noqa: E402
from tracking.reports.query import ReportQuery  # noqa: E402
from tracking.spool.writer import SpoolWriter  # noqa: E402

SECONDS = 60
PER_SECOND = 200
MARKED_EVERY_SECONDS = 2.0
# No less: whoever asks takes time of the same processors.
ASKED_EVERY_SECONDS = 0.05
PATIENCE_SECONDS = 60.0
SEED = 1


@dataclass(frozen=True)
class Marked:
    """A hit that is waited for: nobody else looks at its page."""

    rules: SiteRules
    page: str
    appended_at: float

    def is_reported(self) -> bool:
        """Whether its site's realtime report has it."""
        at = datetime.now(UTC)
        today, _ = self.rules.local(at)
        period = parse_period("realtime", Clock(at, today, 0, today))
        query = ReportQuery(
            (self.rules,), period, ("pageviews",), condition=Filter("page", "is", (self.page,))
        )
        return answer(query, settings.COLUMNS_DIR).totals["pageviews"] == 1


def main(upkeep: int, seconds: int) -> None:
    """Wait until the processes are at work, then measure, and print."""
    sites = list(Site.objects.all().rules().values())
    writer = SpoolWriter(settings.SPOOL_DIR)
    traffic = hits([rules.public_id for rules in sites], (seconds + 1) * PER_SECOND, _now())
    mark = _marker(writer, sites, next(traffic))
    first: deque[Marked] = deque([mark()])
    list(_seen(first, lambda: True))
    marked: deque[Marked] = deque()
    began_at, cpu_before = monotonic(), _cpu_seconds(upkeep)
    sender = threading.Thread(
        target=_send, args=(writer, traffic, seconds, lambda: marked.append(mark())), daemon=True
    )
    sender.start()
    waits = list(_seen(marked, lambda: not sender.is_alive()))
    share = (_cpu_seconds(upkeep) - cpu_before) / (monotonic() - began_at)
    print(json.dumps({"waits": waits, "share": share, "peak_mb": _peak_mb(upkeep)}))


def _now() -> datetime:
    return datetime.now(UTC)


def _marker(writer: SpoolWriter, sites: list[SiteRules], like: Hit) -> Callable[[], Marked]:
    """What appends one more marked hit, each of a site and a visitor of its own."""
    chance = Random(SEED)
    number = 0

    def mark() -> Marked:
        nonlocal number
        number += 1
        rules, page = chance.choice(sites), f"/marked-{number}"
        writer.append(
            replace(
                like,
                site=rules.public_id,
                at=_now(),
                name="pageview",
                props=(),
                url=f"https://site.example{page}",
                address=f"19.1.1.{number}",
            )
        )
        return Marked(rules, page, monotonic())

    return mark


def _send(
    writer: SpoolWriter, traffic: Iterator[Hit], seconds: int, mark: Callable[[], None]
) -> None:
    """Append hits at an even pace; marked ones at odd moments, so that no step's beat fits them."""
    chance = Random(SEED)
    count = int(seconds / MARKED_EVERY_SECONDS)
    moments = deque((one + chance.random()) * MARKED_EVERY_SECONDS for one in range(count))
    began_at = monotonic()
    for number in range(seconds * PER_SECOND):
        sleep(max(0.0, began_at + number / PER_SECOND - monotonic()))
        writer.append(replace(next(traffic), at=_now()))
        if moments and monotonic() - began_at >= moments[0]:
            moments.popleft()
            mark()


def _seen(marked: deque[Marked], is_last: Callable[[], bool]) -> Iterator[float]:
    """For each marked hit the seconds until a report had it, until there are no more to come."""
    while not is_last() or marked:
        for one in list(marked):
            if one.is_reported():
                marked.remove(one)
                yield monotonic() - one.appended_at
            elif monotonic() - one.appended_at > PATIENCE_SECONDS:
                raise TimeoutError(f"no report has {one.page}")
        sleep(ASKED_EVERY_SECONDS)


def _cpu_seconds(pid: int) -> float:
    """The processor time that a process has used so far, in its own code and in the system's."""
    # The name before them is in brackets, and may have anything in it.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _peak_mb(pid: int) -> float:
    [found] = re.findall(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found) / 1000


if __name__ == "__main__":
    arguments = [int(one) for one in sys.argv[1:]]
    main(arguments[0], *(arguments[1:] or [SECONDS]))
