"""Which hits count, and what becomes of those that do not."""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from tracking.enrich.rates import MOST_HITS_A_MINUTE, VisitorRates
from tracking.ingest import worker
from tracking.ingest.live import live_lookups
from tracking.models import DroppedHits, Event, Site
from tracking.records import OPT_OUT, PREFETCH, WEBDRIVER, Hit
from tracking.tests.factories import SiteFactory
from tracking.tests.pipeline import AUSTRIAN_ADDRESS, GERMAN_ADDRESS, NINE, hit, spool

pytestmark = pytest.mark.django_db

GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


def take(*hits: Hit) -> None:
    spool(hits)
    worker.drain()


def dropped() -> dict[tuple[int, date, str], int]:
    rows = DroppedHits.objects.values_list("site_id", "day", "reason", "count")
    return {(site, day, reason): count for site, day, reason, count in rows}


def counted() -> int:
    return Event.objects.count()


def add_filter(site: Site, kind: str, action: str, *values: str) -> None:
    for value in values:
        site.filters.create(kind=kind, action=action, value=value)


@pytest.mark.parametrize(
    ("reason", "more"),
    [
        ("opt_out", {"signals": (OPT_OUT,)}),
        ("opt_out", {"signals": (OPT_OUT,), "name": "", "user_agent": "", "address": ""}),
        ("prefetch", {"signals": (PREFETCH,)}),
        ("prefetch", {"signals": (PREFETCH,), "user_agent": GOOGLEBOT}),
        ("bot", {"signals": (WEBDRIVER,)}),
        ("bot", {"user_agent": GOOGLEBOT}),
        ("spam", {"referrer": "http://0-0.fr/"}),
        ("address", {"address": "84.112.9.9"}),
        ("path", {"page": "/private/x"}),
        ("country", {"address": GERMAN_ADDRESS}),
    ],
)
def test_every_drop_is_counted_by_site_day_and_reason(reason: str, more: dict[str, Any]) -> None:
    site, other = SiteFactory(timezone="Pacific/Auckland"), SiteFactory()
    add_filter(site, "address", "block", "84.112.9.0/24")
    add_filter(site, "path", "block", "/private/*")
    add_filter(site, "country", "block", "DE")
    late = NINE + timedelta(hours=3)
    take(hit(site, **more), hit(site, late, **more), hit(site, late, **more), hit(other))

    assert dropped() == {
        (site.pk, date(2026, 3, 2), reason): 1,
        (site.pk, date(2026, 3, 3), reason): 2,
    }
    assert counted() == 1


def test_a_site_may_count_those_who_opt_out() -> None:
    site = SiteFactory(honours_opt_out=False)
    take(hit(site, signals=(OPT_OUT,)))

    assert (counted(), dropped()) == (1, {})


AUSTRIAN, GERMAN = {"address": AUSTRIAN_ADDRESS}, {"address": GERMAN_ADDRESS}


@pytest.mark.parametrize(
    ("kind", "value", "inside", "outside"),
    [
        ("address", "84.112.0.0/16", AUSTRIAN, GERMAN),
        ("path", "/blog/*", {"page": "/blog/a?x=1"}, {"page": "/shop/a"}),
        ("country", "AT", AUSTRIAN, GERMAN),
        ("host", "site.example", {}, {"url": "https://copy.example/"}),
    ],
)
@pytest.mark.parametrize("action", ["block", "allow"])
def test_a_filter_holds_for_its_own_site_in_both_directions(
    kind: str, value: str, inside: dict[str, Any], outside: dict[str, Any], action: str
) -> None:
    site, other = SiteFactory(), SiteFactory()
    add_filter(site, kind, action, value)
    for one in (site, other):
        take(
            *[
                Hit(
                    **{
                        "site": one.public_id,
                        "at": NINE,
                        "name": "pageview",
                        "user_agent": hit(one).user_agent,
                        "address": AUSTRIAN_ADDRESS,
                        "url": f"https://site.example{traits.get('page', '/')}",
                        **{name: text for name, text in traits.items() if name != "page"},
                    }
                )
                for traits in (inside, outside)
            ]
        )
    assert dropped() == {(site.pk, NINE.date(), kind): 1}
    assert counted() == 3


def test_a_place_that_is_not_known_passes_a_list_of_countries() -> None:
    site = SiteFactory()
    add_filter(site, "country", "allow", "AT")
    take(hit(site, address="10.0.0.1"), hit(site, address=GERMAN_ADDRESS))

    assert dropped() == {(site.pk, NINE.date(), "country"): 1}


