"""Asks the report page's questions of this instance's first site, and prints what they took.

Run inside an instance that `benchmarks.year` filled and `manage.py upkeep --once` made files of.
Prints a JSON object; `benchmarks.reports` makes tables of several.
"""

import json
import os
import resource
import sys
from collections.abc import Iterable, Iterator
from datetime import timedelta
from statistics import median, quantiles
from time import perf_counter
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracking_project.settings")

import django
import duckdb

django.setup()

from django.conf import settings  # noqa: E402 - models need what setup made
from django.utils.timezone import now  # noqa: E402

from benchmarks import orm_panels  # noqa: E402
from benchmarks.traffic import agent, spool  # noqa: E402
from tracking.ingest.worker import drain  # noqa: E402
from tracking.models import Site  # noqa: E402
from tracking.records import PAGEVIEW, Hit  # noqa: E402
from tracking.reports.answers import ANSWERS, forget  # noqa: E402
from tracking.reports.conditions import Condition, Did, Filter, condition_of  # noqa: E402
from tracking.reports.engine import answer, answers  # noqa: E402
from tracking.reports.periods import Clock, Period, parse_period  # noqa: E402
from tracking.reports.query import ReportQuery  # noqa: E402
from tracking.upkeep.steps import copy_new_events  # noqa: E402

HEADLINE = (
    *("visitors", "visits", "pageviews"),
    *("views_per_visit", "bounce_rate", "visit_duration"),
)
DIMENSIONS = (
    *("page", "entry_page", "exit_page", "title", "source", "referrer", "channel", "utm_campaign"),
    *("country", "region", "city", "browser", "system", "device", "screen", "language"),
    *("event", "prop.plan"),
)
SERIES = "headline and series"
PANELS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    SERIES: (HEADLINE, ("time",)),
    **{name: (("visitors",), (name,)) for name in DIMENSIONS},
    "hour and weekday": (("visitors",), ("weekday", "hour")),
}
"""Each panel's metrics and dimensions."""

FIRST_VIEW = (
    *(SERIES, "channel", "page", "country", "browser", "event"),
    "hour and weekday",
)
"""The panels that a report asks for when it is opened; the others are behind tabs."""

OWN_CONDITIONS = {
    "event": (Filter("event", "is_not", (PAGEVIEW,)),),
    "prop.plan": (Filter("prop.plan", "is_set"),),
}
"""What a panel leaves out by itself."""

ORM_NAMES = {SERIES: ("headline", "day")}
ORM_FILTERS = ("none", "country is", "page is", "country is not", "did page is")
PERIODS = ("30d", "12mo")


