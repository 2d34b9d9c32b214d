import fcntl
import threading
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import OperationalError
from django.utils.timezone import now

from tracking.models import UpkeepRun
from tracking.tests.factories import SiteFactory
from tracking.tests.pipeline import ask, hit, spool
from tracking.upkeep import worker
from tracking.upkeep.step import Outcome, Step, Surroundings, keep

pytestmark = pytest.mark.django_db


def step(name: str, run: Any, seconds: float = 0.0) -> Step:
    return Step(name, name.title(), "For a test.", seconds, run)


def run_steps(monkeypatch: pytest.MonkeyPatch, stop: threading.Event, *steps: Step) -> None:
    """Let the worker do these steps, the first of them also in pauses, until one sets `stop`."""
    monkeypatch.setattr(worker, "STEPS", steps)
    monkeypatch.setattr(worker, "COPY", steps[0])
    monkeypatch.setattr(worker, "PAUSE_SECONDS", 0.0)
    worker.run(stop)


def test_a_step_that_fails_is_logged_and_kept_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stop = threading.Event()
    closed: list[str] = []

    def fail(*_: Any) -> str:
        raise OperationalError("locked")

    def end(*_: Any) -> str:
        stop.set()
        return "all done"

    monkeypatch.setattr("tracking.upkeep.step.connection.close", lambda: closed.append("closed"))
    run_steps(monkeypatch, stop, step("first", fail), step("last", end))

    assert closed == ["closed"]
    assert "will be tried again: First" in caplog.text
    failed, done = UpkeepRun.objects.all()
    assert (failed.step, failed.last_error, failed.result) == (
        "first",
        "OperationalError: locked",
        "",
    )
    assert (done.step, done.last_error, done.result) == ("last", "", "all done")


def test_a_step_that_is_always_due_is_kept_once_a_minute_and_when_it_fails_or_recovers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stop = threading.Event()
    turns = iter(range(7))
    kept: list[str] = []

    def run(*_: Any) -> str:
        turn = next(turns)
        if turn == 6:
            stop.set()
        if turn in {3, 4}:
            raise OperationalError("locked")
        return f"turn {turn}"

    monkeypatch.setattr("tracking.upkeep.step.connection.close", lambda: None)
    monkeypatch.setattr(worker, "keep", lambda outcome: kept.append(outcome.result))
    run_steps(monkeypatch, stop, step("often", run))
    assert kept == ["turn 0", "", "turn 5"]

    kept.clear()
    stop.clear()
    turns = iter(range(4, 7))
    monkeypatch.setattr(worker, "KEPT_EVERY_SECONDS", 0.0)
    run_steps(monkeypatch, stop, step("often", run))
    assert kept == ["", "turn 5", "turn 6"]


def test_long_work_pauses_for_what_cannot_wait_and_ends_when_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stop = threading.Event()
    done: list[str] = []

    def copy(*_: Any) -> str:
        done.append("copy")
        if len(done) > 4:
            stop.set()
        return ""

    def work(around: Surroundings, *_: Any) -> str:
        while True:
            done.append("work")
            around.pause()

    run_steps(monkeypatch, stop, step("copy", copy), step("work", work, 3600.0))

    assert done == ["copy", "work", "copy", "work", "copy"]
    assert not UpkeepRun.objects.filter(step="work").exists()


def test_an_outcome_that_cannot_be_kept_stops_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(**_: Any) -> None:
        raise OperationalError("locked")

    monkeypatch.setattr(UpkeepRun.objects, "update_or_create", fail)
    monkeypatch.setattr("tracking.upkeep.step.connection.close", lambda: None)
    keep(Outcome("copy", now(), now()))

    assert "could not be kept" in caplog.text


def test_once_tells_what_each_step_did_and_which_failed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: Any) -> str:
        raise PermissionError(13, "Permission denied", "spool")

    monkeypatch.setattr("tracking.upkeep.step.connection.close", lambda: None)
    monkeypatch.setattr(
        "tracking.upkeep.steps.STEPS", (step("one", fail), step("two", lambda *_: "done"))
    )
    with pytest.raises(CommandError, match="failed: one"):
        call_command("upkeep", "--once")

    assert "two: done" in capsys.readouterr().out
    assert "Permission denied" in UpkeepRun.objects.get(step="one").last_error


def test_once_leaves_a_running_process_alone() -> None:
    with (settings.DATA_DIR / worker.LOCK_NAME).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(CommandError, match="is running"):
            call_command("upkeep", "--once")
    assert not UpkeepRun.objects.exists()


def test_commands_do_everything_once(capsys: pytest.CaptureFixture[str]) -> None:
    site = SiteFactory()
    call_command("upkeep", "--once")
    spool([hit(site)])
    call_command("ingest", "--once")
    call_command("upkeep", "--once")

    assert "1 lines taken" in capsys.readouterr().out
    assert ask(site).totals["visits"] == 1


@pytest.mark.parametrize(("name", "module"), [("ingest", "ingest"), ("upkeep", "upkeep")])
def test_commands_run_until_they_are_told_to_stop(
    name: str, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped: list[threading.Event] = []
    monkeypatch.setattr(f"tracking.management.commands.{module}.run", stopped.append)
    monkeypatch.setattr("tracking_project.processes.signal.signal", lambda *_: None)
    call_command(name)

    assert not stopped[0].is_set()
