"""How fast does a backlog go into the database, and what does it cost in memory?

Each row is a fresh process that takes a spool which was written before. `--quick` leaves out the
databases of 10 million events and the backlog of a million.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median

from benchmarks.servers import fresh_instance, run_module
from benchmarks.traffic import hits, spool
from tests.instance import Instance
from tests.postgres import running

EVENTS = 100_000
FULL = 10_000_000
BACKLOG = 1_000_000
ROUNDS = 3
BEGIN = datetime.now(UTC).replace(hour=8, minute=0, second=0, microsecond=0) - timedelta(days=1)


@dataclass(frozen=True)
class Case:
    """What a row measures."""

    database: str
    full: bool = False
    sites: int = 1
    new_agent_share: float | None = None
    events: int = EVENTS

    def __str__(self) -> str:
        agents = (
            "10,000, zipf"
            if self.new_agent_share is None
            else f"{1 - self.new_agent_share:.0%} in the cache"
        )
        content = "10 million events" if self.full else "empty"
        return f"| {self.database} | {content} | {self.sites:,} | {agents} | {self.events:,}"


def main() -> None:
    """Measure, and print a table; rates are compared with the first row's."""
    quick = "--quick" in sys.argv
    print("| database | before | sites | agents | hits | events/s | of the first | peak MB |")
    print("|---|---|---|---|---|---|---|---|")
    first = 0.0
    for database in ("SQLite", "PostgreSQL"):
        cases = [
            Case(database),
            *(Case(database, new_agent_share=share) for share in (0.0, 0.1, 0.5)),
            Case(database, sites=1000),
        ]
        first = _measure(cases, first)
        if not quick:
            _measure([Case(database, full=True)], first)
    if not quick:
        _measure([Case("SQLite", events=BACKLOG)], first)


def _measure(cases: list[Case], first: float) -> float:
    """Print a row for each case, whose rounds take turns; returns the first row's rate."""
    found: dict[Case, list[dict[str, float]]] = {case: [] for case in cases}
    rounds = 1 if cases[0].events == BACKLOG else ROUNDS
    if cases[0].full:
        with _instance(cases[0]) as (instance, sites):
            _drained(instance, sites, cases[0], BEGIN - timedelta(days=1))
            run_module(instance, "benchmarks.fill", str(FULL))
            for number in range(rounds):
                begin = BEGIN + timedelta(minutes=40 * number)
                found[cases[0]].append(_drained(instance, sites, cases[0], begin))
    else:
        for _ in range(rounds):
            for case in cases:
                with _instance(case) as (instance, sites):
                    found[case].append(_drained(instance, sites, case, BEGIN))
    for case, runs in found.items():
        rate = median(run["lines"] / run["seconds"] for run in runs)
        first = first or rate
        peak = max(run["peak_mb"] for run in runs)
        print(f"{case} | {rate:,.0f} | {rate / first:.2f} | {peak:.0f} |", flush=True)
    return first


@contextmanager
def _instance(case: Case) -> Iterator[tuple[Instance, list[str]]]:
    if case.database == "SQLite":
        with fresh_instance() as (instance, site):
            yield instance, [site, *_more_sites(instance, case)]
        return
    with (
        running(durable=True) as server,
        fresh_instance(DATABASE_URL=server.url) as (instance, site),
    ):
        yield instance, [site, *_more_sites(instance, case)]


def _more_sites(instance: Instance, case: Case) -> list[str]:
    if case.sites == 1:
        return []
    return json.loads(run_module(instance, "benchmarks.sites", str(case.sites - 1)))  # type: ignore[no-any-return]


def _drained(instance: Instance, sites: list[str], case: Case, begin: datetime) -> dict[str, float]:
    found = hits(sites, case.events, begin, new_agent_share=case.new_agent_share)
    spool(instance.data_dir / "spool", found)
    return json.loads(run_module(instance, "benchmarks.drain"))  # type: ignore[no-any-return]


if __name__ == "__main__":
    main()
