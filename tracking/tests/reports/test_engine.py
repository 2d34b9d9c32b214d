"""The engine against the reference, and what it does with odd questions."""

import random
from datetime import date, timedelta
from typing import Any

import duckdb
import pytest
from django.conf import settings

from tracking.columns.manifest import read_manifest
from tracking.errors import InvalidQuery, ReportUnavailable
from tracking.models import Engagement, Event, Site, Term, Visit
from tracking.records import Hit
from tracking.reports import engine
from tracking.reports.periods import parse_period
from tracking.reports.query import Filter, ReportQuery, filter_from_words
from tracking.tests.factories import SiteFactory
from tracking.tests.pipeline import CHROME, FIREFOX, MONDAY, NINE, ask, count, hit, seal
from tracking.tests.reports import reference
from tracking.tests.reports.reference import Seen

METRICS = (
    *("visitors", "visits", "pageviews", "events", "views_per_visit", "bounce_rate"),
    *("visit_duration", "time_on_page"),
)
PAGES = ("/", "/a", "/b")
LAST_DAY = MONDAY + timedelta(days=3)
ROUNDS = 12
QUESTIONS_A_ROUND = 12


def random_hits(site: Site, chance: random.Random) -> list[Hit]:
    hits = []
    for _ in range(chance.randrange(1, 60)):
        name = chance.choice(("pageview", "pageview", "pageview", "Sign up", "Seen", "engagement"))
        hits.append(
            hit(
                *(site, NINE + timedelta(minutes=chance.randrange(0, 3 * 1400, 7))),
                chance.choice(PAGES),
                name=name,
                user_agent=chance.choice((CHROME, FIREFOX)),
                address=chance.choice(("84.112.1.1", "84.112.1.2", "91.64.1.1")),
                referrer=chance.choice(("", "https://www.google.com/", "https://t.co/")),
                interactive=name != "Seen",
                engaged_seconds=chance.randrange(1, 90) if name == "engagement" else None,
            )
        )
    return hits


def rows_in_database(site: Site) -> list[Seen]:
    texts: dict[Any, str] = dict(Term.objects.values_list("pk", "text"))
    visits = {visit.pk: visit for visit in Visit.objects.filter(site=site)}
    found = []
    kept: list[Any] = [*Event.objects.filter(site=site), *Engagement.objects.filter(site=site)]
    for one in kept:
        visit: Any = visits[one.visit_id]
        name = texts[one.name_id] if isinstance(one, Event) else "engagement"
        values = {
            "page": texts[one.page_id],
            "event": name,
            "source": texts[visit.source_id],
            "country": texts[visit.country_id],
            "browser": texts[visit.browser_id],
        }
        found.append(
            Seen(
                *(visit.pk, visit.visitor, one.happened_at, one.pk, name, values),
                interactive=getattr(one, "interactive", True),
                seconds=getattr(one, "seconds", None),
            )
        )
    return found


def random_filters(chance: random.Random) -> list[Filter]:
    known = {
        "page": PAGES,
        "entry_page": PAGES,
        "event": ("pageview", "Sign up"),
        "source": ("Google", "Direct"),
        "country": ("DE",),
    }
    return [
        Filter(
            dimension,
            chance.choice(("is", "is_not")),
            tuple(chance.sample(known[dimension], chance.randrange(1, len(known[dimension]) + 1))),
        )
        for dimension in chance.sample(sorted(known), chance.choice((0, 1, 1, 2)))
    ]


