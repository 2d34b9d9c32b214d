"""The report as files."""

import csv
import io
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from html import unescape
from threading import Event
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from tracking.errors import ReportLeft, ReportsBusy, ReportUnavailable
from tracking.models import Site
from tracking.reports import csv_text, engine
from tracking.tests.factories import SiteFactory
from tracking.tests.pipeline import FIREFOX, GERMAN_ADDRESS, NINE, count, hit
from tracking.views.report import exports, parts
from tracking.views.report.cards import PANELS
from tracking.views.report.fitting import fitting_metrics
from tracking.views.report.parts import in_turn
from tracking.views.turns import export_turn

pytestmark = pytest.mark.django_db

DAY = "?period=2026-03-02..2026-03-02"
PAGES = ["/a", "/b", "/c", "/d", "/e"]
PATIENCE_SECONDS = 30


@pytest.fixture
def site(client: Client) -> Site:
    site = SiteFactory(name="Crème & Co")
    client.force_login(site.owner)
    return site


@pytest.fixture
def visited(site: Site) -> Site:
    """An Austrian who sees five pages, and a German with Firefox who sees one and buys."""
    german: dict[str, Any] = {"address": GERMAN_ADDRESS, "user_agent": FIREFOX}
    sale = {"name": "Sale", "revenue_micros": 9_500_000, "currency": "EUR"}
    seen = [hit(site, NINE + timedelta(minutes=n), page) for n, page in enumerate(PAGES)]
    count([*seen, hit(site, NINE, "/a", **german), hit(site, NINE, "/a", **german, **sale)])
    return site


