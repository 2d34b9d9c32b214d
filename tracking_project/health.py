"""Answers to supervisors: is the server up, is it ready, and what are its numbers?"""

from typing import Any

from django.conf import settings
from django.db import Error
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.timezone import now
from django.views import View

from tracking.spool.state import OK, lag_seconds, room_state, taken_offsets

# Longer than a restart, an upgrade or a peak takes; whoever waits longer wants to know.
LONGEST_LAG_SECONDS = 300
NO_STORE = {"Cache-Control": "no-store"}


class HealthView(View):
    """200 and `ok` while this process answers; asks neither the database nor the disk."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("ok\n", content_type="text/plain", headers=NO_STORE)


class ReadyView(View):
    """200 when hits are taken and counted soon, else 503; the body says what is wrong."""

    def get(self, request: HttpRequest) -> HttpResponse:
        parts, lag = readiness()
        status = 200 if set(parts.values()) == {OK} else 503
        response = JsonResponse(
            parts | {"ingest_lag_seconds": lag}, status=status, headers=NO_STORE
        )
        # Whoever asks every few seconds would fill the log, and ADMINS' mail, with one error.
        response._has_been_logged = True  # type: ignore[attr-defined]  # noqa: SLF001
        return response


def readiness() -> tuple[dict[str, str], float | None]:
    """The state of database, spool and ingest, and how far ingest is behind, None if unknown."""
    parts: dict[str, Any] = {"database": OK, "spool": OK, "ingest": OK}
    parts["spool"] = room_state(settings.SPOOL_DIR, settings.SPOOL_MAX_BYTES)
    try:
        lag = round(lag_seconds(settings.SPOOL_DIR, taken_offsets(), now()), 1)
    except Error:
        return parts | {"database": "not answering", "ingest": "unknown"}, None
    except OSError:
        return parts | {"spool": "not readable", "ingest": "unknown"}, None
    if lag > LONGEST_LAG_SECONDS:
        parts["ingest"] = "behind"
    return parts, lag
