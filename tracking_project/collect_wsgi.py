"""An entry that only collects, for a process and a port of its own behind the proxy."""

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
from tracking_project.processes import end_with_parent  # noqa: E402

NOT_FOUND = [("Content-Type", "text/plain"), ("Content-Length", "4")]


collect = live_collector()


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer one request: a hit, the script, or a supervisor's question."""
    path = environ["PATH_INFO"]
    if is_for_collector(path):
        return collect(environ, start_response)
    if path == "/healthz":
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "3")])
        return [b"ok\n"]
    start_response("404 Not Found", NOT_FOUND)
    return [b"404\n"]


end_with_parent()
