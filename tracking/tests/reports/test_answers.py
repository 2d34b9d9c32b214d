"""What was answered about sealed days is kept; open days are asked about anew."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from pathlib import Path
from threading import Barrier, Event, current_thread
from typing import Any

import diskcache
import pytest
from django.conf import settings

from tracking.columns import duck
from tracking.columns.manifest import EVENTS, VISITS, site_folder
from tracking.errors import ReportUnavailable
from tracking.models import Site
from tracking.reports import engine
from tracking.reports.answers import ANSWERS, forget
from tracking.reports.at_once import keep_sealed
from tracking.reports.conditions import Did, Filter
from tracking.reports.engine import answer, answers
from tracking.reports.periods import Period
from tracking.reports.query import ReportQuery
from tracking.reports.statements import Statement
from tracking.tests.factories import SiteFactory
from tracking.tests.pipeline import MONDAY, NINE, ask, count, hit, seal

DAY = timedelta(days=1)
TUESDAY = MONDAY + DAY


def sealed_site(*pages: str) -> Site:
    site: Site = SiteFactory()
    count([hit(site, page=page) for page in pages])
    assert seal(NINE + 2 * DAY) == 1
    return site


def spoil_sealed_files(site: Site) -> None:
    for suffix in (EVENTS, VISITS):
        for path in site_folder(settings.COLUMNS_DIR, site.pk).glob(f"*{suffix}"):
            path.write_bytes(b"spoiled")


def pageviews(site: Site) -> dict[str, object]:
    rows = ask(site, last_day=TUESDAY, metrics=("pageviews",), by="page").rows
    return {row.keys[0]: row.metrics["pageviews"] for row in rows}


@pytest.mark.django_db
def test_an_answer_over_sealed_days_is_kept_and_new_events_are_added() -> None:
    site = sealed_site("/a", "/b")
    assert pageviews(site) == {"/a": 1, "/b": 1}
    spoil_sealed_files(site)
    count([hit(site, NINE + DAY, "/b")])

    assert pageviews(site) == {"/a": 1, "/b": 2}
    with pytest.raises(ReportUnavailable):
        ask(site, last_day=TUESDAY, metrics=("pageviews",), by="title")


@pytest.mark.django_db
def test_a_day_that_is_written_anew_is_answered_anew() -> None:
    site = sealed_site("/a")
    assert pageviews(site) == {"/a": 1}
    count([hit(site, page="/a")])

    assert pageviews(site) == {"/a": 2}
    seal(NINE + 3 * DAY)
    assert pageviews(site) == {"/a": 2}


@pytest.mark.django_db
def test_the_same_question_to_two_sites_has_two_answers() -> None:
    one, other = sealed_site("/a"), sealed_site("/a", "/b")
    assert pageviews(one) == {"/a": 1}
    assert pageviews(other) == {"/a": 1, "/b": 1}
    assert pageviews(one) == {"/a": 1}


def told_in_another_process(seed: int) -> str:
    code = (
        "import django; django.setup();"
        "from tracking.reports.statements import Ask;"
        "wanted = frozenset({'visits', 'pageviews', 'bounces', 'rated', 'duration'});"
        "print(Ask(('page',), 'day', None, None, wanted).told)"
    )
    environment = {**os.environ, "PYTHONHASHSEED": str(seed)}
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True
    ).stdout


def test_processes_keep_an_answer_under_the_same_name() -> None:
    assert told_in_another_process(1) == told_in_another_process(2)


@pytest.mark.django_db
def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracking.reports.answers.MOST_BYTES", 64 * 1024)
    site = sealed_site("/a")
    for number in range(120):
        ask(site, MONDAY - number * DAY, metrics=("pageviews",), by="page")

    kept = diskcache.Cache(str(settings.COLUMNS_DIR / "answers"))
    assert kept.volume() < 128 * 1024
    assert pageviews(site) == {"/a": 1}


@pytest.mark.django_db
def test_an_answer_that_cannot_be_kept_is_an_answer_all_the_same(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    site = sealed_site("/a")

    def full(*_: object, **__: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(diskcache.Cache, "set", full)
    assert pageviews(site) == {"/a": 1}
    assert "could not be kept" in caplog.text
    assert not list(Path(settings.COLUMNS_DIR / "answers").glob("*.parquet"))


@pytest.mark.django_db
def test_questions_of_one_turn_may_be_alike_in_all_but_how_much_they_show() -> None:
    site = SiteFactory()
    pages = [f"/{number}" for number in range(5)]
    count([hit(site, page=page, address=f"84.112.1.{page[1:]}") for page in pages])
    assert seal(NINE + DAY) == 1
    count([hit(site, NINE + 2 * DAY, page, address="84.112.1.9") for page in pages[3:]])
    days = Period("days", MONDAY, MONDAY + 2 * DAY)
    one = ReportQuery((site.rules(),), days, ("visitors",), ("page",), limit=3)
    queries = [
        *(one, one, replace(one, limit=1)),
        replace(one, compared=Period("before", MONDAY - DAY, MONDAY)),
        replace(one, period=Period("longer", MONDAY, MONDAY + 5 * DAY)),
    ]

    for _ in ("nothing is kept", "all is kept"):
        found = answers(queries, settings.COLUMNS_DIR)
        for query, report in zip(queries, found, strict=True):
            alone = answer(query, settings.COLUMNS_DIR)
            assert (report.rows, report.row_count) == (alone.rows, 5)
            assert (report.first, bool(report.after)) == (1, bool(alone.after))
            assert [row.keys[0] for row in report.rows] == ["/3", "/4", "/0"][: query.limit]


@pytest.mark.django_db
def test_any_two_panels_may_be_asked_in_one_turn() -> None:
    site = sealed_site("/a", "/b")
    count([hit(site, NINE + DAY, "/b")])
    whole = ReportQuery((site.rules(),), Period("days", MONDAY, MONDAY + DAY), ("visitors",))
    panels = [
        replace(whole, metrics=("visitors", "bounce_rate"), dimensions=("time",)),
        *(
            replace(whole, dimensions=names)
            for names in (("weekday", "hour"), ("page",), ("country",), ())
        ),
    ]

    for queries in permutations(panels, 2):
        alone = [answer(query, settings.COLUMNS_DIR) for query in queries]
        assert all(report.rows or report.totals["visitors"] for report in alone)
        assert answers(queries, settings.COLUMNS_DIR) == alone


@pytest.mark.django_db
def test_a_turn_ends_in_the_duckdb_that_it_began_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another turn may have met a file that ends the process's DuckDB: the next one is another."""
    site = sealed_site("/a")
    count([hit(site, NINE + DAY)])
    whole = ReportQuery((site.rules(),), Period("days", MONDAY, MONDAY + DAY), ("visitors",))
    queries = [replace(whole, dimensions=(name,)) for name in ("time", "page", "country")]
    right = answers(queries, settings.COLUMNS_DIR)

    def after_another_ended(*args: Any) -> None:
        duck._opened.cache_clear()
        keep_sealed(*args)

    monkeypatch.setattr(engine, "keep_sealed", after_another_ended)
    assert answers(queries, settings.COLUMNS_DIR) == right


