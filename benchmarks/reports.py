"""How long do the report page's panels take over a year, and what do its files weigh?

Two instances are made from a fixed seed, of a million and of ten million events; `--quick` makes
the first alone, and the ORM is asked about that one. `--at FOLDER ...` asks instances that are
there already, the smaller one first.
"""

import json
import os
import sqlite3
import sys
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from benchmarks.servers import fresh_instance, run_module
from tests.instance import Instance

SIZES = (1_000_000, 10_000_000)
ROUNDS = 10
# Distinct visitors of these under a wide filter on the visit have a limit of their own.
PAGES = ("page", "title")
SERIES = "headline and series"

Found = dict[str, Any]


def main() -> None:
    """Measure, and print tables."""
    found: list[Found] = []
    if "--at" in sys.argv:
        for folder in sys.argv[sys.argv.index("--at") + 1 :]:
            found.append(_asked(Instance(Path(folder)), 0, with_orm=not found))
    else:
        for events in SIZES[:1] if "--quick" in sys.argv else SIZES:
            with fresh_instance() as (instance, _):
                found.append(_asked(instance, events, with_orm=not found))
    _print_panels(found[-1])
    _print_growth(found)
    _print_orm(found[0])
    _print_sizes(found)


def _asked(instance: Instance, events: int, *, with_orm: bool) -> Found:
    began = perf_counter()
    if events:
        run_module(instance, "benchmarks.year", str(events))
        instance.manage("upkeep", "--once")
        # Gigabytes that are yet to be written would hold up the first panels.
        os.sync()
    made = perf_counter() - began
    more = ("orm",) if with_orm else ()
    found: Found = json.loads(run_module(instance, "benchmarks.panels", str(ROUNDS), *more))
    return found | {"made_seconds": made} | _weights(instance.data_dir)


def _weights(folder: Path) -> Found:
    """Events, and the bytes that tables and files take for them."""
    with sqlite3.connect(folder / "footfall.sqlite3") as database:
        [[events]] = database.execute("SELECT count(*) FROM tracking_event")
        names = "('tracking_event', 'tracking_visit', 'tracking_engagement')"
        [[tables]] = database.execute(
            "SELECT sum(pgsize) FROM dbstat WHERE name IN"
            f" (SELECT name FROM sqlite_schema WHERE tbl_name IN {names})"
        )
    files = (folder / "columns" / "sites").rglob("*.parquet")
    columns = sum(path.stat().st_size for path in files)
    return {"events": events, "table_bytes": tables, "column_bytes": columns}


def _print_panels(found: Found) -> None:
    print(f"{found['events']:,} events, 95th percentiles of {found['rounds']}, in milliseconds:\n")
    print(
        "| period | filter | headline, series | pages, titles | slowest other | which"
        " | median panel | first view, cold | kept | with all tabs, cold | kept | machine |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|---|")
    for period, filters in found["asked"].items():
        for name, asked in filters.items():
            panels = asked["panels"]
            others = {one: ms for one, ms in panels.items() if one not in {SERIES, *PAGES}}
            slowest = max(others, key=others.__getitem__)
            together = [*asked["view"], *asked["page"]]
            numbers = (panels[SERIES], max(panels[one] for one in PAGES), others[slowest])
            cells = [period, name, *(f"{ms:.0f}" for ms in numbers), slowest]
            cells += [f"{ms:,.0f}" for ms in (median(panels.values()), *together, asked["machine"])]
            print(f"| {' | '.join(cells)} |")


def _print_growth(found: list[Found]) -> None:
    if len(found) == 1:
        return
    print("\n| filter | 12 months, all panels, of a million | of ten million | ratio |")
    print("|---|---|---|---|")
    for name in found[0]["asked"]["12mo"]:
        small, large = (one["asked"]["12mo"][name]["page"][0] for one in found)
        print(f"| {name} | {small:,.0f} | {large:,.0f} | {large / small:.1f} |")


def _print_orm(found: Found) -> None:
    print(f"\n{found['events']:,} events, 12 months, all panels:\n")
    print("| filter | by the ORM on SQLite | Footfall | ratio |")
    print("|---|---|---|---|")
    for name, panels in found["orm"]["12mo"].items():
        asked = found["asked"]["12mo"][OWN_NAMES.get(name, name)]
        orm, own = sum(panels.values()), asked["page"][0]
        print(f"| {name} | {orm:,.0f} | {own:,.0f} | {orm / own:.0f} |")


OWN_NAMES = {"did page is": "did page"}


def _print_sizes(found: list[Found]) -> None:
    print("\n| events | made in | bytes an event in columns | in SQLite | peak MB |")
    print("|---|---|---|---|---|")
    for one in found:
        weights = (one["column_bytes"] / one["events"], one["table_bytes"] / one["events"])
        cells = [f"{one['events']:,}", f"{one['made_seconds']:.0f} s"]
        cells += [f"{weight:.1f}" for weight in weights] + [str(one["peak_mb"])]
        print(f"| {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
