"""The entry of the server: hits go to the collector, everything else to Django."""

import multiprocessing
import os
import threading
from collections.abc import Iterable
from time import sleep
from typing import Any

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracking_project.settings")
django_application = get_wsgi_application()

from tracking.collect.live import live_collector  # noqa: E402 - needs Django to be set up

PARENT_CHECK_SECONDS = 0.5
# granian puts the whole process environment into each request's environ. Only what belongs to
# the request goes on, so that no secret can turn up in an error mail or on a page.
REQUEST_NAMES = frozenset(
    {
        *("CONTENT_LENGTH", "CONTENT_TYPE", "PATH_INFO", "QUERY_STRING", "REMOTE_ADDR"),
        *("REMOTE_HOST", "REMOTE_PORT", "REQUEST_METHOD", "SCRIPT_NAME", "SERVER_NAME"),
        *("SERVER_PORT", "SERVER_PROTOCOL"),
    }
)


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer one request."""
    request = {name: value for name, value in environ.items() if _is_of_request(name)}
    path = request.get("PATH_INFO", "")
    if path.startswith("/t/") or path == "/t.js":
        return live_collector()(request, start_response)
    response: Iterable[bytes] = django_application(request, start_response)
    return response


def _is_of_request(name: str) -> bool:
    # Programs read proxies of their own from the environment, under names like a header's.
    if name in {"HTTP_PROXY", "HTTPS_PROXY"}:
        return False
    return name in REQUEST_NAMES or name.startswith(("HTTP_", "wsgi."))


def _end_with(parent: int) -> None:
    """End this process when its parent has: an orphaned worker would keep the port."""
    while os.getppid() == parent:
        sleep(PARENT_CHECK_SECONDS)
    os._exit(1)


if multiprocessing.parent_process() is not None:
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
