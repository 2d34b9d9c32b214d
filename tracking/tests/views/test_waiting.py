"""A reader gets an answer as soon as it is there; one who leaves ends the work."""

from threading import Event
from typing import Any

import pytest
from django.http import HttpResponse, StreamingHttpResponse

from tracking.errors import ReportLeft, ReportTooSlow
from tracking.views import waiting

PATIENCE_SECONDS = 30


def excuse(error: Exception) -> HttpResponse:
    return HttpResponse(f"sorry: {type(error).__name__}", status=503)


def respond(ask: Any) -> Any:
    return waiting.respond(ask, show=HttpResponse, excuse=excuse, expected=(ReportTooSlow,))


def too_slow(left: Event) -> str:
    raise ReportTooSlow(20)


def broken(left: Event) -> str:
    raise ZeroDivisionError


def test_an_answer_that_comes_soon_is_a_plain_response() -> None:
    response = respond(lambda _: "seven")
    assert (response.status_code, response.content) == (200, b"seven")


def test_an_expected_failure_that_comes_soon_has_its_status() -> None:
    response = respond(too_slow)
    assert (response.status_code, response.content) == (503, b"sorry: ReportTooSlow")


def test_a_defect_is_not_hidden_in_the_other_thread() -> None:
    with pytest.raises(ZeroDivisionError):
        respond(broken)


def test_a_late_answer_is_streamed_behind_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "SOON_SECONDS", 0)
    go = Event()

    def ask(left: Event) -> str:
        assert go.wait(PATIENCE_SECONDS)
        return "seven"

    response = respond(ask)
    assert isinstance(response, StreamingHttpResponse)
    sent = iter(response)
    assert next(sent) == b""
    go.set()
    assert b"".join(sent) == b"seven"


@pytest.mark.django_db
def test_who_leaves_ends_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "SOON_SECONDS", 0)
    ended = Event()

    def ask(left: Event) -> str:
        if left.wait(PATIENCE_SECONDS):
            ended.set()
        raise ReportLeft

    response = respond(ask)
    assert next(iter(response)) == b""
    response.close()
    assert ended.wait(PATIENCE_SECONDS)
