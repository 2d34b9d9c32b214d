"""The report page and the activity log."""

from contextlib import ExitStack
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.test import Client
from django.utils.timezone import now
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tracking.errors import ReportUnavailable
from tracking.models import DailyTotal, Site
from tracking.reports.condition_text import condition_text
from tracking.templatetags.numbers import country_name, duration, metric
from tracking.tests.factories import SiteFactory
from tracking.tests.pipeline import FIREFOX, GERMAN_ADDRESS, NINE, count, hit, seal
from tracking.tests.reports.strategies import any_text, conditions, period_texts
from tracking.views.turns import report_turn

pytestmark = pytest.mark.django_db


@pytest.fixture
def visited(site: Site) -> Site:
    """A German from Google with two pages and a sign-up, an Austrian with one, today."""
    at = now()
    german = {"address": GERMAN_ADDRESS, "user_agent": FIREFOX}
    count(
        [
            hit(site, at, "/docs", referrer="https://www.google.com/", **german),
            hit(site, at, "/pricing", **german),
            hit(site, at, "/pricing", name="Sign up", props=(("plan", "<yearly>"),), **german),
            hit(site, at, "/"),
            hit(site, at, user_agent="curl/8"),
        ]
    )
    return site


def full(site: Site, query: str = "") -> str:
    """The address of the page with everything on it."""
    return f"/sites/{site.public_id}/{query}{'&' if query else '?'}full=1"


def report(client: Client, site: Site, query: str = "") -> str:
    """The text of the whole page; its links are as those of the page that loads in parts."""
    answer = client.get(full(site, query))
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split()).replace("&amp;full=1", "")


def test_a_new_site_is_told_to_get_the_snippet(client: Client, site: Site) -> None:
    text = report(client, site)
    assert "No hits yet" in text
    assert f"/sites/{site.public_id}/snippet/" in text


def test_a_quiet_period_offers_a_wider_one(client: Client, visited: Site) -> None:
    text = report(client, visited, "?period=2015-01-01..2015-01-31")
    assert "Nothing in this period" in text
    assert "?period=12mo" in text
    filtered = report(client, visited, "?f=page:is:/nowhere")
    assert "Take a filter away" in filtered


WITH_TODAY = (
    *("today", "7d", "28d", "30d", "91d"),
    *("week", "month", "quarter", "year", "12mo", "all"),
)


@pytest.mark.parametrize("period", WITH_TODAY)
def test_the_numbers_of_every_period(client: Client, visited: Site, period: str) -> None:
    text = report(client, visited, f"?period={period}")

    for label, value in (("Visitors", "2"), ("Visits", "2"), ("Pageviews", "3")):
        assert f'<span class="label">{label}</span> <span class="value">{value}</span>' in text
    assert '<span class="value">50%</span>' in text
    for row in ("/docs", "Organic Search", "Germany", "Firefox", "Sign up"):
        assert f"<span>{row}</span>" in text
    assert "1 hit not counted (Bots and crawlers 1)" in text
    assert "Times in UTC" in text


def test_realtime_is_the_last_half_hour_by_the_minute(client: Client, visited: Site) -> None:
    count([hit(visited, now() - timedelta(minutes=31), "/before")])
    text = report(client, visited, "?period=realtime&metric=pageviews")

    assert '<span class="label">Pageviews</span> <span class="value">3</span>' in text
    assert "29 min ago" in text
    assert "/before" not in text
    assert "not counted" not in text
    assert "previous period" not in text


def test_yesterday_is_without_today(client: Client, visited: Site) -> None:
    text = report(client, visited, "?period=yesterday")
    assert "Nothing in this period" in text


def test_every_period_is_one_click_away_and_keeps_the_filters(
    client: Client, visited: Site
) -> None:
    text = report(client, visited, "?period=today&f=country:is:DE")
    for period in ("yesterday", *WITH_TODAY):
        assert f'href="?period={period}&amp;f=country%3Ais%3ADE" data-period="{period}"' in text
    assert text.count('data-period="today" aria-current="true">Today</a>') == 1


