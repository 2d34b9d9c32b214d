"""A backup of an instance that runs, restored into an empty one, has each answered hit once."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.faults.storm import Senders, settle
from tests.instance import Instance, wait_for
from tests.postgres import PostgreSQL, running

SENT_BEFORE = 400
SENT_MEANWHILE = 200
REPORTS = (
    ("--metrics", "visitors,visits,pageviews,bounce_rate"),
    ("--metrics", "pageviews,visitors", "--by", "page"),
    ("--metrics", "visits", "--by", "browser"),
)
PAST_DAY = "2026-03-02"

pytestmark = pytest.mark.processes


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def databases(request: pytest.FixtureRequest) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    """The environments of two instances, each with a database of its own."""
    if request.param == "SQLite":
        yield {}, {}
        return
    with running() as first, running() as second:
        yield environ_of(first), environ_of(second)


def environ_of(database: PostgreSQL) -> dict[str, str]:
    return {"DATABASE_URL": database.url}


def pages(instance: Instance) -> list[str]:
    """The page of every event in the record."""
    sql = "SELECT text FROM tracking_event e JOIN tracking_term t ON t.id = e.page_id"
    if address := instance.environ.get("DATABASE_URL"):
        with psycopg.connect(address) as connection:
            return [text for (text,) in connection.execute(sql)]
    with sqlite3.connect(instance.data_dir / "footfall.sqlite3") as lite:
        return [text for (text,) in lite.execute(sql)]


def import_a_past_day(instance: Instance, site: str, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_text(
        "".join(
            f'84.112.1.{n % 50} - - [02/Mar/2026:{n % 24:02}:10:00 +0000] "GET /page/{n % 7}'
            ' HTTP/1.1" 200 10 "-" "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101'
            ' Firefox/128.0"\n'
            for n in range(300)
        )
    )
    instance.manage("import_access_log", site, str(log))


def reports(instance: Instance, site: str) -> list[str]:
    period = ("--period", f"{PAST_DAY}..{PAST_DAY}", "--format", "json")
    return [instance.manage("report", site, *period, *options) for options in REPORTS]


def test_every_hit_that_was_answered_before_is_restored_once(
    databases: tuple[dict[str, str], dict[str, str]], tmp_path: Path
) -> None:
    here = Instance(tmp_path / "here", TRUSTED_PROXIES="1", **databases[0])
    there = Instance(tmp_path / "there", TRUSTED_PROXIES="1", **databases[1])
    folder = tmp_path / "backup"
    here.manage("prepare")
    add = ("add_site", "https://site.example", "--owner", "admin@example.org")
    site = here.manage(*add).strip()
    import_a_past_day(here, site, tmp_path)
    try:
        here.start()
        with Senders([f"{here.url}/t/{site}"]) as senders:
            wait_for("hits to be answered", lambda: len(senders.answered) >= SENT_BEFORE)
            # Hits in every place: counted, half taken, and waiting.
            here.kill("ingest")
            waiting = len(senders.answered)
            wait_for("hits to wait", lambda: len(senders.answered) >= waiting + SENT_MEANWHILE)
            here.start("ingest")
            before = set(senders.answered)
            here.manage("backup", str(folder))
            after = len(senders.answered)
            wait_for("hits after it", lambda: len(senders.answered) >= after + SENT_MEANWHILE)
        expected = reports(here, site)
    finally:
        here.stop()

    try:
        there.manage("restore", str(folder))
        settle([there])
        found = [page for page in pages(there) if page.startswith("/marker/")]
        restored = reports(there, site)
    finally:
        there.stop()

    assert len(found) == len(set(found))
    assert before <= set(found)
    assert json.loads(expected[0])["totals"]["pageviews"] == 300
    assert restored == expected
    assert (there.data_dir / "secret-key").read_text() == (here.data_dir / "secret-key").read_text()
