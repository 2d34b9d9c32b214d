"""The entry of the server: hits go to the collector, everything else to Django."""

import os
import re
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracking_project.settings")
django_application = get_wsgi_application()

from tracking.collect.endpoint import is_for_collector  # noqa: E402 - needs Django to be set up
from tracking.collect.live import live_collector  # noqa: E402 - needs Django to be set up
from tracking.counters import share_counts  # noqa: E402
from tracking_project.logging import NO_REQUEST, current_request  # noqa: E402
from tracking_project.processes import end_with_parent  # noqa: E402

# granian puts the whole process environment into each request's environ. Only what belongs to
# the request goes on, so that no secret can turn up in an error mail or on a page.
REQUEST_NAMES = frozenset(
    {
        *("CONTENT_LENGTH", "CONTENT_TYPE", "PATH_INFO", "QUERY_STRING", "REMOTE_ADDR"),
        *("REMOTE_HOST", "REMOTE_PORT", "REQUEST_METHOD", "SCRIPT_NAME", "SERVER_NAME"),
        *("SERVER_PORT", "SERVER_PROTOCOL"),
    }
)
# Django decodes with any codec that is named here, and fails before it can answer when that is
# none of text: in `charset=rot13`, or in a parameter like `name*=latin-1''text`. No browser sends
# either.
CODED_PARAMETER = r"\*\s*="
FOREIGN = (
    (
        "CONTENT_TYPE",
        re.compile(rf"{CODED_PARAMETER}|charset\s*=\s*(?!\"?utf-?8\b)", re.IGNORECASE),
    ),
    ("HTTP_ACCEPT", re.compile(CODED_PARAMETER)),
)
BAD_REQUEST = [("Content-Type", "text/plain"), ("Content-Length", "4")]


collect = live_collector()


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer one request."""
    if is_for_collector(environ["PATH_INFO"]):
        # The thread still knows the page that it answered before, and for whom.
        current_request.set(NO_REQUEST)
        # Reads what it names of the environ, and hands nothing on.
        return collect(environ, start_response)
    if any(pattern.search(environ.get(name, "")) for name, pattern in FOREIGN):
        start_response("400 Bad Request", BAD_REQUEST)
        return [b"400\n"]
    request = {name: value for name, value in environ.items() if _is_of_request(name)}
    response: Iterable[bytes] = django_application(request, start_response)
    return response


def _is_of_request(name: str) -> bool:
    # Programs read proxies of their own from the environment, under names like a header's.
    if name in {"HTTP_PROXY", "HTTPS_PROXY"}:
        return False
    return name in REQUEST_NAMES or name.startswith(("HTTP_", "wsgi."))


share_counts(settings.METRICS_DIR)
end_with_parent()