def test_each_number_shows_how_it_changed(client: Client, site: Site) -> None:
    day_before = NINE - timedelta(days=1)
    count(
        [
            *(hit(site, day_before, page) for page in ("/a", "/b", "/c")),
            hit(site, NINE),
            hit(site, NINE, address=GERMAN_ADDRESS),
        ]
    )
    for _ in range(2):
        text = report(client, site, "?from=2026-03-02&to=2026-03-02")
        assert change("good", "▲ 100%", "up 100%", "1") in text
        assert change("bad", "▼ 33%", "down 33%", "3") in text
        assert change("bad", "▲ 100 pts", "up 100 pts", "0%") in text
        assert 'class="change' not in report(client, site, "?from=2026-02-01&to=2026-02-01")
        seal(NINE + timedelta(days=3))

    count([hit(site, day_before, address=GERMAN_ADDRESS)])
    text = report(client, site, "?period=2026-03-02..2026-03-02")
    assert change("", "0%", "unchanged", "2") in text
    compared = report(client, site, "?period=2026-03-02..2026-03-02&compare=none")
    assert 'class="change' not in compared


def change(feel: str, seen: str, heard: str, before: str) -> str:
    return (
        f'<span class="change {feel}" title="{before} from 1 Mar 2026">'
        f'<span aria-hidden="true">{seen}</span>'
        f'<span class="visually-hidden">{heard} from 1 Mar 2026</span></span>'
    )


def test_there_is_a_panel_for_each_thing_that_is_known_of_a_visit(
    client: Client, site: Site
) -> None:
    visit: dict[str, Any] = {
        "address": GERMAN_ADDRESS,
        "referrer": "https://news.example/story",
        "language": "de",
        "screen": "1920x1080",
    }
    at = now()
    count(
        [
            hit(site, at, "/in?utm_campaign=spring", title="Come in", **visit),
            hit(site, at + timedelta(seconds=1), "/out", **visit),
        ]
    )

    def rows(card: str, tab: str) -> list[str]:
        answer = client.get(f"/sites/{site.public_id}/cards/{card}/?tab={tab}")
        return [row["text"] for row in answer.context["table"]["rows"]]

    assert rows("pages", "title") == ["(unknown)", "Come in"]
    assert rows("pages", "exit_page") == ["/out"]
    assert rows("sources", "referrer") == ["news.example/story"]
    assert rows("sources", "utm_campaign") == ["spring"]
    assert rows("technology", "language") == ["de"]
    assert rows("technology", "screen") == ["1920x1080"]
    assert rows("events", "event") == []
    assert rows("places", "region") == ["(unknown)"]


def test_a_row_filters_everything_and_a_chip_takes_it_back(client: Client, visited: Site) -> None:
    link = "?period=30d&amp;f=country%3Ais%3ADE"
    assert f'href="{link}"' in report(client, visited)
    text = report(client, visited, "?period=30d&f=country%3Ais%3ADE")

    assert '<span class="label">Visitors</span> <span class="value">1</span>' in text
    assert "<b>Germany</b>" in text
    assert 'class="remove" href="?period=30d"' in text
    assert "f=country%3Ais_not%3ADE" in text
    turned = report(client, visited, "?f=country:is_not:DE&f=country:is_not:DE&metric=visits")
    assert "<b>Germany</b>" in turned
    assert '<span class="label">Visitors</span> <span class="value">1</span>' in turned


@pytest.mark.parametrize(
    ("filter_text", "words", "turned"),
    [
        ("page:contains:/pri", "Page contains /pri", "page:does_not_contain:%2Fpri"),
        ("source:is_set:", "Source is set", "source:is_not_set:"),
        ("country:is_not:AT,", "Country is not Austria, (unknown)", "country:is:AT,"),
        ("event:does_not_match:S*", "Event does not match S*", "event:matches:S%2A"),
        ("weekday:is:1", "Weekday is Monday", "weekday:is_not:1"),
        ("prop.plan:is:<b>", "plan is &lt;b&gt;", "prop.plan:is_not:%3Cb%3E"),
    ],
)
def test_any_filter_is_a_chip_in_words_that_can_be_turned_around(
    client: Client, visited: Site, filter_text: str, words: str, turned: str
) -> None:
    text = report(client, visited, f"?{urlencode({'f': filter_text})}")

    assert f'aria-label="Remove the filter {words}"' in text
    assert f'href="?{urlencode([("period", "30d"), ("f", turned)]).replace("&", "&amp;")}"' in text


