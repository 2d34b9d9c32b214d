"""Error pages, logs and mails."""

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from django.utils.log import AdminEmailHandler
from pytest_django.fixtures import Settings

from tracking.records import TrustedProxies
from tracking.tests.factories import UserFactory
from tracking_project import errors
from tracking_project.logging import (
    DailyFileHandler,
    JsonFormatter,
    RequestContext,
    RequestContextFilter,
    TabbedFormatter,
    current_request,
    logged_url,
    logging_config,
)
from tracking_project.urls import handler400, handler403, handler404, handler500, urlpatterns

SECRET = "hunter2-and-more"


def broken(request: HttpRequest) -> HttpResponse:
    secret = SECRET
    raise RuntimeError(f"broken with {len(secret)} letters")


def refused(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied


def suspicious(request: HttpRequest) -> HttpResponse:
    raise SuspiciousOperation("odd")


def teapot(request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=418)


def odd(request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=499)


def body_reader(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.POST.get("a", ""))


__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]
urlpatterns = [
    path("broken", broken),
    path("refused", refused),
    path("suspicious", suspicious),
    path("teapot", teapot),
    path("odd", odd),
    path("body", body_reader),
    *urlpatterns,
]


@pytest.fixture
def client(settings: Settings) -> Client:
    settings.ROOT_URLCONF = "tracking_project.tests.test_errors"
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "FirstAccount" not in name]
    return Client(raise_request_exception=False)


FORM = "application/x-www-form-urlencoded"
LONG_BODY = "a=" + "x" * 70_000
PAGES: list[tuple[Callable[[Client], Any], int, str]] = [
    (lambda client: client.get("/suspicious"), 400, "made no sense"),
    (lambda client: client.get("/refused"), 403, "may not do that"),
    (lambda client: client.get("/nowhere"), 404, "nothing here"),
    (lambda client: client.post("/healthz"), 405, "Not like that"),
    (lambda client: client.post("/body", LONG_BODY, FORM), 413, "too much"),
    (lambda client: client.get("/teapot"), 418, "Teapot"),
    (lambda client: client.get("/odd"), 499, "Error"),
    (lambda client: client.get("/broken"), 500, "Something broke"),
]  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize(("ask", "status", "words"), PAGES)
def test_every_error_has_a_page(
    client: Client, ask: Callable[[Client], Any], status: int, words: str
) -> None:
    answer = ask(client)

    assert answer.status_code == status
    assert words in answer.content.decode()
    assert "Footfall" in answer.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(("address", "status"), [("/nowhere", 404), ("/broken", 500)])
def test_programs_get_json(client: Client, address: str, status: int) -> None:
    answer = client.get(address, headers={"accept": "application/json"})

    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == status


@pytest.mark.django_db
def test_a_form_without_its_token_says_what_to_do(client: Client) -> None:
    strict = Client(enforce_csrf_checks=True)
    answer = strict.post("/body", {"a": "b"})
    wanted = strict.post("/body", {"a": "b"}, headers={"accept": "application/json"})

    assert answer.status_code == 403
    assert "load the page again" in answer.content.decode()
    assert "load the page again" in wanted.json()["detail"]


def test_the_500_page_works_with_the_database_down(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: Any, **__: Any) -> None:
        raise OperationalError("down")

    monkeypatch.setattr("django.contrib.sessions.backends.db.SessionStore.load", down)
    client.cookies[settings.SESSION_COOKIE_NAME] = "x" * 32
    answer = client.get("/sites/")

    assert answer.status_code == 500
    assert "Something broke" in answer.content.decode()


def test_the_500_page_works_without_its_template(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: Any) -> None:
        raise ValueError("no manifest entry")

    monkeypatch.setattr(errors, "select_template", missing)
    answer = client.get("/broken")

    assert answer.content == b"500 Internal Server Error\n"


