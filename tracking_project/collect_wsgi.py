"""An entry that only collects, for a process and a port of its own behind the proxy."""

import json
import os
from collections.abc import Iterable
from typing import Any

import django
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracking_project.settings")
# Admin would import all there is: twice the memory, for pages that nobody can open here.
settings.INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "accounts",
    "tracking",
]
django.setup()

from tracking.collect.endpoint import is_for_collector  # noqa: E402 - needs Django to be set up
from tracking.collect.live import live_collector  # noqa: E402
from tracking.counters import share_counts  # noqa: E402
from tracking.spool.state import OK, room_state  # noqa: E402
from tracking_project.processes import end_with_parent  # noqa: E402

collect = live_collector()


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer one request: a hit, the script, or a supervisor's question."""
    path = environ["PATH_INFO"]
    if is_for_collector(path):
        return collect(environ, start_response)
    if path == "/healthz":
        start_response("200 OK", _headers("text/plain", 3))
        return [b"ok\n"]
    if path == "/readyz":
        return _readiness(start_response)
    start_response("404 Not Found", _headers("text/plain", 4))
    return [b"404\n"]


def _readiness(start_response: Any) -> Iterable[bytes]:
    """Whether hits can be taken: this process needs the spool, and no database."""
    state = room_state(settings.SPOOL_DIR, settings.SPOOL_MAX_BYTES)
    body = json.dumps({"spool": state}).encode()
    status = "200 OK" if state == OK else "503 Service Unavailable"
    start_response(status, _headers("application/json", len(body)))
    return [body]


def _headers(content_type: str, length: int) -> list[tuple[str, str]]:
    return [
        ("Content-Type", content_type),
        ("Content-Length", str(length)),
        ("Cache-Control", "no-store"),
    ]


share_counts(settings.METRICS_DIR)
end_with_parent()