@pytest.fixture
def by_twos(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Pages have two rows; the list fills with the cursors that were asked for."""
    monkeypatch.setattr(exports, "MOST_ROWS", 2)
    monkeypatch.setattr(exports, "HEARTBEAT_SECONDS", 0)
    asked: list[str] = []

    def noting(query: Any, *args: Any, **more: Any) -> Any:
        asked.append(query.after)
        return engine.answer(query, *args, **more)

    monkeypatch.setattr(parts, "answer", noting)
    return asked


def url(site: Site, file: str, query: str = DAY) -> str:
    return f"/sites/{site.public_id}/{file}{query}"


def lines(client: Client, site: Site, file: str, query: str = DAY) -> list[list[str]]:
    answer = client.get(url(site, file, query))
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/csv; charset=utf-8")
    return list(csv.reader(io.StringIO(answer.getvalue().decode())))


def fail_later(monkeypatch: pytest.MonkeyPatch, then: Callable[[Event], Exception]) -> None:
    """Every page after a file's first one fails."""

    def failing(query: Any, folder: Any, asker: Any, **more: Any) -> Any:
        if query.after:
            raise then(asker.left)
        return engine.answer(query, folder, asker, **more)

    monkeypatch.setattr(parts, "answer", failing)


def test_a_panel_has_every_metric_that_fits_in_plain_numbers(client: Client, visited: Site) -> None:
    head, first, *others = lines(client, visited, "export/page.csv")

    assert head == ["page", *fitting_metrics(PANELS["page"])]
    assert dict(zip(head, first, strict=True)) == {
        "page": "/a",
        "visitors": "2",
        "visits": "2",
        "pageviews": "2",
        "bounce_rate": "0.0",
        "time_on_page": "",
        "scroll_depth": "",
        "exit_rate": "0.5",
    }
    assert [row[0] for row in others] == PAGES[1:]


def test_all_rows_come_page_by_page_each_after_the_one_before_was_sent(
    client: Client, visited: Site, by_twos: list[str]
) -> None:
    answer = client.get(url(visited, "export/page.csv"))
    assert len(by_twos) == 1
    sent = [(chunk, len(by_twos)) for chunk in answer if chunk]

    assert [asked for _, asked in sent] == [1, 1, 2, 3]
    rows = b"".join(chunk for chunk, _ in sent).decode().splitlines()[1:]
    assert [row.partition(",")[0] for row in rows] == PAGES


def test_the_pages_period_and_filters_hold(client: Client, visited: Site) -> None:
    rows = lines(client, visited, "export/page.csv", f"{DAY}&f=country:is:DE")
    assert [row[:2] for row in rows] == [["page", "visitors"], ["/a", "1"]]
    assert lines(client, visited, "export/page.csv", "?period=7d")[1:] == []


def test_countries_are_codes_and_hours_have_their_weekday(client: Client, visited: Site) -> None:
    assert [row[0] for row in lines(client, visited, "export/country.csv")[1:]] == ["AT", "DE"]
    count([hit(visited, NINE + timedelta(hours=n)) for n in (5, 2)])
    hours = lines(client, visited, "export/hours.csv")
    assert hours[0][:3] == ["weekday", "hour", "visitors"]
    assert [row[:3] for row in hours[1:]] == [["1", "9", "2"], ["1", "11", "1"], ["1", "14", "1"]]


def test_revenue_has_a_column_for_each_currency(client: Client, visited: Site) -> None:
    head, row = lines(client, visited, "export/event.csv")
    assert dict(zip(head, row, strict=True))["revenue EUR"] == "9.5"


def test_the_series_has_the_compared_numbers_beside_its_own(client: Client, visited: Site) -> None:
    query = "?period=2026-03-01..2026-03-03&compare=2026-03-02..2026-03-04"
    rows = lines(client, visited, "export/timeseries.csv", query)

    assert rows[0][:3] == ["time", "visitors", "visitors compared"]
    assert [row[:3] for row in rows[1:]] == [
        ["2026-03-01", "0", "2"],
        ["2026-03-02", "2", "0"],
        ["2026-03-03", "0", "0"],
    ]


def test_the_series_ends_with_the_bucket_that_is_not_over(client: Client, visited: Site) -> None:
    today = visited.today()
    query = f"?from={today - timedelta(days=1)}&to={today + timedelta(days=5)}"
    rows = lines(client, visited, "export/timeseries.csv", query)
    assert [row[0] for row in rows[1:]] == [f"{today - timedelta(days=1)}", f"{today}"]


@pytest.mark.parametrize(
    ("title", "cell"),
    [
        ("=1+1", "'=1+1"),
        ('=HYPERLINK("x";"y")', '\'=HYPERLINK("x";"y")'),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@sum", "'@sum"),
        ("\uff1d1", "'\uff1d1"),
        ("a=1", "a=1"),
        ('a "quoted", text', 'a "quoted", text'),
    ],
)
def test_no_spreadsheet_works_out_what_a_visitor_wrote(
    client: Client, site: Site, title: str, cell: str
) -> None:
    count([hit(site, title=title)])
    assert lines(client, site, "export/title.csv")[1][:2] == [cell, "1"]


def test_formulas_hide_behind_no_tab_no_line_break_and_no_semicolon() -> None:
    for text in ("\t=1", "\r=1", "\n=1"):
        assert csv_text.line([text]) == f'"\'{text}"\n'
    assert csv_text.line(["a;=1"], [-1, 0.5, None]) == '"a;=1",-1,0.5,\n'


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("export/page.csv", "creme-co_page_2026-03-02_2026-03-02.csv"),
        ("export/timeseries.csv", "creme-co_timeseries_2026-03-02_2026-03-02.csv"),
        ("export.zip", "creme-co_2026-03-02_2026-03-02.zip"),
    ],
)
def test_a_files_name_says_what_it_is_of(
    client: Client, visited: Site, file: str, name: str
) -> None:
    answer = client.get(url(visited, file))
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert answer.headers["Cache-Control"] == "private, no-store"
    answer.close()


def test_a_site_without_latin_letters_is_named_by_its_id(client: Client, site: Site) -> None:
    Site.objects.filter(pk=site.pk).update(name="東京")
    answer = client.get(url(site, "export/page.csv"))
    assert f'filename="{site.public_id}_page_' in answer.headers["Content-Disposition"]
    answer.close()


def test_the_zip_has_all_panels_the_series_and_what_they_are_of(
    client: Client, visited: Site
) -> None:
    query = f"{DAY}&f=country:is:AT"
    answer = client.get(url(visited, "export.zip", query))
    archive = zipfile.ZipFile(io.BytesIO(answer.getvalue()))

    assert archive.testzip() is None
    files = [f"{name}.csv" for name in ("timeseries", *PANELS, "filtered")]
    assert archive.namelist() == [*files, "README.txt"]
    for file in ("page.csv", "timeseries.csv"):
        alone = client.get(url(visited, f"export/{file}", query)).getvalue()
        assert archive.read(file) == alone
    said = archive.read("README.txt").decode()
    for part in (
        f"Of: Crème & Co <{visited.base_url}>",
        "Period: 2026-03-02 to 2026-03-02",
        "Filters: Country is Austria",
        "Time zone: UTC",
        "Made: ",
        "page.csv: What is looked at: Pages",
        "bounce_rate: Bounce rate, 0 to 1",
    ):
        assert part in said


