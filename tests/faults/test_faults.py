"""Every answered hit counts once, whatever happens to the processes, the disk and the database.

FAULT_KILLS and FAULT_SEED say how long and with which luck; `make soak` lets hundreds happen.
"""

import os
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.record import (
    counted_events,
    reference_visits,
    rejected_pages,
    rows,
    stored_visits,
)
from tests.faults.storm import Senders, Storm, settle
from tests.instance import Instance
from tests.postgres import PostgreSQL, running

KILLS = int(os.environ.get("FAULT_KILLS", "20"))

pytestmark = pytest.mark.processes


@pytest.fixture(params=["SQLite", "three hosts on PostgreSQL"])
def hosts(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[tuple[list[Instance], PostgreSQL | None]]:
    if request.param == "SQLite":
        alone = [Instance(tmp_path / "host", TRUSTED_PROXIES="1")]
        yield alone, None
        alone[0].stop()
        return
    with running() as database:
        several = [
            Instance(tmp_path / f"host{n}", TRUSTED_PROXIES="1", DATABASE_URL=database.url)
            for n in range(3)
        ]
        yield several, database
        for host in several:
            host.stop()


def test_every_answered_hit_counts_once_in_any_storm(
    hosts: tuple[list[Instance], PostgreSQL | None],
) -> None:
    instances, database = hosts
    seed = int(os.environ.get("FAULT_SEED", random.SystemRandom().randrange(10**6)))
    print(f"FAULT_SEED={seed}")
    for instance in instances:
        instance.manage("prepare")
    site = (
        instances[0]
        .manage("add_site", "https://site.example", "--owner", "admin@example.org")
        .strip()
    )
    instances[0].start()
    for instance in instances[1:]:
        instance.start("web", "ingest")

    storm = Storm(instances, seed, database)
    with Senders([f"{one.url}/t/{site}" for one in instances]) as senders:
        storm.rage(KILLS)
    settle(instances)

    events = counted_events(instances[0], database)
    counts = Counter(event.page for event in events) + rejected_pages(instances[0], database)
    print(f"{storm.kills} kills, {senders.sent} sent, {len(senders.answered)} answered")
    assert len(senders.answered) > 100
    assert senders.answered <= counts.keys()
    assert set(counts.values()) == {1}
    assert len({event.event_id for event in events}) == len(events)
    assert stored_visits(events) == reference_visits(events)
    pageviews = "SELECT sum(pageviews) FROM tracking_"
    for table in ("visit", "dailytotal"):
        assert rows(instances[0], database, pageviews + table) == [(len(events),)]
