"""From the spool into the database, whatever happens meanwhile."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import DataError, OperationalError, transaction
from django.test import Client
from django.utils.timezone import now
from pytest_django.fixtures import Settings

from tracking.ingest import worker
from tracking.ingest.batch import Ingester
from tracking.ingest.live import live_lookups
from tracking.models import (
    DailyTotal,
    DroppedHits,
    Engagement,
    Event,
    ImportedLine,
    RejectedHit,
    Salt,
    Site,
    SpoolFile,
    Term,
    Visit,
)
from tracking.records import VisitChanges
from tracking.spool.aside import files_aside
from tracking.spool.leader import is_led, leadership
from tracking.spool.reader import spool_files
from tracking.spool.retry import retry
from tracking.spool.writer import SpoolWriter
from tracking.store.terms import Terms
from tracking.store.writer import write_changes
from tracking.tests.factories import SiteFactory, UserFactory
from tracking.tests.pipeline import NINE, hit, spool
from tracking.upkeep.leftovers import forget_rejected

pytestmark = pytest.mark.django_db

GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


def test_a_hit_becomes_an_event_of_a_visit_with_all_that_was_looked_up() -> None:
    site = SiteFactory(timezone="Europe/Vienna")
    spool(
        [
            hit(
                *(site, NINE, "/caf%C3%A9?utm_campaign=autumn"),
                referrer="https://www.google.com/",
                language="de",
                title="Coffee",
                props=(("b", "2"), ("a", "ü")),
            )
        ]
    )

    assert worker.drain() == 1
    event, visit = Event.objects.get(), Visit.objects.get()
    assert (event.page.text, event.hostname.text, event.title.text) == (  # type: ignore[union-attr]
        *("/café", "site.example"),
        "Coffee",
    )
    assert (event.hour, event.props) == (10, '{"a": "ü", "b": "2"}')
    assert event.visit_id == visit.pk == event.pk
    texts = (visit.source, visit.channel, visit.utm_campaign, visit.country, visit.browser)
    assert [str(text) for text in texts] == ["Google", "Organic Search", "autumn", "AT", "Chrome"]
    assert visit.address == ""


@pytest.mark.parametrize(
    ("how", "kept"), [("no", ""), ("anonymised", "84.112.1.0"), ("full", "84.112.1.1")]
)
def test_addresses_are_stored_only_when_told_to(settings: Settings, how: str, kept: str) -> None:
    settings.STORE_IP = how
    spool([hit(SiteFactory())])
    worker.drain()

    assert Visit.objects.get().address == kept


def test_a_taken_file_is_removed_and_its_row_stays() -> None:
    spool([hit(SiteFactory())] * 3)
    worker.drain()

    assert spool_files(settings.SPOOL_DIR) == []
    file = SpoolFile.objects.get()
    assert (file.hits, file.bad_lines) == (3, 0)
    assert file.finished_at is not None


def test_a_file_that_is_still_written_to_goes_on_where_it_was() -> None:
    site = SiteFactory()
    writer = SpoolWriter(settings.SPOOL_DIR)
    for minute in range(3):
        writer.append(hit(site, NINE + timedelta(minutes=minute)))
        worker.drain()

    assert Event.objects.count() == 3
    assert Visit.objects.get().pageviews == 3
    assert SpoolFile.objects.get().finished_at is None
    writer.close()
    worker.drain()
    assert spool_files(settings.SPOOL_DIR) == []


def test_what_does_not_count_is_counted_with_its_reason() -> None:
    site = SiteFactory()
    spool(
        [
            hit(site, user_agent=GOOGLEBOT),
            hit(site, referrer="http://0-0.fr/"),
            hit(site, name="engagement", engaged_seconds=3),
            hit(site, import_id=77, identity="x"),
        ]
    )
    worker.drain()
    spool([hit(site, user_agent=GOOGLEBOT)])
    worker.drain()

    counts = dict(DroppedHits.objects.values_list("reason", "count"))
    assert counts == {"bot": 2, "spam": 1, "no_visit": 1, "closed_import": 1}
    assert not Event.objects.exists()


def test_hits_of_a_site_that_is_gone_and_lines_without_a_hit_do_not_stop_the_rest() -> None:
    site = SiteFactory()
    settings.SPOOL_DIR.mkdir()
    (settings.SPOOL_DIR / "a.spool").write_bytes(b"garbage\n")
    gone = Site(public_id="gone")
    spool([hit(gone), hit(site)])
    worker.drain()

    assert Event.objects.count() == 1
    assert SpoolFile.objects.get(name="a.spool").bad_lines == 1
    assert [path.read_bytes() for path in files_aside(settings.SPOOL_DIR)] == [b"garbage\n"]


@pytest.mark.parametrize("line", [b'{"v": 0, "site": "x"}\n', b"\x00" * 5000, b"{" * 300 + b"\n"])
def test_a_file_of_another_version_or_kind_goes_aside_and_does_not_stop_the_rest(
    line: bytes,
) -> None:
    settings.SPOOL_DIR.mkdir()
    (settings.SPOOL_DIR / "0.spool").write_bytes(line)
    (settings.SPOOL_DIR / "folder.spool").mkdir()
    spool([hit(SiteFactory())])
    worker.drain()

    assert Event.objects.count() == 1
    assert SpoolFile.objects.get(name="0.spool").bad_lines == 1
    assert len(files_aside(settings.SPOOL_DIR)) == 1
    assert spool_files(settings.SPOOL_DIR) == []


def refuse(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the database refuse every batch with a hit of this page."""

    def write(changes: VisitChanges, terms: Terms) -> None:
        if any(one.hit.page == page for one in changes.events):
            raise DataError("value too long")
        write_changes(changes, terms)

    monkeypatch.setattr("tracking.ingest.batch.write_changes", write)


