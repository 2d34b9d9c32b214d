"""The numbers of `/metrics`: what all processes counted, and how the spool is doing now."""

import logging
from collections.abc import Iterable
from secrets import compare_digest

from django.conf import settings
from django.db import Error
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.timezone import now
from django.views import View
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Metric, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.registry import Collector

from tracking.counters import counted
from tracking.spool.reader import backlog_bytes, spool_files
from tracking.spool.state import lag_seconds, taken_offsets
from tracking.spool.writer import folder_bytes

logger = logging.getLogger("tracking_project.metrics")


class MetricsView(View):
    """The numbers, for whoever holds the token; everybody else is told that nothing is here."""

    def get(self, request: HttpRequest) -> HttpResponse:
        if not holds_token(request.headers.get("Authorization", "")):
            raise Http404
        registry = CollectorRegistry()
        registry.register(counted(settings.METRICS_DIR))
        registry.register(SpoolNumbers())
        return HttpResponse(
            generate_latest(registry),
            content_type=CONTENT_TYPE_LATEST,
            headers={"Cache-Control": "no-store"},
        )


def holds_token(authorization: str) -> bool:
    """Whether this header carries the instance's token; nothing does where none is set."""
    if not settings.METRICS_TOKEN:
        return False
    wanted = f"Bearer {settings.METRICS_TOKEN}"
    return compare_digest(authorization.encode(), wanted.encode())


class SpoolNumbers(Collector):
    """How the spool is doing; what only the database tells is left out while it does not answer."""

    def collect(self) -> Iterable[Metric]:
        """One gauge a number."""
        folder = settings.SPOOL_DIR
        yield _gauge("spool_files", "Files in the spool.", len(spool_files(folder)))
        yield _gauge("spool_bytes", "Bytes in the spool's files.", folder_bytes(folder))
        yield _gauge("spool_max_bytes", "Bytes that may be there.", settings.SPOOL_MAX_BYTES)
        try:
            offsets = taken_offsets()
            waiting, lag = backlog_bytes(folder, offsets), lag_seconds(folder, offsets, now())
        except (Error, OSError) as error:
            logger.warning("How far ingest is behind is not known: %s", error)
            return
        yield _gauge("spool_waiting_bytes", "Bytes that wait to be taken.", waiting)
        yield _gauge("ingest_lag_seconds", "How long the oldest hit that waits has waited.", lag)


def _gauge(name: str, documentation: str, value: float) -> Metric:
    return GaugeMetricFamily(f"footfall_{name}", documentation, value)
