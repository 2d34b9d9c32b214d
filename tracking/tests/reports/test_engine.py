"""What the engine does with rows, buckets and files, beside what test_properties.py asks it."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from django.conf import settings

from tracking.columns.manifest import read_manifest
from tracking.errors import ReportsBusy, ReportUnavailable
from tracking.reports import engine
from tracking.reports.conditions import Filter
from tracking.reports.periods import Interval
from tracking.tests.factories import SiteFactory
from tracking.tests.pipeline import MONDAY, NINE, ask, count, hit, seal

LAST_DAY = MONDAY + timedelta(days=3)


@pytest.mark.django_db
def test_rows_come_with_the_largest_first_and_no_more_than_asked_for() -> None:
    site = SiteFactory()
    count([hit(site, page=page) for page in ("/b", "/a", "/a", "/c")])
    report = ask(site, metrics=("pageviews",), by="page", limit=2)

    rows = [(row.keys, row.metrics["pageviews"]) for row in report.rows]
    assert rows == [(("/a",), 2), (("/b",), 1)]
    assert report.row_count == 3


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("interval", "last_day", "buckets"),
    [("hour", MONDAY, 24), ("day", LAST_DAY, 4), ("month", date(2026, 5, 1), 3)],
)
def test_a_series_has_every_bucket(interval: Interval, last_day: date, buckets: int) -> None:
    site = SiteFactory()
    count([hit(site)])
    metrics = ("visits", "bounce_rate")
    report = ask(site, MONDAY, last_day, metrics, "time", interval=interval)

    assert len(report.rows) == buckets
    assert sum(row.metrics["visits"] == 1 for row in report.rows) == 1
    assert report.rows[-1].metrics == {"visits": 0, "bounce_rate": None}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("by", "interval", "keys"),
    [
        ((), None, ("",)),
        (("hour",), None, ("10",)),
        (("time",), "hour", ("2026-03-02T10",)),
        (("hour", "source"), None, ("10", "Direct")),
        (("source",), None, ("Direct",)),
        (("page",), None, ("/",)),
    ],
)
def test_numbers_that_no_sum_of_sealed_days_is_needed_for(
    by: tuple[str, ...], interval: Interval | None, keys: tuple[str, ...]
) -> None:
    site = SiteFactory(timezone="Europe/Vienna")
    sold: dict[str, Any] = {"name": "Buy", "revenue_micros": 2_500_000, "currency": "EUR"}
    count([hit(site), hit(site, NINE + timedelta(minutes=1), **sold)])
    assert seal(NINE + timedelta(days=2)) == 1
    buying = Filter("event", "is", ("Buy",))

    for metric, goal, value in (
        ("conversions", buying, 1),
        ("revenue", None, {"EUR": Decimal("2.5")}),
    ):
        report = ask(site, metrics=(metric,), by=by, interval=interval, goal=goal)
        assert report.totals == {metric: value}
        found = {row.keys: row.metrics for row in report.rows}
        assert not by or found[keys] == {metric: value}


@pytest.mark.django_db
def test_exit_rate_and_scroll_depth_by_page() -> None:
    site = SiteFactory()
    minutes = [NINE + timedelta(minutes=minute) for minute in range(4)]
    count(
        [
            hit(site, minutes[0], "/a"),
            hit(site, minutes[1], "/b"),
            hit(site, minutes[2], "/a"),
            hit(site, minutes[3], "/a", name="engagement", scroll_depth=80),
        ]
    )
    rows = ask(site, metrics=("exit_rate", "scroll_depth"), by="page").rows

    assert {row.keys: row.metrics for row in rows} == {
        ("/a",): {"exit_rate": 0.5, "scroll_depth": 80.0},
        ("/b",): {"exit_rate": 0.0, "scroll_depth": None},
    }


@pytest.mark.django_db
def test_visits_that_entered_at_a_page_are_in_its_row_when_only_open_days_have_its_events() -> None:
    site = SiteFactory()
    later = NINE + timedelta(days=1)
    sealed_visit = [hit(site), hit(site, NINE + timedelta(seconds=60), "/b", name="Sign up")]
    open_visit = [hit(site, later), hit(site, later + timedelta(seconds=120), name="Sign up")]
    count(sealed_visit)
    assert seal(NINE + timedelta(days=2)) == 1
    count(open_visit)
    metrics, where = ("visits", "visit_duration"), (Filter("event", "is", ("Sign up",)),)
    report = ask(site, MONDAY, LAST_DAY, metrics, "page", where)

    assert {row.keys[0]: row.metrics for row in report.rows} == {
        "/": {"visits": 1, "visit_duration": 90.0},
        "/b": {"visits": 1, "visit_duration": None},
    }


@pytest.mark.django_db
@pytest.mark.parametrize("is_sealed", [True, False])
def test_titles_of_other_pages_when_one_page_is_left_out_that_shares_some(
    is_sealed: bool,
) -> None:
    site = SiteFactory()
    later = NINE + timedelta(hours=2)
    seen = [
        *[("1", NINE, "/a", "Shop"), ("1", NINE, "/b", "Shop")],
        ("2", NINE, "/a", "Shop"),
        *[("3", NINE, "/c", "Team"), ("3", later, "/c", "Team"), ("3", later, "/a", "Shop")],
        *[("4", NINE, "/a", "Team"), ("4", later, "/c", "Team"), ("4", later, "/c", "Jobs")],
        *[("5", NINE, "/a", "Jobs"), ("5", later, "/a", "Home")],
        *[("6", NINE, "/d", "Blog"), ("6", later, "/d", "Blog")],
    ]
    count(
        hit(site, at, page, title=title, address=f"84.112.1.{visitor}")
        for visitor, at, page, title in seen
    )
    assert seal(NINE + timedelta(days=2 if is_sealed else 0)) == is_sealed
    metrics = ("visitors", "visits", "pageviews", "bounce_rate")
    others = [Filter("page", "is_not", ("/a",))]
    several = ask(site, by="title", where=others, metrics=metrics)
    visitors = ask(site, by="title", where=others, metrics=("visitors",))

    expected = {
        "Shop": (1, 1, 1, 0.0),
        "Team": (2, 3, 3, 1 / 3),
        "Jobs": (1, 1, 1, 0.0),
        "Blog": (1, 2, 2, 1.0),
    }
    assert {row.keys[0]: tuple(row.metrics.values()) for row in several.rows} == expected
    assert {row.keys[0]: row.metrics["visitors"] for row in visitors.rows} == {
        title: numbers[0] for title, numbers in expected.items()
    }


@pytest.mark.django_db
def test_values_that_look_like_sql_are_values() -> None:
    site = SiteFactory()
    page = "/'; DROP TABLE x; --"
    count([hit(site, page="/%27;%20DROP%20TABLE%20x;%20--")])

    assert ask(site, where=[Filter("page", "is", (page,))]).totals["visits"] == 1
    assert ask(site, where=[Filter("page", "is", ("' OR 1=1 --",))]).totals["visits"] == 0


@pytest.mark.django_db
def test_columns_that_cannot_be_read_are_reported_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    site = SiteFactory()
    count([hit(site)])
    manifest = read_manifest(settings.COLUMNS_DIR)
    assert manifest
    chunk = settings.COLUMNS_DIR / "chunks" / manifest.chunks[0].name
    content = chunk.read_bytes()
    chunk.write_bytes(b"damaged" * 10)
    with pytest.raises(ReportUnavailable):
        ask(site)
    chunk.unlink()
    with pytest.raises(ReportUnavailable):
        ask(site)

    def appears(*_: Any, **__: Any) -> Any:
        chunk.write_bytes(content)
        monkeypatch.undo()
        raise duckdb.IOException("gone")

    monkeypatch.setattr(engine, "_answers", appears)
    assert ask(site).totals["visits"] == 1


@pytest.mark.django_db
def test_what_lacks_memory_is_tried_again_alone_if_others_were_reading(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    site = SiteFactory()
    count([hit(site)])
    answers = engine._answers
    others_came: list[bool] = []

    def lacks(*asked: Any, **more: Any) -> Any:
        if others_may_come:
            try:
                with engine._memory.shared(0):
                    others_came.append(True)
            except ReportsBusy:
                others_came.append(False)
        if lack:
            raise lack.pop()
        return answers(*asked, **more)

    monkeypatch.setattr(engine, "_answers", lacks)
    others_may_come = True
    lack = [duckdb.OutOfMemoryException("none left")]
    assert ask(site).totals["visits"] == 1
    assert others_came == [True, False]

    lack = [duckdb.OutOfMemoryException("none left") for _ in range(2)]
    with pytest.raises(ReportUnavailable, match="more memory"):
        ask(site)
    assert not lack

    others_may_come = False
    lack = [duckdb.OutOfMemoryException("none left") for _ in range(2)]
    with pytest.raises(ReportUnavailable, match="more memory"):
        ask(site)
    assert len(lack) == 1
