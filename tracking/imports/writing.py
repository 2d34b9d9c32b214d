"""Writes an import's hits to the spool, under the import that its visitors' salts come from."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from django.db.models import F
from django.utils.timezone import now

from tracking.models import LogImport, Site
from tracking.records import Hit
from tracking.spool.writer import SpoolWriter

HITS_AT_ONCE = 500


def open_import(site: Site) -> LogImport:
    """The site's open import, or a new one: files that come soon after each other share salts."""
    found = site.imports.filter(closed_at__isnull=True).first()
    if found is None:
        return site.imports.create()
    found.last_file_at = now()
    found.save(update_fields=["last_file_at"])
    return found


def write_hits(hits: Iterable[Hit], spool_dir: Path, log_import: LogImport) -> int:
    """Append hits to the spool; returns how many. Raises SpoolFull."""
    writer = SpoolWriter(spool_dir)
    written = 0
    try:
        for some in _some_at_once(iter(hits)):
            writer.append_many(some)
            written += len(some)
    finally:
        writer.close()
    LogImport.objects.filter(pk=log_import.pk).update(
        lines=F("lines") + written, last_file_at=now()
    )
    return written


def _some_at_once(hits: Iterator[Hit]) -> Iterator[Sequence[Hit]]:
    while some := list(islice(hits, HITS_AT_ONCE)):
        yield some
