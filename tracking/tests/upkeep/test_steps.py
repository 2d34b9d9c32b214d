"""Retention and the sweep of terms, as upkeep does them."""

import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings

from tracking.columns.manifest import Manifest, read_manifest, read_sealed, site_folder
from tracking.models import DailyTotal, Dictionary, DroppedHits, Event, Site, Term, Visit
from tracking.store import retention
from tracking.tests.factories import SiteFactory
from tracking.tests.pipeline import MONDAY, NINE, ask, count, hit, seal
from tracking.upkeep.step import Surroundings
from tracking.upkeep.steps import (
    apply_retention,
    begin_files,
    copy_new_events,
    run_once,
    seal_finished_days,
    sweep_unused_terms,
)

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
KEPT_DAYS = 7
LAST_KEPT = (NINE + KEPT_DAYS * DAY).replace(hour=23, minute=59, second=59)
OVER = LAST_KEPT + timedelta(seconds=1)


@pytest.fixture
def site() -> Any:
    return SiteFactory(retention_days=KEPT_DAYS)


def retain(at: datetime, pause: Callable[[], None] = lambda: None) -> str:
    return apply_retention(Surroundings(settings.COLUMNS_DIR, settings.SPOOL_DIR, pause), at)


def sweep(at: datetime) -> str:
    return sweep_unused_terms(
        Surroundings(settings.COLUMNS_DIR, settings.SPOOL_DIR, lambda: None), at
    )


def pageviews(site: Site) -> Any:
    return ask(site, MONDAY, MONDAY + 30 * DAY, ("pageviews",)).totals["pageviews"]


def test_a_day_stays_until_it_is_older_than_its_site_keeps(site: Site) -> None:
    forever = SiteFactory()
    count([hit(site), hit(forever), hit(site, NINE + DAY), hit(site, user_agent="curl")])
    seal(NINE + 2 * DAY)

    assert retain(LAST_KEPT) == "0 rows and 0 sealed days deleted"
    assert pageviews(site) == 2
    assert retain(OVER) == "2 rows and 1 sealed days deleted"
    assert pageviews(site) == 1
    assert pageviews(forever) == 1
    assert list(read_sealed(settings.COLUMNS_DIR, site.pk).days) == [MONDAY + DAY]
    assert Event.objects.filter(site=site).count() == Visit.objects.filter(site=site).count() == 1
    assert DailyTotal.objects.get(site=site, day=MONDAY).pageviews == 1
    assert DroppedHits.objects.get(site=site).count == 1


def test_what_is_done_twice_changes_nothing_more(site: Site) -> None:
    count([hit(site)])
    seal(NINE + DAY)
    retain(OVER)
    before = (settings.COLUMNS_DIR / "manifest.json").stat().st_mtime_ns

    assert retain(OVER) == "0 rows and 0 sealed days deleted"
    assert (settings.COLUMNS_DIR / "manifest.json").stat().st_mtime_ns == before


def test_what_was_deleted_does_not_come_back_when_files_are_made_anew(site: Site) -> None:
    count([hit(site), hit(site, NINE + DAY)])
    seal(NINE + 2 * DAY)
    retain(OVER)
    (settings.COLUMNS_DIR / "manifest.json").unlink()
    copy_new_events(settings.COLUMNS_DIR)

    assert pageviews(site) == 1


def test_a_hit_of_a_day_that_is_over_its_time_goes_at_the_next_run(site: Site) -> None:
    count([hit(site)])
    seal(NINE + DAY)
    retain(OVER)
    count([hit(site, NINE + timedelta(minutes=1))])
    assert pageviews(site) == 1
    seal_finished_days(settings.COLUMNS_DIR, OVER)

    retain(OVER)
    assert pageviews(site) == 0
    assert not list(site_folder(settings.COLUMNS_DIR, site.pk).glob("*.parquet"))


def test_a_number_of_days_beyond_all_calendars_keeps_everything(site: Site) -> None:
    Site.objects.update(retention_days=2**31 - 1)
    count([hit(site)])
    retain(OVER)

    assert pageviews(site) == 1


def test_killed_between_two_pieces_the_next_run_does_the_others(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "DELETED_AT_ONCE", 2)
    count(hit(site, NINE + timedelta(hours=number)) for number in range(5))

    def killed() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        retain(OVER, killed)
    assert Event.objects.count() == 3
    retain(OVER)

    assert not Event.objects.exists()
    assert not Visit.objects.exists()
    assert pageviews(site) == 0


def test_texts_go_after_retention_once_a_day(site: Site) -> None:
    assert sweep(OVER) == "nothing was deleted that used any"
    count([hit(site, page="/old"), hit(site, NINE + DAY, page="/older")])
    retain(OVER)
    assert sweep(OVER) == "1 terms deleted"
    assert not Term.objects.filter(text="/old").exists()
    assert sweep(OVER + DAY) == "nothing was deleted that used any"

    retain(OVER + DAY)
    assert "waits" in sweep(OVER + timedelta(hours=19, minutes=59))
    assert sweep(OVER + timedelta(hours=20)).endswith("terms deleted")
    assert not Term.objects.exists()


def test_a_deleted_sites_texts_go_too(site: Site) -> None:
    count([hit(site)])
    site.owner.delete()

    assert Dictionary.state().released == 1
    sweep(OVER)
    assert not Term.objects.exists()


def test_every_step_is_kept_with_what_it_did(site: Site) -> None:
    count([hit(site)])
    outcomes = run_once(settings.COLUMNS_DIR, settings.SPOOL_DIR, OVER)

    assert [outcome.error for outcome in outcomes] == [""] * len(outcomes)
    assert all(outcome.result for outcome in outcomes)


def test_an_instance_without_a_hit_begins_with_an_empty_list() -> None:
    folder = settings.COLUMNS_DIR
    begin_files(folder)
    assert read_manifest(folder) == Manifest()

    count([hit(SiteFactory(), NINE)])
    copied = read_manifest(folder)
    begin_files(folder)
    assert read_manifest(folder) == copied != Manifest()


def test_an_instance_that_lost_its_files_does_not_begin_anew() -> None:
    folder = settings.COLUMNS_DIR
    count([hit(SiteFactory(), NINE)])
    shutil.rmtree(folder)
    begin_files(folder)
    assert read_manifest(folder) is None