def test_threads_that_ask_first_at_the_same_time_share_one_duckdb() -> None:
    at_once = 8
    together = Barrier(at_once, timeout=30)

    def seen_by(number: int) -> int:
        together.wait()
        with duck.cursor(settings.COLUMNS_DIR, duck.READING) as cursor:
            cursor.execute(f"CREATE TABLE of_thread_{number} (value INTEGER)")
            together.wait()
            [[tables]] = cursor.execute("SELECT count(*) FROM duckdb_tables()").fetchall()
            return int(tables)

    with ThreadPoolExecutor(at_once) as threads:
        assert [*threads.map(seen_by, range(at_once))] == [at_once] * at_once


@pytest.mark.django_db
def test_panels_that_are_asked_together_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    site = sealed_site("/a", "/b")
    seen = Filter("page", "is", ("/a",))
    whole = ReportQuery((site.rules(),), Period("day", MONDAY, MONDAY), ("visitors",))
    read: list[str] = []
    run = Statement.run

    def counted(self: Statement, *args: Any) -> None:
        read.append(self.sql)
        run(self, *args)

    monkeypatch.setattr(Statement, "run", counted)
    places, others = ("country", "region", "browser", "device"), ("source", "channel", "language")
    for condition, alike, sets_of_visits in (
        (None, places, 0),
        (seen, places, 1),
        (Did(seen), others, 1),
        (Filter("entry_page", "is", ("/a",)), others, 0),
    ):
        queries = [replace(whole, condition=condition, dimensions=(name,)) for name in alike]
        read.clear()
        forget(settings.COLUMNS_DIR / ANSWERS)
        reports = answers(queries, settings.COLUMNS_DIR)
        assert all(report.rows for report in reports)
        # One for totals or whose they are, one for all panels, and one for which visits are chosen.
        assert sum("read_parquet($sealed_" in sql for sql in read) == 2 + sets_of_visits


@pytest.mark.django_db
def test_what_a_turn_makes_goes_with_it() -> None:
    site = sealed_site("/a", "/b")
    count([hit(site, NINE + DAY, "/b")])
    whole = ReportQuery((site.rules(),), Period("custom", MONDAY, TUESDAY), ("visitors",))
    queries = [replace(whole, dimensions=(name,)) for name in ("page", "source", "country")]
    assert all(report.rows for report in answers(queries, settings.COLUMNS_DIR))
    forget(settings.COLUMNS_DIR / ANSWERS)
    spoil_sealed_files(site)
    with pytest.raises(ReportUnavailable):
        answers(queries, settings.COLUMNS_DIR)

    with duck.cursor(settings.COLUMNS_DIR, duck.READING) as cursor:
        assert cursor.execute("SELECT table_name FROM duckdb_tables()").fetchall() == []
        made = "SELECT schema_name FROM duckdb_schemas() WHERE NOT internal"
        assert cursor.execute(made).fetchall() == []


@pytest.mark.django_db
def test_a_series_does_not_wait_for_that_of_somebody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    site = sealed_site("/a")
    days = Period("custom", MONDAY, TUESDAY)
    series = ReportQuery((site.rules(),), days, ("visits",), ("time",))
    began, may_end = Event(), Event()
    run = Statement.run

    def held(self: Statement, *args: Any) -> None:
        if current_thread().name.startswith("slow"):
            began.set()
            assert may_end.wait(20)
        run(self, *args)

    monkeypatch.setattr(Statement, "run", held)
    with ThreadPoolExecutor(1, "slow") as threads:
        slow = threads.submit(answer, series, settings.COLUMNS_DIR)
        assert began.wait(20)
        quick = answer(series, settings.COLUMNS_DIR)
        may_end.set()
        assert slow.result() == quick
