"""Access logs and the demo, from the command to the report."""

import gzip
import io
import json
import random
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import Client

from tracking.imports.access_log import LogReader, Tally
from tracking.ingest.worker import drain
from tracking.models import Event, LogImport, Site
from tracking.tests.factories import SiteFactory
from tracking.tests.pipeline import CHROME, FIREFOX
from tracking.upkeep.steps import copy_new_events

pytestmark = pytest.mark.django_db

BOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


def line(
    path: str = "/",
    at: str = "17/May/2015:10:05:03 +0000",
    status: int = 200,
    agent: str = CHROME,
    referrer: str = "-",
    method: str = "GET",
    address: str = "83.149.9.216",
) -> str:
    return f'{address} - - [{at}] "{method} {path} HTTP/1.1" {status} 1234 "{referrer}" "{agent}"\n'


@pytest.fixture
def site() -> Any:
    return SiteFactory(base_url="https://site.example/blog")


def imported(site: Site, *files: Path) -> int:
    call_command("import_access_log", site.public_id, *map(str, files))
    drain()
    return Event.objects.count()


def test_page_loads_are_counted_and_the_rest_is_left_out(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "access.log"
    log.write_text(
        "".join(
            [
                line("/docs?utm_campaign=x", referrer="https://www.google.com/"),
                line("/style.css"),
                line("/", method="POST"),
                line("/gone", status=404),
                line("/", agent=BOT),
                line("http://proxy.example/full?a=1"),
                line("/quote", agent=CHROME + ' \\"quoted\\"'),
                "\n",
                "what is this\n",
                line(at="17/May/9999:10:05:03 +0000"),
                line(at="99/May/2015:10:05:03 +0000"),
                line(at="17/May/1970:10:05:03 +0000"),
                line("/" + "x" * 20_000),
            ]
        )
    )

    assert imported(site, log) == 3
    out = capsys.readouterr().out
    assert "12 lines, 3 page loads; left out 4, assets 1, bots 1, errors 1, other methods 1" in out
    assert "bad 5" in out
    rejected = (tmp_path / "access.log.rejected").read_bytes().splitlines()
    assert rejected[0] == b"9\tnot in combined format\twhat is this"
    assert [one.split(b"\t")[0] for one in rejected] == [b"9", b"10", b"11", b"12", b"13"]
    pages = set(Event.objects.values_list("page__text", "hostname__text"))
    assert pages == {(page, "site.example") for page in ("/docs", "/full", "/quote")}


def test_a_line_counts_once_in_a_grown_renamed_or_compressed_log(
    site: Site, tmp_path: Path
) -> None:
    first = line("/a") + line("/a") + line("/b")
    log = tmp_path / "access.log"
    log.write_text(first)
    assert imported(site, log) == 3
    assert imported(site, log) == 3
    log.write_text(first + line("/a") + line("/c"))
    assert imported(site, log) == 5
    renamed = tmp_path / "access.log.1"
    renamed.write_bytes(gzip.compress(log.read_bytes()))
    assert imported(site, renamed, log) == 5
    assert LogImport.objects.count() == 1
    other = SiteFactory()
    assert imported(other, log) == 10


def test_standard_input_is_read_and_its_bad_lines_are_kept(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = io.BytesIO((line("/a") + "bad\n").encode())
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(lines))
    call_command("import_access_log", site.public_id, "-")

    assert drain() == 1
    assert (settings.DATA_DIR / "standard-input.rejected").exists()
    assert "standard-input.rejected" in capsys.readouterr().out


def test_bad_lines_of_a_log_in_a_foreign_folder_go_under_the_data_folder(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "access.log"
    log.write_text("bad\n")
    (tmp_path / "access.log.rejected").mkdir()
    settings.DATA_DIR = tmp_path / "data"
    settings.DATA_DIR.mkdir()
    imported(site, log)

    assert (tmp_path / "data" / "access.log.rejected").read_bytes().endswith(b"bad\n")


def test_a_log_or_site_that_is_not_there_is_named(site: Site) -> None:
    with pytest.raises(CommandError, match=r"nowhere\.log"):
        call_command("import_access_log", site.public_id, "nowhere.log")
    with pytest.raises(CommandError, match="site"):
        call_command("import_access_log", "nope", "nowhere.log")


def generated_log(lines: int) -> tuple[str, dict[str, Counter[str]]]:
    """A log of page loads and noise, with its counts made beside it, by day, page and source."""
    chance = random.Random(7)
    text, counts = "", {name: Counter[str]() for name in ("time", "page", "source")}
    begin = datetime(2015, 5, 17, tzinfo=UTC)
    for number in range(lines):
        at = begin + timedelta(minutes=number * 3)
        page = f"/page-{int(chance.paretovariate(1)) % 50}"
        referrer, source = chance.choice(
            [("-", "Direct"), ("https://www.google.com/", "Google"), ("https://t.co/", "Twitter")]
        )
        noise = chance.choice(["", "", "asset", "error"])
        text += line(
            f"{page}.png" if noise == "asset" else page,
            at.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            500 if noise == "error" else 200,
            chance.choice([CHROME, FIREFOX]),
            referrer,
            # One visitor a line, so that each line is a visit with a source of its own.
            address=f"83.149.{number // 250}.{number % 250 + 1}",
        )
        if not noise:
            counts["time"][at.date().isoformat()] += 1
            counts["page"][page] += 1
            counts["source"][source] += 1
    return text, counts


def test_the_counts_of_a_log_agree_with_an_independent_count(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, counts = generated_log(1000)
    log = tmp_path / "access.log"
    log.write_text(text)
    imported(site, log)
    copy_new_events(settings.COLUMNS_DIR)

    for dimension, expected in counts.items():
        capsys.readouterr()
        period = "2015-05-17..2015-05-19"
        call_command(
            *("report", site.public_id, "--period", period, "--metrics", "pageviews"),
            *("--by", dimension, "--format", "json"),
        )
        found = json.loads(capsys.readouterr().out)
        rows = {row[dimension]: row["pageviews"] for row in found["rows"] if row["pageviews"]}
        assert rows == dict(expected)
        assert found["totals"] == {"pageviews": sum(expected.values())}


def test_a_report_at_a_terminal_is_a_table_or_says_what_is_wrong(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "access.log"
    log.write_text(line("/a") + line("/b", address="84.112.1.1"))
    imported(site, log)
    copy_new_events(settings.COLUMNS_DIR)
    capsys.readouterr()
    known = ("report", site.public_id, "--period", "2015-05-17..2015-05-17")
    metrics = ("--metrics", "visitors,views_per_visit,time_on_page")
    call_command(*known, *metrics, "--by", "page", "--where", "country is AT")

    assert capsys.readouterr().out.splitlines() == [
        "Page  Visitors  Views per visit  Time on page",
        "All          1             1.00             -",
        "/b           1             1.00             -",
    ]
    for wrong, name in (
        (("--by", "mood"), "by"),
        (("--where", "nonsense"), "where"),
        (("--metrics", "wealth"), "metrics"),
        (("--limit", "0"), "limit"),
        (("--period", "never"), "period"),
    ):
        with pytest.raises(CommandError, match=name):
            call_command(*known, *wrong)
    with pytest.raises(CommandError, match="site"):
        call_command("report", "nope")


def test_a_path_that_is_no_url_is_a_bad_line(site: Site) -> None:
    reader = LogReader(site.public_id, site.base_url, 1, lambda _: False, datetime.now(UTC))
    tally = Tally()
    assert list(reader.page_loads(iter([line("http://[x").encode()]), tally)) == []
    assert tally.bad[0][1] == "no path"


def test_the_demo_is_made_once_and_says_how_to_sign_in(
    client: Client, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracking.imports.demo_traffic.PEOPLE_ON_A_WEEKDAY", 6)
    passwords = []
    for _ in range(2):
        call_command("demo")
        passwords.append(capsys.readouterr().out.split()[-1])
        drain()
    events = Event.objects.count()
    copy_new_events(settings.COLUMNS_DIR)

    assert Site.objects.count() == 1
    assert events > 500
    login = {"username": "demo@example.org", "password": passwords[1]}
    assert client.post("/accounts/login/", login).headers["Location"] == "/sites/"
    text = client.get(f"/sites/{Site.objects.get().public_id}/?period=12mo&full=1").content.decode()
    assert "Sign up" in text
    assert "Organic Search" in text