def sold(site: Site, *props: dict[str, str]) -> None:
    """An event with these properties for each, by another visitor."""
    count(
        [
            hit(site, NINE, "/a", name="Sale", props=tuple(one.items()), address=f"84.112.2.{n}")
            for n, one in enumerate(props)
        ]
    )


def zip_of(client: Client, site: Site, query: str = DAY) -> zipfile.ZipFile:
    answer = client.get(url(site, "export.zip", query))
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/zip")
    return zipfile.ZipFile(io.BytesIO(answer.getvalue()))


def test_a_property_has_a_file_of_its_values(client: Client, site: Site) -> None:
    sold(site, {"plan": "yearly"}, {"plan": "yearly"}, {"plan": "=1+1"}, {"size": "XL"})

    head, *rows = lines(client, site, "export/prop.plan.csv")
    assert head[:4] == ["prop.plan", "visitors", "events", "visits"]
    assert [row[:3] for row in rows] == [["yearly", "2", "2"], ["'=1+1", "1", "1"]]
    file = client.get(url(site, "export/prop.plan.csv"))
    assert "_property-plan_2026-03-02_" in file.headers["Content-Disposition"]
    assert file.getvalue()
    assert lines(client, site, "export/prop.size.csv", f"{DAY}&f=prop.plan:is:yearly")[1:] == []


def test_the_card_of_a_property_links_to_its_file(client: Client, site: Site) -> None:
    sold(site, {"Größe / cm": "=90"})
    card = client.get(
        url(site, "cards/events/", f"{DAY}&tab=prop.Gr%25C3%25B6%25C3%259Fe%2520%252F%2520cm")
    )
    link = re.search(r'href="([^"]+)"\s+aria-label="Größe / cm as CSV"', card.content.decode())
    assert link
    answer = client.get(unescape(link[1]))
    assert answer.getvalue().decode().splitlines()[1].startswith("'=90,1,1,")
    assert answer.status_code == 200


def test_the_zip_has_a_file_for_each_property(client: Client, site: Site) -> None:
    sold(site, {"plan": "yearly", "Plan": "b", "大きさ": "L", "?!": "x"}, {"plan": "=1"})
    archive = zip_of(client, site)
    files = [name for name in archive.namelist() if name.startswith("property")]

    assert files[:2] == ["property.csv", "property-plan.csv"]
    assert sorted(files[2:]) == ["property-2.csv", "property-plan-2.csv", "property-大きさ.csv"]
    alone = client.get(url(site, "export/prop.plan.csv")).getvalue()
    assert archive.read("property-plan.csv") == alone
    said = archive.read("README.txt").decode()
    assert "property-plan.csv: What visitors do: values of plan\n" in said
    assert "property-2.csv: What visitors do: values of ?!\n" in said
    assert "left out" not in said


@pytest.mark.parametrize(("keys", "left_out"), [(8, ""), (9, "Values of 1 more of the keys")])
def test_the_zip_has_as_many_properties_as_the_page_and_says_what_is_left_out(
    client: Client, site: Site, keys: int, left_out: str
) -> None:
    sold(site, {f"key{n}": "x" for n in range(keys)})
    archive = zip_of(client, site)

    assert len([name for name in archive.namelist() if name.startswith("property-")]) == 8
    said = archive.read("README.txt").decode()
    assert left_out in said
    assert ("left out" in said) is bool(left_out)


def test_the_zip_has_the_filtered_traffic_whatever_the_filters(
    client: Client, visited: Site
) -> None:
    visited.dropped_hits.create(day=NINE.date(), reason="bot", count=7)
    SiteFactory().dropped_hits.create(day=NINE.date(), reason="spam", count=5)
    archive = zip_of(client, visited, f"{DAY}&f=country:is:DE")

    alone = client.get(url(visited, "filtered.csv")).content
    assert archive.read("filtered.csv") == alone
    assert alone.decode().splitlines()[1].endswith(",7,7")
    assert "filters don't apply to it" in archive.read("README.txt").decode()


