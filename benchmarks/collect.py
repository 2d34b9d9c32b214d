"""How fast are hits taken, against what the server itself can do?

The server's options are the Procfile's; only the number of threads varies. Rounds of all
applications take turns, so that a machine that slows down slows all of them.
"""

from datetime import UTC, datetime, timedelta
from statistics import median

from benchmarks.servers import Load, fresh_instance, has_events, run_module, serving
from benchmarks.traffic import hits, spool
from tests.instance import wait_for

PROCFILE = 6
"""The number of threads there, unless WEB_THREADS says otherwise."""
SECONDS = 3
ROUNDS = 5
BACKLOG = 200_000
APPLICATIONS = {
    "constant GIF": "benchmarks.gif:application",
    "Footfall": "tracking_project.wsgi:application",
    "Footfall, collect only": "tracking_project.collect_wsgi:application",
    "Django and one insert": "benchmarks.full_stack:application",
}

SITUATIONS = ("alone", "1,000 sites", "while a backlog drains", "collect only")


def main() -> None:
    """Measure, and print a table."""
    print("| threads | application | hits/s | of the GIF's | p99 ms | of the GIF's | not taken |")
    print("|---|---|---|---|---|---|---|")
    for threads in (1, PROCFILE, 16):
        loads: dict[str, list[Load]] = {name: [] for name in APPLICATIONS}
        for _ in range(ROUNDS):
            for name, application in APPLICATIONS.items():
                with (
                    fresh_instance() as (instance, site),
                    serving(instance, application, threads) as server,
                ):
                    server.drive(site, 1)
                    loads[name].append(server.drive(site, SECONDS))
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
    _situations()


def _situations() -> None:
    """Hits in several situations, against hits alone; all with the Procfile's threads."""
    loads: dict[str, list[Load]] = {name: [] for name in SITUATIONS}
    peaks: dict[str, list[float]] = {name: [] for name in SITUATIONS}
    for _ in range(ROUNDS):
        for name in SITUATIONS:
            with fresh_instance() as (instance, site):
                if name == "1,000 sites":
                    run_module(instance, "benchmarks.sites", "999")
                begin = datetime.now(UTC) - timedelta(hours=1)
                spool(instance.data_dir / "spool", hits([site], BACKLOG, begin))
                application = APPLICATIONS[
                    "Footfall, collect only" if name == "collect only" else "Footfall"
                ]
                with serving(instance, application, PROCFILE) as server:
                    server.drive(site, 1)
                    if name == "while a backlog drains":
                        instance.start("ingest")
                        wait_for("ingest to be at it", lambda: has_events(instance))
                    loads[name].append(server.drive(site, SECONDS))
                    peaks[name].append(server.peak_mb())
    print("| collecting | hits/s | of that alone | peak MB |")
    print("|---|---|---|---|")
    alone = _median(loads["alone"], "per_second")
    for name, runs in loads.items():
        rate = _median(runs, "per_second")
        print(f"| {name} | {rate:,.0f} | {rate / alone:.2f} | {max(peaks[name]):.0f} |")


def _median(runs: list[Load], what: str) -> float:
    return float(median(getattr(run, what) for run in runs))


if __name__ == "__main__":
    main()