def test_a_hit_that_the_database_refuses_is_set_aside_alone(
    monkeypatch: pytest.MonkeyPatch, client: Client
) -> None:
    site = SiteFactory()
    for part in (range(4), range(4, 9)):
        spool([hit(site, page=f"/{number}") for number in part])
    with monkeypatch.context() as patch:
        refuse("/5", patch)
        assert worker.drain() == 9

    pages = {str(event.page) for event in Event.objects.all()}
    assert pages == {f"/{number}" for number in range(9) if number != 5}
    rejected = RejectedHit.objects.get()
    assert rejected.site == site.public_id
    assert "value too long" in rejected.reason
    assert "84.112.1.0" in rejected.line
    assert spool_files(settings.SPOOL_DIR) == []

    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    for _ in range(2):
        answer = client.post(
            "/admin/tracking/rejectedhit/",
            {"action": "retry", "_selected_action": [rejected.pk]},
            follow=True,
        )
    assert answer.status_code == 200
    worker.drain()
    assert not RejectedHit.objects.exists()
    assert Event.objects.count() == 9


def test_a_hit_that_is_retried_twice_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    site = SiteFactory()
    spool([hit(site)])
    with monkeypatch.context() as patch:
        refuse("/", patch)
        worker.drain()
    rejected = RejectedHit.objects.get()
    rejected.delete()
    for _ in range(2):
        rejected.pk = None
        rejected.save()
        retry([rejected], SpoolWriter(settings.SPOOL_DIR))
    worker.drain()

    assert Event.objects.count() == 1


def test_rejected_hits_that_nobody_retries_are_erased_after_a_week() -> None:
    RejectedHit.objects.create(event_id=1, site="x", happened_at=now(), line="{}", reason="why")

    assert forget_rejected(now() + timedelta(days=6)) == 0
    assert forget_rejected(now() + timedelta(days=8)) == 1


def test_an_imported_line_counts_once_in_a_batch_and_ever_after() -> None:
    site = SiteFactory()
    log_import = site.imports.create()
    lines = [hit(site, import_id=log_import.pk, identity=name) for name in ("a", "b", "a")]
    for _ in range(2):
        spool(lines)
        worker.drain()

    assert Event.objects.count() == ImportedLine.objects.count() == 2
    assert not Salt.objects.exists()


def test_engagement_is_kept_apart_from_events() -> None:
    site = SiteFactory()
    later = NINE + timedelta(minutes=5)
    spool([hit(site), hit(site, later, name="engagement", engaged_seconds=200, scroll_depth=70)])
    worker.drain()

    signal = Engagement.objects.get()
    assert (signal.seconds, signal.scroll_depth) == (200, 70)
    assert Event.objects.count() == 1
    assert Visit.objects.get().ended_at == later