def test_several_sites_are_one_export(client: Client, visited: Site) -> None:
    other = SiteFactory(owner=visited.owner)
    count([hit(other, NINE, "/a")])
    answer = client.get(f"/sites/{visited.public_id}+{other.public_id}/export/page.csv{DAY}")
    assert answer.getvalue().decode().splitlines()[1].startswith("/a,3,")
    assert 'filename="2-sites_page_' in answer.headers["Content-Disposition"]


FILES = ("export/page.csv", "export/timeseries.csv", "export.zip")


@pytest.mark.parametrize("file", FILES)
def test_what_cannot_be_exported_is_no_file(
    client: Client, visited: Site, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    assert client.get(url(SiteFactory(), file)).status_code == 404
    refused = client.get(url(visited, file, "?period=never"))
    assert refused.status_code == 400
    assert "<code>period: " in refused.content.decode()

    def unavailable(*_: Any, **__: Any) -> None:
        raise ReportUnavailable("damaged")

    monkeypatch.setattr(parts, "answer", unavailable)
    answer = client.get(url(visited, file))
    assert answer.status_code == 503
    assert "Content-Disposition" not in answer.headers
    client.logout()
    assert client.get(url(visited, file)).status_code == 302


def test_a_panel_that_there_is_not_is_not_found(client: Client, visited: Site) -> None:
    for name in ("wealth", "prop.", f"prop.{'k' * 1000}"):
        assert client.get(url(visited, f"export/{name}.csv")).status_code == 404


def test_a_file_that_fails_on_its_way_says_so_in_a_line_with_a_cell_too_many(
    client: Client, visited: Site, by_twos: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_later(monkeypatch, lambda _: ReportUnavailable("damaged"))
    answer = client.get(url(visited, "export/page.csv"))
    received: list[str] = []

    with pytest.raises(ReportUnavailable):
        received.extend(chunk.decode() for chunk in answer)
    head, *rows, last = csv.reader(io.StringIO("".join(received)))
    assert [row[0] for row in rows] == PAGES[:2]
    assert last[0].startswith("INCOMPLETE: ")
    assert len(last) == len(head) + 1


def test_a_zip_that_fails_on_its_way_cannot_be_opened(
    client: Client, visited: Site, by_twos: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_later(monkeypatch, lambda _: ReportUnavailable("damaged"))
    answer = client.get(url(visited, "export.zip"))
    received: list[bytes] = []

    with pytest.raises(ReportUnavailable):
        received.extend(answer)
    assert received
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(io.BytesIO(b"".join(received)))


def test_a_page_waits_for_its_turn_once_the_file_has_begun(
    client: Client, visited: Site, by_twos: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    busy: Iterator[bool] = iter([False, True, True, False, False])

    def sometimes(*args: Any) -> Any:
        if next(busy):
            raise ReportsBusy
        return in_turn(*args)

    monkeypatch.setattr(exports, "in_turn", sometimes)
    assert len(lines(client, visited, "export/page.csv")) == len(PAGES) + 1
    assert next(busy, None) is None


def test_exports_take_few_threads_and_give_their_place_back(client: Client, visited: Site) -> None:
    file = url(visited, "export/page.csv")
    with ExitStack() as others:
        for _ in range(max(1, settings.WEB_THREADS // 6)):
            others.enter_context(export_turn())
        answer = client.get(file)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")

    assert client.get(file, {"period": "never"}).status_code == 400
    assert client.get(file).getvalue()
    left_early = client.get(file)
    left_early.close()
    with export_turn():
        """The place is free."""


def test_a_reader_who_leaves_ends_the_question(
    client: Client, visited: Site, by_twos: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = Event()

    def until_left(left: Event) -> Exception:
        if left.wait(PATIENCE_SECONDS):
            ended.set()
        return ReportLeft()

    fail_later(monkeypatch, until_left)
    answer = client.get(url(visited, "export/page.csv"))
    received = iter(answer)
    while next(received):
        """The first page's lines; after them comes nothing, while the next page is asked for."""
    answer.close()

    assert ended.wait(PATIENCE_SECONDS)


def test_the_page_links_to_its_exports_with_its_state(client: Client, visited: Site) -> None:
    query = f"{DAY}&full=1&f=country%3Ais%3AAT"
    text = client.get(url(visited, "", query)).content.decode()
    state = "?period=2026-03-02..2026-03-02&amp;full=1&amp;f=country%3Ais%3AAT"
    for file in ("export.zip", "export/timeseries.csv", "export/page.csv", "export/hours.csv"):
        assert f'href="/sites/{visited.public_id}/{file}{state}"' in text
