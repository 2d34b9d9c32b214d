"""How the instance is doing, in admin: spool, ingest, upkeep, salts."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet, Sum
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.timezone import now

from tracking.admin.readonly import ReadOnlyAdmin
from tracking.counters import counted
from tracking.errors import SpoolFull
from tracking.ingest import worker as ingest
from tracking.models import DroppedHits, RejectedHit, Salt, SpoolFile
from tracking.models.daily import DropReason
from tracking.spool.aside import files_aside
from tracking.spool.leader import is_led
from tracking.spool.reader import backlog_bytes, spool_files
from tracking.spool.retry import retry
from tracking.spool.state import lag_seconds
from tracking.spool.writer import SpoolWriter, folder_bytes
from tracking.upkeep import worker as upkeep


@admin.register(SpoolFile)
class SpoolFileAdmin(ReadOnlyAdmin[SpoolFile]):
    """Spool files and how far they were taken; the list begins with the status of all."""

    list_display = ("name", "hits", "bad_lines", "offset", "updated_at", "finished_at")
    search_fields = ("name",)
    ordering = ("-pk",)
    change_list_template = "admin/spool_status.html"

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> TemplateResponse:
        context = {"status": spool_status(), **(extra_context or {})}
        return super().changelist_view(request, context)  # type: ignore[return-value]


@admin.register(RejectedHit)
class RejectedHitAdmin(ReadOnlyAdmin[RejectedHit]):
    """Hits that could not be counted, and why; they can be tried again."""

    list_display = ("event_id", "site", "happened_at", "reason", "rejected_at")
    search_fields = ("=site", "reason")
    ordering = ("-pk",)
    actions = ("retry",)  # type: ignore[assignment]

    @admin.action(description="Try the selected hits again")
    def retry(self, request: HttpRequest, queryset: QuerySet[RejectedHit]) -> None:
        """Put them back into the spool."""
        try:
            count = retry(queryset, SpoolWriter(settings.SPOOL_DIR))
        except SpoolFull as error:
            self.message_user(request, f"The spool took no more: {error}", messages.ERROR)
        else:
            self.message_user(request, f"{count} hits are in the spool again.")


@admin.register(Salt)
class SaltAdmin(ReadOnlyAdmin[Salt]):
    """Which days' salts are still kept; a salt itself is shown to nobody."""

    list_display = ("day", "created_at")
    fields = ("day", "created_at")
    ordering = ("-day",)


def spool_status() -> dict[str, Any]:
    """What waits, how fast it is taken and what became of it, and who is running."""
    folder = settings.SPOOL_DIR
    open_files = SpoolFile.objects.filter(finished_at=None)
    offsets = {file.name: file.offset for file in open_files}
    return {
        "files": len(spool_files(folder)),
        "bytes": folder_bytes(folder),
        "most_bytes": settings.SPOOL_MAX_BYTES,
        "files_aside": len(files_aside(folder)),
        "rejected_hits": RejectedHit.objects.count(),
        "waiting_bytes": backlog_bytes(folder, offsets),
        "lag_seconds": lag_seconds(folder, offsets, now()),
        "lines_a_second": sum(_lines_a_second(file) for file in open_files),
        "ingest_runs": is_led(folder / ingest.LOCK_NAME),
        "upkeep_runs": is_led(settings.DATA_DIR / upkeep.LOCK_NAME),
        "last_chunk_at": _changed_at(settings.COLUMNS_DIR / "manifest.json"),
        "dropped_today": _dropped_on(now().date()),
        **_counted(),
    }


def _lines_a_second(file: SpoolFile) -> float:
    """How fast the file was taken, on average since it was begun: an hour ago at most, if busy."""
    return file.hits / max(1.0, (now() - file.created_at).total_seconds())


def _dropped_on(day: date) -> list[tuple[str, int]]:
    """(reason, hits) of all sites' hits that did not count on their local day."""
    counts = (
        DroppedHits.objects.filter(day=day)
        .order_by("reason")
        .values_list("reason")
        .annotate(hits=Sum("count"))
    )
    labels = dict(DropReason.choices)
    return [(str(labels.get(reason, reason)), hits) for reason, hits in counts]


def _counted() -> dict[str, Any]:
    """What this host's processes counted: hits by outcome, and the mean seconds of a batch."""
    values = counted(settings.METRICS_DIR).values()
    batches = values.get(("footfall_ingest_batch_seconds_count", ""), 0.0)
    seconds = values.get(("footfall_ingest_batch_seconds_sum", ""), 0.0)
    return {
        "hits": [
            (outcome.replace("_", " "), int(hits))
            for (name, outcome), hits in values.items()
            if name == "footfall_hits_total" and hits
        ],
        "batch_seconds": seconds / batches if batches else None,
    }


def _changed_at(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except FileNotFoundError:
        return None