def test_a_new_filter_holds_from_the_next_batch_on() -> None:
    site = SiteFactory()
    take(hit(site))
    add_filter(site, "path", "block", "/")
    take(hit(site))

    assert (counted(), sum(dropped().values())) == (1, 1)


@pytest.fixture
def busy_site() -> Any:
    return SiteFactory()


def minute_of_hits(site: Site, count: int, **more: Any) -> list[Hit]:
    return [hit(site, NINE + timedelta(milliseconds=10 * n), **more) for n in range(count)]


@pytest.mark.parametrize("batches", [1, 3])
def test_a_visitors_hits_beyond_the_limit_of_a_minute_are_dropped_however_they_are_cut(
    busy_site: Site, batches: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    hits = minute_of_hits(busy_site, MOST_HITS_A_MINUTE + 2)
    monkeypatch.setattr("tracking.ingest.batch.MOST_BYTES", 400 * len(hits) // batches)
    take(*hits)

    assert dropped() == {(busy_site.pk, NINE.date(), "rate"): 2}
    assert counted() == MOST_HITS_A_MINUTE


@pytest.mark.parametrize(
    "last",
    [
        {"at": NINE + timedelta(minutes=1)},
        {"address": GERMAN_ADDRESS},
        {"name": "engagement", "engaged_seconds": 3},
    ],
)
def test_another_minute_another_visitor_and_engagement_are_not_held_back(
    busy_site: Site, last: dict[str, Any]
) -> None:
    take(*minute_of_hits(busy_site, MOST_HITS_A_MINUTE), hit(busy_site, **last))
    assert dropped() == {}


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "fd00::1", ""])
def test_a_private_address_can_be_everybodys_and_has_no_limit(
    busy_site: Site, address: str
) -> None:
    take(*minute_of_hits(busy_site, MOST_HITS_A_MINUTE + 1, address=address))
    assert dropped() == {}


def test_imported_lines_have_no_limit(busy_site: Site) -> None:
    log_import = busy_site.imports.create()
    take(*minute_of_hits(busy_site, MOST_HITS_A_MINUTE + 1, import_id=log_import.pk))
    assert dropped() == {}


def test_rates_keep_the_minutes_that_were_counted_last() -> None:
    rates = VisitorRates(kept=2)
    for visitor in (1, 2, 1, 3):
        rates.add({(visitor, 0): 5})

    assert [rates.hits((visitor, 0)) for visitor in (1, 2, 3)] == [10, 0, 5]


def test_hits_from_a_list_of_data_centres_are_dropped(settings: Settings, tmp_path: Path) -> None:
    settings.DATACENTRE_RANGES = tmp_path / "ranges.txt"
    settings.DATACENTRE_RANGES.write_text("# a cloud\n84.112.0.0/16\n")
    site = SiteFactory()
    take(hit(site, address=AUSTRIAN_ADDRESS), hit(site, address=GERMAN_ADDRESS))

    assert dropped() == {(site.pk, NINE.date(), "data_centre"): 1}
    assert counted() == 1


@pytest.mark.parametrize("content", [b"84.112.0.0/16\ncloud\n", b"\xff\xfe", None])
def test_a_list_that_cannot_be_read_stops_ingest_at_its_start(
    settings: Settings, tmp_path: Path, content: bytes | None
) -> None:
    settings.DATACENTRE_RANGES = tmp_path / "ranges.txt"
    if content is not None:
        settings.DATACENTRE_RANGES.write_bytes(content)
    with pytest.raises(ImproperlyConfigured, match="DATACENTRE_RANGES"):
        live_lookups()


def test_rules_cost_the_same_for_few_and_many_sites_and_filters(
    django_assert_num_queries: Any,
) -> None:
    costs: list[CaptureQueriesContext] = []
    for more in (1, 20):
        for site in SiteFactory.create_batch(more):
            add_filter(site, "country", "block", "AT", "DE")
        with django_assert_num_queries(3) as cost:
            rules = Site.objects.all().rules()
        costs.append(cost)
    assert len(rules) == 21
    assert all(len(one.filters) == 2 for one in rules.values())


def test_of_two_sites_in_a_batch_each_has_its_own_filters() -> None:
    sites: Sequence[Site] = SiteFactory.create_batch(2)
    add_filter(sites[0], "path", "block", "/a")
    add_filter(sites[1], "path", "block", "/b")
    take(*[hit(site, page=page) for site in sites for page in ("/a", "/b")])

    pages = {(event.site_id, str(event.page)) for event in Event.objects.all()}
    assert pages == {(sites[0].pk, "/b"), (sites[1].pk, "/a")}
