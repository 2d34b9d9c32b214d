"""How soon is a hit in a report, and what does upkeep take to get it there?

An instance with a thousand sites, whose `ingest` and `upkeep` run as the Procfile says. Hits are
appended to the spool, 200 a second for a minute, spread over the sites; 30 of them are marked, and
their sites' realtime reports are asked for until they have them.
"""

import json
from statistics import median, quantiles
from typing import Any

from benchmarks.servers import fresh_instance, run_module

SITES = 1000


def main() -> None:
    """Measure, and print a table."""
    found = _measured()
    waits: list[float] = found["waits"]
    print("| marked hits | median s | p95 s | worst s | upkeep, of one core | its peak MB |")
    print("|---|---|---|---|---|---|")
    print(
        f"| {len(waits)} | {median(waits):.2f} | {quantiles(waits, n=20)[-1]:.2f}"
        f" | {max(waits):.2f} | {found['share']:.1%} | {found['peak_mb']:.0f} |"
    )


def _measured() -> dict[str, Any]:
    with fresh_instance() as (instance, _):
        run_module(instance, "benchmarks.sites", str(SITES - 1))
        instance.start("ingest", "upkeep")
        # The shell became `nice`, and that the process itself.
        pid = instance.processes["upkeep"].pid
        return json.loads(run_module(instance, "benchmarks.arrivals", str(pid)))  # type: ignore[no-any-return]


if __name__ == "__main__":
    main()
