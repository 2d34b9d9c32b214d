"""How the instance is doing, in admin: spool, ingest, upkeep, salts."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse

from tracking.admin.readonly import ReadOnlyAdmin
from tracking.errors import SpoolFull
from tracking.ingest import worker as ingest
from tracking.models import RejectedHit, Salt, SpoolFile
from tracking.spool.aside import files_aside
from tracking.spool.leader import is_led
from tracking.spool.reader import backlog_bytes, spool_files
from tracking.spool.retry import retry
from tracking.spool.writer import SpoolWriter
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
    """Bytes that wait, and whether who takes them, and who copies them on, is running."""
    offsets = dict(SpoolFile.objects.filter(finished_at=None).values_list("name", "offset"))
    return {
        "files": len(spool_files(settings.SPOOL_DIR)),
        "files_aside": len(files_aside(settings.SPOOL_DIR)),
        "rejected_hits": RejectedHit.objects.count(),
        "waiting_bytes": backlog_bytes(settings.SPOOL_DIR, offsets),
        "ingest_runs": is_led(settings.SPOOL_DIR / ingest.LOCK_NAME),
        "upkeep_runs": is_led(settings.DATA_DIR / upkeep.LOCK_NAME),
        "last_chunk_at": _changed_at(settings.COLUMNS_DIR / "manifest.json"),
    }


def _changed_at(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except FileNotFoundError:
        return None
