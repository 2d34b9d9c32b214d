"""How the instance is doing, in admin: spool, ingest, upkeep, salts."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.template.response import TemplateResponse

from tracking.admin.readonly import ReadOnlyAdmin
from tracking.ingest import worker as ingest
from tracking.models import Salt, SpoolFile
from tracking.spool.leader import is_led
from tracking.spool.reader import backlog_bytes, spool_files
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
