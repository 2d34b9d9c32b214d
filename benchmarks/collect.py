"""How fast are hits taken, against what the server itself can do?

The server's options are the Procfile's; only the number of threads varies. Rounds of all
applications take turns, so that a machine that slows down slows all of them.
"""

from datetime import UTC, datetime, timedelta
from statistics import median

from benchmarks.servers import Load, drive, fresh_instance, serving
from benchmarks.traffic import hits, spool

SECONDS = 3
ROUNDS = 5
BACKLOG = 200_000
APPLICATIONS = {
    "constant GIF": "benchmarks.gif:application",
    "Footfall": "tracking_project.wsgi:application",
    "Footfall, collect only": "tracking_project.collect_wsgi:application",
    "Django and one insert": "benchmarks.full_stack:application",
}


def main() -> None:
    """Measure, and print a table."""
    print("| threads | application | hits/s | of the GIF's | p99 ms | of the GIF's | not taken |")
    print("|---|---|---|---|---|---|---|")
    for threads in (1, 4, 16):
        loads: dict[str, list[Load]] = {name: [] for name in APPLICATIONS}
        for _ in range(ROUNDS):
            for name, application in APPLICATIONS.items():
                with (
                    fresh_instance() as (instance, site),
                    serving(instance, application, threads) as address,
                ):
                    drive(f"{address}/t/{site}", 1)
                    loads[name].append(drive(f"{address}/t/{site}", SECONDS))
        gif = loads["constant GIF"]
        for name, runs in loads.items():
            rate, p99 = _median(runs, "per_second"), _median(runs, "p99_ms")
            print(
                f"| {threads} | {name} | {rate:,.0f} | {rate / _median(gif, 'per_second'):.2f}"
                f" | {p99:.1f} | {p99 / _median(gif, 'p99_ms'):.1f}"
                f" | {sum(run.refused for run in runs)} |",
                flush=True,
            )
    print()
    _while_draining()


def _while_draining() -> None:
    """Hits while ingest takes a backlog, against hits alone; both with the Procfile's threads."""
    alone: list[Load] = []
    draining: list[Load] = []
    for _ in range(ROUNDS):
        for loads in (alone, draining):
            with fresh_instance() as (instance, site):
                begin = datetime.now(UTC) - timedelta(hours=1)
                spool(instance.data_dir / "spool", hits([site], BACKLOG, begin))
                with serving(instance, APPLICATIONS["Footfall"], 4) as address:
                    drive(f"{address}/t/{site}", 1)
                    if loads is draining:
                        instance.start("ingest")
                    loads.append(drive(f"{address}/t/{site}", SECONDS))
    print("| collecting | hits/s | of that alone |")
    print("|---|---|---|")
    for name, loads in (("alone", alone), ("while a backlog drains", draining)):
        rate = _median(loads, "per_second")
        print(f"| {name} | {rate:,.0f} | {rate / _median(alone, 'per_second'):.2f} |")


def _median(runs: list[Load], what: str) -> float:
    return float(median(getattr(run, what) for run in runs))


if __name__ == "__main__":
    main()