@pytest.mark.parametrize(
    ("filter_text", "words", "pageviews"),
    [
        ("not(not(event:is:Sign%20up))", "not not Event is Sign up", 0),
        ("did(country:is:DE)", "did Country is Germany", 2),
        ("did(not(event:is:Sign%20up))", "did not Event is Sign up", 3),
        (
            "or(page:is:/docs;and(country:is:AT;not(page:is_set:)))",
            "Page is /docs or (Country is Austria and not Page is set)",
            1,
        ),
    ],
)
def test_conditions_in_conditions_are_one_chip(
    client: Client, visited: Site, filter_text: str, words: str, pageviews: int
) -> None:
    text = report(client, visited, f"?{urlencode({'f': filter_text})}&metric=pageviews")

    assert f"<b>{words}</b>" in text
    assert f'aria-label="Remove the filter {words}"' in text
    assert f'<span class="label">Pageviews</span> <span class="value">{pageviews}</span>' in text
    assert "Turn this filter around" not in text
    # The form of two dates keeps it.
    shown = client.get(f"/sites/{visited.public_id}/?{urlencode({'f': filter_text})}")
    assert shown.context["period"]["kept"] == [("f", filter_text.replace("/", "%2F"))]
    assert report(client, visited, shown.context["period"]["groups"][0][0]["url"])


@pytest.mark.parametrize(
    "query",
    [
        urlencode([("f", f"page:is_not:{n}") for n in range(20)]),
        "f=not(not(not(not(page:is_not:x))))",
    ],
)
def test_as_many_and_as_deep_filters_as_there_may_be_are_answered(
    client: Client, visited: Site, query: str
) -> None:
    assert '<span class="value">3</span>' in report(client, visited, f"?{query}")


def test_the_form_of_two_dates_is_a_period(client: Client, visited: Site) -> None:
    today = visited.today().isoformat()
    text = report(client, visited, f"?from={today}&to={today}&metric=pageviews")

    assert f'value="{today}"' in text
    assert "Pageviews as a table" in text
    assert '<span class="value">3</span>' in text


def test_text_from_visitors_is_escaped(client: Client, site: Site) -> None:
    count([hit(site, now(), "/%3Cscript%3E", title="<b>", name="<i>")])
    for path in ("?full=1", "activity/"):
        text = client.get(f"/sites/{site.public_id}/{path}").content.decode()
        assert "&lt;script&gt;" in text
        assert "<script>" not in text
        assert "<i>" not in text


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("period=never", "period"),
        ("from=9999-99-99&to=2020-01-01", "period"),
        ("from=2020-01-01", "period"),
        ("period=99999-01-01..99999-01-02", "period"),
        ("metric=wealth", "metric"),
        ("metric=visits&metric=visits", "metric"),
        ("period=7d&period=7d", "period"),
        ("period=7d&from=2020-01-01&to=2020-01-02", "period"),
        ("period=%00", "period"),
        ("f=" + "not(" * 10_000, "filter"),
        ("f=mood:is:good", "filter"),
        ("by=page", "by"),
        ("f=nonsense", "filter"),
        ("f=page:is:%2500", "filter"),
        ("color=red", "color"),
        ("&".join(f"f=page:is:{n}" for n in range(61)), "f"),
        ("&".join(f"f=page:is:{n}" for n in range(21)), "filter"),
    ],
)
def test_a_garbled_address_names_its_parameter_and_links_to_the_plain_report(
    client: Client, visited: Site, query: str, parameter: str
) -> None:
    answer = client.get(f"/sites/{visited.public_id}/?{query}")
    text = answer.content.decode()

    assert answer.status_code == 400
    assert f"<code>{parameter}: " in text
    assert f'href="/sites/{visited.public_id}/"' in text


page_params = st.lists(
    st.tuples(
        st.sampled_from(
            ["period", "from", "to", "metric", "tab", "compare", "interval", "f", "f", "f"]
        )
        | any_text,
        period_texts | conditions().map(condition_text) | any_text,
    ),
    max_size=4,
)


@hypothesis_settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pairs=page_params)
def test_whatever_the_address_says_it_is_answered_or_refused(
    client: Client, visited: Site, pairs: list[tuple[str, str]]
) -> None:
    query = urlencode(pairs, errors="surrogatepass")
    answer = client.get(full(visited, f"?{query}"))

    assert answer.status_code in {200, 400}


def test_ten_thousand_parameters_are_too_many(client: Client, visited: Site) -> None:
    answer = client.get(f"/sites/{visited.public_id}/?" + "&".join(["f=1"] * 10_000))
    assert answer.status_code == 400