def test_no_secret_gets_into_log_mail_or_page(
    client: Client,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("DATABASE_PASSWORD", SECRET)
    settings.ADMINS = [("", "admin@example.org")]
    config = logging_config(None, mail_admins=True)
    reporter = config["handlers"]["mail"]["reporter_class"]
    handler = AdminEmailHandler(reporter_class=reporter)
    handler.setLevel(logging.ERROR)
    logging.getLogger("django.request").addHandler(handler)
    try:
        answer = client.get("/broken", DATABASE_PASSWORD=SECRET)
    finally:
        logging.getLogger("django.request").removeHandler(handler)

    assert answer.status_code == 500
    assert len(mail.outbox) == 1
    assert "in broken" in mail.outbox[0].body
    assert "/broken" in mail.outbox[0].body
    for text in (mail.outbox[0].body, answer.content.decode(), caplog.text):
        assert SECRET not in text
        assert settings.SECRET_KEY not in text


def record(message: str) -> logging.LogRecord:
    return logging.LogRecord("some.logger", logging.ERROR, "", 1, message, None, None)


@pytest.fixture
def context() -> Iterator[None]:
    token = current_request.set(RequestContext("/a\tb\n?x", "GET", "84.112.1.1", 7))
    yield
    current_request.reset(token)


def test_a_record_is_one_line_of_parts_whatever_it_says(context: None) -> None:
    one = record("first\nsecond\tthird\x1b[31m\u2028")
    RequestContextFilter().filter(one)
    line = TabbedFormatter().format(one)

    assert "\n" not in line
    parts = line.split("\t")
    assert parts[1:] == [
        *("ERROR", "some.logger", "/a b ?x", "GET", "84.112.1.1", "7"),
        "first second third [31m ",
    ]
    assert parts[0].endswith("Z")


def test_in_json_a_record_is_one_object_on_one_line_whatever_it_says(context: None) -> None:
    one = record('first\nsecond\r\x85\u2028{"level": "INFO"}')
    RequestContextFilter().filter(one)
    error = ValueError("third\nfourth")
    one.exc_info = (ValueError, error, None)
    line = JsonFormatter().format(one)

    assert line.splitlines() == [line]
    parts = json.loads(line)
    assert parts.pop("at").endswith("Z")
    assert parts.pop("traceback").endswith("ValueError: third\nfourth")
    assert parts == {
        "level": "ERROR",
        "logger": "some.logger",
        "url": "/a\tb\n?x",
        "method": "GET",
        "client_address": "84.112.1.1",
        "user_id": 7,
        "message": one.getMessage(),
    }


def test_a_record_without_a_traceback_has_no_such_part() -> None:
    assert "traceback" not in json.loads(JsonFormatter().format(record("x")))


@pytest.mark.django_db
def test_records_know_the_request_and_its_user(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.handler.addFilter(RequestContextFilter())
    client.get("/nowhere?a=1")
    user = UserFactory()
    client.force_login(user)
    client.get("/nowhere")
    found: list[Any] = [one for one in caplog.records if one.name == "django.request"]

    assert [(one.url, one.method, one.client_address) for one in found] == [
        ("/nowhere?a=1", "GET", "127.0.0.1"),
        ("/nowhere", "GET", "127.0.0.1"),
    ]
    assert [one.user_id for one in found] == [-1, user.pk]


def test_a_request_for_a_host_that_is_not_ours_mails_nobody() -> None:
    logger = logging_config(None, mail_admins=True)["loggers"]["django.security.DisallowedHost"]

    assert logger == {"handlers": ["console"], "propagate": False}


def test_mailed_links_are_not_logged_and_urls_are_cut() -> None:
    assert logged_url("/accounts/reset/MQ/secret-token/?a=1") == "/accounts/reset/...?a=1"
    assert len(logged_url("/" + "x" * 900)) == 500


def test_the_scheme_is_taken_only_from_a_trusted_proxy(client: Client, settings: Settings) -> None:
    seen = []
    for count in (0, 1):
        settings.TRUSTED_PROXIES = TrustedProxies(count=count)
        for headers in ({"x-forwarded-proto": "https"}, {"forwarded": "proto=https"}):
            answer = client.get("/healthz", headers=headers)
            seen.append(answer.wsgi_request.is_secure())

    assert seen == [False, False, True, True]


def test_errors_go_to_a_file_that_is_put_aside_each_day(tmp_path: Path) -> None:
    handler = DailyFileHandler(str(tmp_path / "errors.log"))
    handler.setFormatter(TabbedFormatter())
    day = 24 * 3600.0
    for number in range(10):
        one = record(f"day {number}")
        one.created = 1_800_000_000 + number * day
        handler.emit(one)
        os.utime(tmp_path / "errors.log", (one.created, one.created))

    files = sorted(path.name for path in tmp_path.glob("errors.log.*"))
    assert len(files) == 7
    assert "day 9" in (tmp_path / "errors.log").read_text()
    assert "day 8" in (tmp_path / files[-1]).read_text()


def test_a_file_that_cannot_be_written_raises_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler = DailyFileHandler(str(tmp_path / "errors.log"))
    handled: list[logging.LogRecord] = []
    monkeypatch.setattr(handler, "handleError", handled.append)
    handler.path = tmp_path / "gone" / "errors.log"
    handler.emit(record("x"))

    assert len(handled) == 1


WRITER = """
import logging, sys, time
from pathlib import Path
from tracking_project.logging import DailyFileHandler, TabbedFormatter
handler = DailyFileHandler(sys.argv[1])
handler.setFormatter(TabbedFormatter())
for number in range(200):
    handler.emit(logging.LogRecord("x", 40, "", 1, f"{sys.argv[2]}-{number}", None, None))
"""


def test_several_processes_lose_no_error_between_them(tmp_path: Path) -> None:
    target = tmp_path / "errors.log"
    target.write_text("old\n")
    yesterday = time.time() - 24 * 3600
    os.utime(target, (yesterday, yesterday))
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(target), name], cwd=settings.BASE_DIR)
        for name in "abc"
    ]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    lines = target.read_text().splitlines()

    assert {line.rpartition("\t")[2] for line in lines} == {
        f"{name}-{number}" for name in "abc" for number in range(200)
    }
    assert len(lines) == 600
    assert [path.read_text() for path in tmp_path.glob("errors.log.*")] == ["old\n"]


def test_the_settings_name_handlers_that_exist(tmp_path: Path) -> None:
    config = logging_config(tmp_path / "errors.log", mail_admins=True)
    assert set(config["root"]["handlers"]) == {"console", "errors", "mail"}


def test_the_format_is_that_of_every_handler(tmp_path: Path) -> None:
    for log_format, formatter in (("text", "TabbedFormatter"), ("json", "JsonFormatter")):
        config = logging_config(None, mail_admins=False, log_format=log_format)
        name = config["handlers"]["console"]["formatter"]
        assert config["formatters"][name]["()"].endswith(formatter)