def close(found: Any, expected: Any) -> bool:
    return found == pytest.approx(expected, rel=1e-9) if expected is not None else found is None


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(ROUNDS))
def test_random_questions_over_random_traffic_get_the_references_numbers(seed: int) -> None:
    chance = random.Random(seed)
    site, other = SiteFactory(), SiteFactory()
    hits = random_hits(site, chance)
    count(sorted(hits, key=lambda one: one.at)[: len(hits) // 2] + random_hits(other, chance))
    seal(NINE + timedelta(days=chance.choice((0, 1, 2))))
    count(sorted(hits, key=lambda one: one.at)[len(hits) // 2 :])
    rows = rows_in_database(site)

    for _ in range(QUESTIONS_A_ROUND):
        filters = random_filters(chance)
        dimension = chance.choice(("page", "entry_page", "exit_page", "event", "source", "browser"))
        report = ask(site, MONDAY, LAST_DAY, METRICS, dimension, filters)
        expected = reference.totals(rows, filters)
        assert all(close(report.totals[name], expected[name]) for name in METRICS), filters
        by_key = reference.by(rows, dimension, filters)
        assert {row.key for row in report.rows} == by_key.keys()
        for row in report.rows:
            assert all(close(row.metrics[name], by_key[row.key][name]) for name in METRICS), (
                *(filters, dimension),
                row,
                by_key[row.key],
            )


@pytest.mark.django_db
def test_rows_come_with_the_largest_first_and_no_more_than_asked_for() -> None:
    site = SiteFactory()
    count([hit(site, page=page) for page in ("/b", "/a", "/a", "/c")])
    report = ask(site, metrics=("pageviews",), by="page", limit=2)

    assert [(row.key, row.metrics["pageviews"]) for row in report.rows] == [("/a", 2), ("/b", 1)]
    assert report.row_count == 3


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("by", "last_day", "buckets"),
    [("hour", MONDAY, 24), ("day", LAST_DAY, 4), ("month", date(2026, 5, 1), 3)],
)
def test_a_series_has_every_bucket(by: str, last_day: date, buckets: int) -> None:
    site = SiteFactory()
    count([hit(site)])
    report = ask(site, MONDAY, last_day, ("visits", "bounce_rate"), by)

    assert len(report.rows) == buckets
    assert sum(row.metrics["visits"] or 0 for row in report.rows) == 1
    assert report.rows[-1].metrics == {"visits": 0, "bounce_rate": None}


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

    assert {row.key: row.metrics for row in rows} == {
        "/a": {"exit_rate": 0.5, "scroll_depth": 80.0},
        "/b": {"exit_rate": 0.0, "scroll_depth": None},
    }


@pytest.mark.django_db
def test_values_that_look_like_sql_are_values() -> None:
    site = SiteFactory()
    page = "/'; DROP TABLE x; --"
    count([hit(site, page="/%27;%20DROP%20TABLE%20x;%20--")])

    assert ask(site, filters=[Filter("page", "is", (page,))]).totals["visits"] == 1
    assert ask(site, filters=[Filter("page", "is", ("' OR 1=1 --",))]).totals["visits"] == 0


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

    def appears(*_: Any) -> Any:
        chunk.write_bytes(content)
        monkeypatch.undo()
        raise duckdb.IOException("gone")

    monkeypatch.setattr(engine, "_answer", appears)
    assert ask(site).totals["visits"] == 1


TODAY = date(2026, 3, 15)


@pytest.mark.parametrize(
    ("text", "first", "last", "interval"),
    [
        ("today", TODAY, TODAY, "hour"),
        ("yesterday", date(2026, 3, 14), date(2026, 3, 14), "hour"),
        ("7d", date(2026, 3, 9), TODAY, "day"),
        ("month", date(2026, 3, 1), TODAY, "day"),
        ("12mo", date(2025, 4, 1), TODAY, "month"),
        ("2015-10-01..2015-12-31", date(2015, 10, 1), date(2015, 12, 31), "day"),
        ("2015-10-01..2016-01-01", date(2015, 10, 1), date(2016, 1, 1), "month"),
    ],
)
def test_a_period_is_a_range_of_days(text: str, first: date, last: date, interval: str) -> None:
    period = parse_period(text, TODAY)
    assert (period.first_day, period.last_day, period.interval) == (first, last, interval)


@pytest.mark.parametrize(
    "text",
    [
        *("", "0d", "1000d", "day", "2026-13-01..2026-01-01", "2026-02-01..2026-01-01"),
        *("9999-01-01..9999-12-31", "2000-01-01..2026-01-01", "1969-01-01..1970-01-01", "٣d"),
    ],
)
def test_a_period_that_is_none_is_named(text: str) -> None:
    with pytest.raises(InvalidQuery, match=r"^period: "):
        parse_period(text, TODAY)


@pytest.mark.parametrize(
    ("words", "param"),
    [
        ("country is DE, AT", "country:is:DE,AT"),
        ("page is not /a:b", "page:is_not:%2Fa%3Ab"),
    ],
)
def test_a_filter_reads_and_writes(words: str, param: str) -> None:
    read = filter_from_words(words)
    assert read.to_param() == param
    assert Filter.from_param(param) == read


@pytest.mark.parametrize(
    "text", ["country", "country:is", "what:is:x", "day:is:x", "page:like:x", "page:is:%00"]
)
def test_a_filter_that_is_none_is_named(text: str) -> None:
    with pytest.raises(InvalidQuery, match=r"^filter: "):
        Filter.from_param(text)


@pytest.mark.parametrize("text", ["", "country", "country was DE", "what is x"])
def test_words_that_are_no_filter_are_named(text: str) -> None:
    with pytest.raises(InvalidQuery, match=r"^where: "):
        filter_from_words(text)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "parameter"),
    [
        ({"metrics": ()}, "metrics"),
        ({"metrics": ("wealth",)}, "metrics"),
        ({"dimension": "mood"}, "by"),
        ({"limit": 0}, "limit"),
        ({"last_day": MONDAY - timedelta(days=1)}, "period"),
        ({"filters": tuple(Filter("page", "is", (str(n),)) for n in range(21))}, "filter"),
    ],
)
def test_a_question_that_makes_no_sense_names_its_parameter(
    change: dict[str, Any], parameter: str
) -> None:
    fields: dict[str, Any] = {
        "first_day": MONDAY,
        "last_day": MONDAY,
        "metrics": ("visits",),
    } | change
    with pytest.raises(InvalidQuery, match=f"^{parameter}: "):
        ReportQuery(SiteFactory().rules(), **fields)


def test_a_filter_has_some_values_and_not_too_many() -> None:
    for values in ((), tuple(map(str, range(101))), ("x" * 2001,)):
        with pytest.raises(InvalidQuery):
            Filter("page", "is", values)