def test_numbers_that_cannot_be_read_are_said_to_be_safe(
    client: Client, visited: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(*_: Any, **__: Any) -> None:
        raise ReportUnavailable("damaged")

    monkeypatch.setattr("tracking.views.report.parts.answers", unavailable)
    answer = client.get(full(visited))

    assert answer.status_code == 503
    assert "They are safe" in answer.content.decode()


def test_a_report_beyond_the_last_free_turn_asks_again_by_itself(
    client: Client, visited: Site
) -> None:
    page = full(visited, "?period=7d")
    with ExitStack() as others:
        for _ in range(max(1, settings.WEB_THREADS // 3)):
            others.enter_context(report_turn())
        answer = client.get(page)
        assert answer.status_code == 503
        assert (answer.headers["Retry-After"], answer.headers["Refresh"]) == ("1", "1")
        assert "asks again by itself" in answer.content.decode()

    assert client.get(page).status_code == 200


def test_a_report_that_fails_gives_its_turn_back(client: Client, visited: Site) -> None:
    for _ in range(settings.WEB_THREADS):
        assert client.get(f"/sites/{visited.public_id}/?period=never").status_code == 400

    assert client.get(f"/sites/{visited.public_id}/").status_code == 200


@pytest.mark.parametrize(
    ("path", "queries"),
    [("?full=1", 12), ("", 11), ("numbers/", 8), ("cards/pages/", 7), ("activity/", 10)],
)
def test_pages_ask_the_database_as_often_for_one_event_as_for_many(
    client: Client, visited: Site, django_assert_num_queries: Any, path: str, queries: int
) -> None:
    url = f"/sites/{visited.public_id}/{path}"
    client.get(url)
    with django_assert_num_queries(queries):
        client.get(url)
    count([hit(visited, now(), f"/{n}", address=f"84.112.1.{n}") for n in range(60)])
    SiteFactory.create_batch(10, owner=visited.owner)
    with django_assert_num_queries(queries):
        client.get(url)


def test_pages_are_kept_by_no_cache_and_run_no_foreign_code(client: Client, visited: Site) -> None:
    answer = client.get(f"/sites/{visited.public_id}/")
    policy = answer.headers["Content-Security-Policy"]

    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert " style=" not in answer.content.decode()


def test_the_activity_log_shows_the_newest_first_in_the_sites_zone(
    client: Client, visited: Site
) -> None:
    text = " ".join(client.get(f"/sites/{visited.public_id}/activity/").content.decode().split())

    assert "<b>Sign up</b>" in text
    assert "plan: &lt;yearly&gt;" in text
    assert "Germany" in text
    assert "Firefox" in text
    assert "Times in UTC" in text


def test_the_activity_log_is_read_page_by_page_without_gaps(client: Client, site: Site) -> None:
    at = now() - timedelta(hours=1)
    count(hit(site, at + timedelta(seconds=n // 3), f"/page-{n:03}") for n in range(101))
    seen: list[str] = []
    url = f"/sites/{site.public_id}/activity/"
    pages = 0
    while url:
        answer = client.get(url)
        seen += [row["page"] for row in answer.context["rows"]]
        older = answer.context["rest_url"]
        url = f"/sites/{site.public_id}/activity/{older}" if older else ""
        pages += 1

    assert seen == [f"/page-{n:03}" for n in reversed(range(101))]
    assert pages == 3


@pytest.mark.parametrize("before", ["x", "1", "1.x", "9" * 400 + ".1", "1.-5", "1." + "9" * 30])
def test_a_garbled_place_in_the_log_is_named(client: Client, site: Site, before: str) -> None:
    answer = client.get(f"/sites/{site.public_id}/activity/?before={before}")
    assert answer.status_code == 400
    assert "<code>before: " in answer.content.decode()


def test_an_empty_log_says_what_to_do(client: Client, site: Site) -> None:
    assert (
        "Nothing has happened here yet"
        in client.get(f"/sites/{site.public_id}/activity/").content.decode()
    )


def test_a_day_that_was_counted_long_ago_is_no_new_site(client: Client, site: Site) -> None:
    DailyTotal.objects.create(site=site, day=site.today() - timedelta(days=400))
    assert "Nothing in this period" in report(client, site)
    assert not settings.COLUMNS_DIR.joinpath("chunks").exists()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (59.4, "59s"), (60, "1m"), (161, "2m 41s"), (3600, "1h 0m"), (7300, "2h 1m")],
)
def test_durations_are_short(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("value", "name", "text"),
    [
        (1234, "visitors", "1,234"),
        (0.456, "bounce_rate", "46%"),
        (2.66, "views_per_visit", "2.7"),
        (61, "visit_duration", "1m 1s"),
        (80, "scroll_depth", "80%"),
    ],
)
def test_a_metric_reads_in_its_unit(value: float, name: str, text: str) -> None:
    assert metric(value, name) == text
    assert "nothing to count" in metric(None, name)


def test_countries_have_names() -> None:
    assert [country_name(code) for code in ("AT", "XX", "")] == ["Austria", "XX", "(unknown)"]
