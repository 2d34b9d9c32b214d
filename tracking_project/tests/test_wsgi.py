"""The server's entry."""

import io
from typing import Any

import pytest
from django.test import Client

from tracking_project.logging import RequestContext, RequestContextFilter, current_request
from tracking_project.wsgi import application


def ask(path: str) -> int:
    got: list[int] = []
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "REMOTE_ADDR": "84.112.1.1",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "wsgi.input": io.BytesIO(),
        "wsgi.url_scheme": "http",
    }
    application(environ, lambda status, *_: got.append(int(status[:3])))
    return got[0]


def test_a_refused_hit_is_not_logged_as_the_page_that_came_before(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.handler.addFilter(RequestContextFilter())
    # What a page leaves behind: the server's threads are used again.
    current_request.set(RequestContext("/page", "GET", "84.112.9.9", 7))
    assert ask("/t/no/site.gif") == 404

    [refused] = [one for one in caplog.records if one.name == "tracking.collect"]
    known: Any = refused
    assert (known.url, known.client_address, known.user_id) == ("-", "-", -1)


def status_of(**headers: str) -> int:
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/healthz",
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "HTTP_HOST": "localhost",
    }
    told: list[Any] = []
    b"".join(application(environ | headers, lambda *answer: told.extend(answer)))
    return int(told[0][:3])


@pytest.mark.parametrize("name", ["CONTENT_TYPE", "HTTP_ACCEPT"])
@pytest.mark.parametrize("text", ["a/b; x*=foo'bar'baz", "a/b; x* =rot13''x", "a/b;x*=idna''%ff"])
def test_a_header_that_names_a_codec_is_refused(name: str, text: str) -> None:
    assert status_of(**{name: text}) == 400


@pytest.mark.parametrize("charset", ["rot13", "idna", "latin-1", "utf-8x", '"base64"', ""])
def test_a_body_in_anything_but_utf_8_is_refused(charset: str) -> None:
    assert status_of(CONTENT_TYPE=f"text/plain; Charset = {charset}") == 400


@pytest.mark.django_db
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"CONTENT_TYPE": "application/x-www-form-urlencoded; charset=UTF-8"},
        {"CONTENT_TYPE": 'text/plain;charset="utf-8"'},
        {"HTTP_ACCEPT": "text/html,application/xml;q=0.9,*/*;q=0.8"},
    ],
)
def test_what_browsers_send_is_taken(headers: dict[str, str], client: Client) -> None:
    assert status_of(**headers) in {200, 302}