def main() -> None:
    """Ask everything `rounds` times, cold and kept; with `orm`, by the ORM as well."""
    rounds = int(sys.argv[1])
    site = Site.objects.order_by("pk").first()
    assert site  # noqa: S101 - the instance was made for this
    _open_today(site)
    asked = _Asked(site)
    found = {
        "rounds": rounds,
        "asked": {
            period: {
                name: asked.all(period, condition, rounds)
                for name, condition in asked.filters.items()
            }
            for period in PERIODS
        },
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    if "orm" in sys.argv:
        found["orm"] = {period: asked.orm(period) for period in PERIODS}
    print(json.dumps(found))


def _open_today(site: Site) -> None:
    """Count a hit: while hits come, their day is read from chunks."""
    hit = Hit(
        *(site.public_id, now(), PAGEVIEW, f"{site.base_url}/"),
        user_agent=agent(0),
        address="203.0.113.1",
    )
    spool(settings.SPOOL_DIR, iter([hit]))
    drain()
    copy_new_events(settings.COLUMNS_DIR)


class _Asked:
    """Questions to one site, with the filters that its most frequent values make."""

    def __init__(self, site: Site) -> None:
        self._site, self._rules = site, site.rules()
        today, hour = self._rules.local(now())
        self._clock = Clock(now(), today, hour * 60, today - timedelta(days=400))
        [page] = self._most("page")
        [country] = self._most("country")
        self.values = {"page": page, "country": country}
        self.filters: dict[str, Condition | None] = {
            "none": None,
            "country is": Filter("country", "is", (country,)),
            "page is": Filter("page", "is", (page,)),
            "country is not": Filter("country", "is_not", (country,)),
            "page is not": Filter("page", "is_not", (page,)),
            "did page": Did(Filter("page", "is", (page,))),
        }

    def all(self, period: str, condition: Condition | None, rounds: int) -> dict[str, Any]:
        """What each panel takes, and what the page takes, and how fast the machine is meanwhile."""
        before = _machine()
        found = {
            "panels": {panel: self.panel(period, panel, condition, rounds) for panel in PANELS},
            "view": self.page(period, condition, FIRST_VIEW, rounds),
            "page": self.page(period, condition, PANELS, rounds),
        }
        return found | {"machine": median([*before, *_machine()])}

    def panel(self, period: str, panel: str, condition: Condition | None, rounds: int) -> float:
        """The 95th percentile of milliseconds that a panel takes when nothing of it is kept."""
        times = []
        for _ in range(rounds):
            forget(settings.COLUMNS_DIR / ANSWERS)
            times.append(self._took(period, panel, condition))
        return _p95(times)

    def page(
        self, period: str, condition: Condition | None, panels: Iterable[str], rounds: int
    ) -> list[float]:
        """The same of panels that are asked together: when nothing is kept, and when all is."""
        cold, kept = [], []
        for _ in range(rounds):
            forget(settings.COLUMNS_DIR / ANSWERS)
            cold.append(self._took_together(period, panels, condition))
            kept.append(self._took_together(period, panels, condition))
        return [_p95(cold), _p95(kept)]

    def orm(self, period: str) -> dict[str, dict[str, float]]:
        """Milliseconds that the ORM takes for a panel, once."""
        days = parse_period(period, self._clock)
        return {
            name: {panel: self._orm_took(days, panel, name) for panel in PANELS}
            for name in ORM_FILTERS
        }

    def _took(self, period: str, panel: str, condition: Condition | None) -> float:
        query = self._query(period, panel, condition)
        began = perf_counter()
        answer(query, settings.COLUMNS_DIR, with_totals=panel == SERIES)
        return (perf_counter() - began) * 1000

    def _took_together(
        self, period: str, panels: Iterable[str], condition: Condition | None
    ) -> float:
        queries = [self._query(period, panel, condition) for panel in panels]
        began = perf_counter()
        answers(queries, settings.COLUMNS_DIR)
        return (perf_counter() - began) * 1000

    def _query(self, period: str, panel: str, condition: Condition | None) -> ReportQuery:
        metrics, dimensions = PANELS[panel]
        parts: list[Condition] = [condition] if condition else []
        parts += OWN_CONDITIONS.get(panel, ())
        return ReportQuery(
            (self._rules,),
            parse_period(period, self._clock),
            metrics,
            dimensions,
            condition_of(parts),
            limit=10,
        )

    def _orm_took(self, days: Period, panel: str, name: str) -> float:
        value = self.values[name.removeprefix("did ").partition(" ")[0]] if name != "none" else ""
        selected = orm_panels.Filter(name, value)  # type: ignore[arg-type]
        began = perf_counter()
        for one in ORM_NAMES.get(panel, (panel,)):
            orm_panels.PANELS[one](self._site.pk, days.first_day, days.last_day, selected)
        return (perf_counter() - began) * 1000

    def _most(self, dimension: str) -> Iterator[str]:
        year = Period("year", self._clock.today - timedelta(days=364), self._clock.today)
        query = ReportQuery((self._rules,), year, ("visitors",), (dimension,), limit=1)
        for row in answer(query, settings.COLUMNS_DIR).rows:
            yield row.keys[0]


def _machine() -> list[float]:
    """Milliseconds of a task that has nothing to do with reports: how fast is the machine now?"""
    with duckdb.connect(":memory:", config={"threads": 2}) as connection:
        times = []
        for _ in range(5):
            began = perf_counter()
            connection.execute("SELECT sum(hash(range) % 1000) FROM range(10_000_000)").fetchall()
            times.append((perf_counter() - began) * 1000)
    return times


def _p95(times: list[float]) -> float:
    return quantiles(times, n=20, method="inclusive")[-1] if len(times) > 1 else times[0]


if __name__ == "__main__":
    main()
