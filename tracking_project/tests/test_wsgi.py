"""The server's entry."""

import io
from typing import Any

import pytest

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
