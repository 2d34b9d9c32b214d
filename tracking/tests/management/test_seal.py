"""Sealing days when somebody asks for it."""

import fcntl
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import OperationalError
from django.utils.timezone import now

from tracking.columns.manifest import read_sealed, site_folder
from tracking.columns.seal import seal_together
from tracking.models import Event, Site
from tracking.tests.factories import SiteFactory
from tracking.tests.pipeline import MONDAY, NINE, ask, count, hit, seal
from tracking.upkeep.worker import LOCK_NAME

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
TUESDAY = MONDAY + DAY


@pytest.fixture
def site() -> Any:
    """A site with a page on the last day of a month, on two days of the next, and today."""
    site = SiteFactory()
    count([hit(site, at) for at in (NINE - 2 * DAY, NINE, NINE + DAY, now())])
    return site


def files_of(site: Site) -> set[str]:
    return {path.name for path in site_folder(settings.COLUMNS_DIR, site.pk).glob("*.parquet")}


def sealed_days(site: Site) -> list[date]:
    return sorted(read_sealed(settings.COLUMNS_DIR, site.pk).days)


def file_of(site: Site, day: date) -> str:
    return read_sealed(settings.COLUMNS_DIR, site.pk).file_of(day).name


def numbers(site: Site) -> Any:
    report = ask(site, MONDAY - 3 * DAY, now().date(), ("visits", "pageviews"), "weekday")
    return report.totals, report.rows


def damage(site: Site) -> None:
    for name in files_of(site):
        site_folder(settings.COLUMNS_DIR, site.pk).joinpath(name).write_bytes(b"damaged")


