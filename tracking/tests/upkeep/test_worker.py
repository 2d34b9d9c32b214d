import threading
from typing import Any

import pytest
from django.core.management import call_command
from django.db import OperationalError

from tracking.tests.factories import SiteFactory
from tracking.tests.pipeline import ask, hit, spool
from tracking.upkeep import worker

pytestmark = pytest.mark.django_db


def test_a_step_that_fails_is_logged_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stop = threading.Event()
    done: list[str] = []

    def fail(*_: Any) -> None:
        raise OperationalError("locked")

    def forget(*_: Any) -> None:
        done.append("forget")
        stop.set()

    class Connection:
        def close(self) -> None:
            done.append("close")

    monkeypatch.setattr(worker, "copy_new_events", fail)
    monkeypatch.setattr(worker, "seal_finished_days", lambda *_: done.append("seal"))
    monkeypatch.setattr(worker, "forget_what_is_over", forget)
    monkeypatch.setattr(worker, "connection", Connection())
    worker.run(stop)

    assert done == ["close", "seal", "forget"]
    assert "will be tried again" in caplog.text


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