def test_the_days_totals_add_up_over_batches() -> None:
    site = SiteFactory()
    for minutes, address in ((0, "84.112.1.1"), (50, "84.112.1.1"), (60, "84.112.1.2")):
        spool([hit(site, NINE + timedelta(minutes=minutes), address=address)])
        spool([hit(site, NINE + timedelta(minutes=minutes), name="Sign up", address=address)])
        worker.drain()

    total = DailyTotal.objects.get()
    assert (total.visitors, total.visits, total.pageviews, total.events) == (2, 3, 3, 3)


class Broken(Exception):
    """What a test breaks a batch with."""


@pytest.mark.parametrize(
    "step",
    [
        "tracking.ingest.batch.enrich",
        "tracking.ingest.batch.visits_of",
        "tracking.ingest.batch.write_changes",
        "tracking.ingest.batch.add_dropped",
        "tracking.ingest.batch._advance",
        "tracking.ingest.batch.remove",
    ],
)
@pytest.mark.django_db(transaction=True)
def test_a_batch_that_breaks_anywhere_counts_everything_once_after(
    step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = SiteFactory()
    spool([hit(site), hit(site, user_agent=GOOGLEBOT)])

    def broken(*_: Any) -> None:
        raise Broken

    ingester = Ingester(settings.SPOOL_DIR, live_lookups())
    with monkeypatch.context() as patch:
        patch.setattr(step, broken)
        with pytest.raises(Broken):
            ingester.take_batch()
    ingester.take_batch()
    ingester.take_batch()

    assert Event.objects.count() == Visit.objects.count() == 1
    assert DroppedHits.objects.get().count == 1
    assert DailyTotal.objects.get().pageviews == 1
    assert spool_files(settings.SPOOL_DIR) == []


def test_a_rolled_back_batch_leaves_no_term_behind_that_the_next_would_use() -> None:
    site = SiteFactory()
    spool([hit(site, page="/first")])
    ingester = Ingester(settings.SPOOL_DIR, live_lookups())
    with transaction.atomic():
        ingester.terms.ids(2, ["/first"])
        transaction.set_rollback(True)
    ingester.terms.rollback()
    ingester.take_batch()

    assert Term.objects.filter(text="/first").count() == 1
    assert str(Event.objects.get().page) == "/first"


def test_a_database_that_is_down_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    stop = threading.Event()
    waits: list[float] = []
    site = SiteFactory()
    spool([hit(site)])
    failures = [OperationalError("locked"), OperationalError("locked")]
    take_batch = Ingester.take_batch

    def flaky(self: Ingester) -> int:
        if failures:
            raise failures.pop()
        return take_batch(self)

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        if len(waits) == 4:
            stop.set()
        return True

    monkeypatch.setattr(Ingester, "take_batch", flaky)
    monkeypatch.setattr(worker, "connection", _Connection())
    monkeypatch.setattr(worker, "seconds_kept_waiting", lambda: 0.0)
    monkeypatch.setattr(stop, "wait", wait)
    worker.run(stop)

    assert Event.objects.count() == 1
    assert 0 < waits[0] <= 1
    assert 1 <= waits[1] <= 2
    assert waits[2:] == [0.0, worker.IDLE_SECONDS]


class _Connection:
    """The tests' own connection must stay open."""

    vendor = "sqlite"
    in_atomic_block = True

    def close(self) -> None:
        """Do nothing."""


def test_only_one_leads_a_folder_and_who_waits_can_be_stopped() -> None:
    stop = threading.Event()
    lock = settings.SPOOL_DIR / worker.LOCK_NAME
    assert not is_led(lock)
    with leadership(lock, stop) as leads:
        assert leads
        assert is_led(lock)
        stop.set()
        with leadership(lock, stop) as second:
            assert not second
        worker.run(stop)
    assert not is_led(lock)


def test_the_http_provider_is_used_when_it_is_asked_for(settings: Settings) -> None:
    settings.GEO_PROVIDER = "http"
    settings.GEO_URL = "http://geo.example/{ip}"

    assert type(live_lookups().places).__name__ == "HttpPlaces"