def test_what_is_due_is_sealed_and_what_is_not_over_is_not(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    before = numbers(site)
    call_command("seal")
    assert capsys.readouterr().out == "3 days sealed\n"
    assert sealed_days(site) == [MONDAY - 2 * DAY, MONDAY, TUESDAY]
    assert numbers(site) == before

    call_command("seal")
    assert capsys.readouterr().out == "0 days sealed\n"


def test_what_is_due_of_one_site_is_sealed(site: Site) -> None:
    other = SiteFactory()
    count([hit(other)])
    call_command("seal", other.public_id)

    assert sealed_days(other) == [MONDAY]
    assert sealed_days(site) == []
    call_command("seal")
    assert len(sealed_days(site)) == 3


def test_everything_is_written_anew_from_the_database(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    other = SiteFactory()
    count([hit(other)])
    before, others_before = numbers(site), numbers(other)
    seal(NINE + 3 * DAY)
    old = files_of(site) | files_of(other)
    damage(site)
    call_command("seal", "--rebuild")

    assert capsys.readouterr().out == "4 days written anew\n"
    assert not (files_of(site) | files_of(other)) & old
    assert (numbers(site), numbers(other)) == (before, others_before)
    # The days of a month are in the same files.
    assert file_of(site, MONDAY) == file_of(site, TUESDAY) != file_of(site, MONDAY - 2 * DAY)
    assert now().date() not in sealed_days(site)


def test_files_that_are_all_gone_are_made(site: Site) -> None:
    before = numbers(site)
    (settings.COLUMNS_DIR / "manifest.json").unlink()
    call_command("seal", "--rebuild")

    assert numbers(site) == before


def test_one_sites_days_are_written_anew(site: Site) -> None:
    other = SiteFactory()
    count([hit(other)])
    seal(NINE + 3 * DAY)
    untouched, old = files_of(other), files_of(site)
    call_command("seal", site.public_id, "--rebuild")

    assert files_of(other) == untouched
    assert not files_of(site) & old


def test_the_days_that_are_named_are_written_anew(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    seal(NINE + 3 * DAY)
    before = numbers(site)
    kept = file_of(site, MONDAY - 2 * DAY)
    old = files_of(site)
    days = ("--day", "2026-03-03", "--day", "2026-03-02", "--day", "2026-03-02")
    call_command("seal", site.public_id, "--rebuild", *days)

    assert capsys.readouterr().out == "2 days written anew\n"
    assert file_of(site, MONDAY - 2 * DAY) == kept
    assert len(files_of(site) & old) == 2
    assert numbers(site) == before


def test_a_day_whose_events_are_gone_from_the_database_goes_from_the_files(site: Site) -> None:
    seal(NINE + 3 * DAY)
    Event.objects.filter(day=MONDAY).delete()
    call_command("seal", "--rebuild", "--day", "2026-03-02")

    assert sealed_days(site) == [MONDAY - 2 * DAY, TUESDAY]
    assert ask(site).totals["visits"] == 0


def test_late_events_of_a_sealed_day_are_in_its_new_files(site: Site) -> None:
    seal(NINE + 3 * DAY)
    count([hit(site, NINE + timedelta(hours=2), "/late")])
    call_command("seal", "--rebuild")

    assert ask(site, by="page", metrics=("pageviews",)).row_count == 2
    call_command("seal")
    assert ask(site, metrics=("pageviews",)).totals["pageviews"] == 2


def test_what_is_counted_meanwhile_is_in_reports_once(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal(NINE + 3 * DAY)

    def slowly(*arguments: Any) -> None:
        monkeypatch.undo()
        count([hit(site, NINE + timedelta(hours=3), "/meanwhile"), hit(site, now(), "/meanwhile")])
        seal_together(*arguments)

    monkeypatch.setattr("tracking.upkeep.sealing.seal_together", slowly)
    call_command("seal", "--rebuild")

    report = ask(site, MONDAY, now().date(), ("pageviews",), "page")
    assert {row.keys[0]: row.metrics["pageviews"] for row in report.rows} == {
        "/": 3,
        "/meanwhile": 2,
    }


@pytest.mark.parametrize(
    "deadly",
    [
        "tracking.upkeep.steps.write_chunk",
        "tracking.columns.seal.load",
        "tracking.columns.files.sync",
        "tracking.columns.seal.replace_sealed",
        "tracking.columns.manifest._write",
        "tracking.upkeep.sealing.drop_sealed_rows",
    ],
)
@pytest.mark.parametrize("times", [0, 1])
def test_killed_anywhere_nothing_is_lost_and_it_can_be_run_again(
    site: Site, monkeypatch: pytest.MonkeyPatch, deadly: str, times: int
) -> None:
    seal(NINE + 3 * DAY)
    before = numbers(site)
    for _ in range(2):
        with monkeypatch.context() as patched:
            kill_after(times, deadly, patched)
            try:
                call_command("seal", "--rebuild")
            except KeyboardInterrupt:
                assert numbers(site) == before
    call_command("seal", "--rebuild")

    assert numbers(site) == before
    assert len(sealed_days(site)) == 3


def kill_after(times: int, name: str, patched: pytest.MonkeyPatch) -> None:
    """Let a function be called so often and then no more."""
    module, _, attribute = name.rpartition(".")
    original = getattr(__import__(module, fromlist=[attribute]), attribute)
    left = iter(range(times))

    def deadly(*arguments: Any, **more: Any) -> Any:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return original(*arguments, **more)

    patched.setattr(name, deadly)


def test_a_failure_says_that_it_can_be_run_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr("tracking.upkeep.sealing.seal_together", fail)
    with pytest.raises(CommandError, match=r"locked\n.*do this again"):
        call_command("seal", "--rebuild")


@pytest.fixture
def upkeep_runs(data_dir: Path) -> Iterator[None]:
    with (data_dir / LOCK_NAME).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.mark.parametrize("arguments", [(), ("--rebuild",)])
def test_while_upkeep_runs_it_says_how_to_go_on(
    site: Site, upkeep_runs: None, arguments: tuple[str, ...]
) -> None:
    with pytest.raises(CommandError, match=r"upkeep process.* is running.*Stop upkeep"):
        call_command("seal", *arguments)
    assert sealed_days(site) == []


def refuses(*arguments: str, match: str) -> None:
    with pytest.raises(CommandError, match=match):
        call_command("seal", *arguments)


@pytest.mark.parametrize("public_id", ["nope", "\udcff", ""])
def test_an_unknown_site_is_named(public_id: str) -> None:
    refuses(public_id, "--rebuild", match=r"^site: there is none")
    refuses(public_id, match=r"^site: there is none")


@pytest.mark.parametrize(
    "day", ["never", "2026-02-30", "20260302", "2026-W10-1", "", "9" * 5000, "٢٠٢٦-٠٣-٠٢"]
)
def test_a_day_that_is_none_is_named(site: Site, day: str) -> None:
    refuses("--rebuild", "--day", day, match=r"^day: .* is no day like")


def test_days_are_named_only_to_be_written_anew(site: Site) -> None:
    refuses("--day", "2026-03-02", match=r"^day: only --rebuild")


def test_days_that_are_not_over_are_refused(site: Site) -> None:
    today = site.today()
    refuses("--rebuild", "--day", f"{today}", match=rf"^day: {today} is not over")
    tomorrow = today + DAY
    refuses("--rebuild", "--day", f"{tomorrow}", match=rf"^day: {tomorrow} is in the future")
    refuses("--rebuild", "--day", "9999-12-31", match=r"^day: 9999-12-31 is in the future")


@pytest.mark.parametrize(("minute", "is_over"), [(30, False), (31, True)])
def test_a_day_is_over_when_its_last_visits_are(
    site: Site, monkeypatch: pytest.MonkeyPatch, minute: int, is_over: bool
) -> None:
    at = datetime.combine(TUESDAY, datetime.min.time(), NINE.tzinfo) + timedelta(minutes=minute)
    monkeypatch.setattr("tracking.management.commands.seal.now", lambda: at)
    if is_over:
        call_command("seal", "--rebuild", "--day", "2026-03-02")
        assert sealed_days(site) == [MONDAY]
    else:
        refuses("--rebuild", "--day", "2026-03-02", match="is not over")
        call_command("seal", "--rebuild")
        assert sealed_days(site) == [MONDAY - 2 * DAY]


def test_days_that_a_site_no_longer_keeps_are_refused_and_left_alone(site: Site) -> None:
    seal(NINE + 3 * DAY)
    kept_days = (site.today() - MONDAY).days
    Site.objects.filter(pk=site.pk).update(retention_days=kept_days)
    gone = MONDAY - DAY
    refuses(
        *("--rebuild", "--day", f"{MONDAY}", "--day", f"{gone}"),
        match=rf"^day: {gone} is before {MONDAY}, .*{site.public_id} keeps",
    )
    left_alone = file_of(site, MONDAY - 2 * DAY)
    call_command("seal", "--rebuild", "--day", f"{MONDAY}")
    call_command("seal", "--rebuild")

    assert file_of(site, MONDAY - 2 * DAY) == left_alone
