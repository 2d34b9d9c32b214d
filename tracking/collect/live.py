"""The collector of a running instance, as its settings say."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from time import monotonic

from django.conf import settings
from django.db import DatabaseError, close_old_connections, connection

from tracking.collect.directory import SiteDirectory
from tracking.collect.endpoint import Collector
from tracking.collect.refusals import RefusalLog
from tracking.models import Site
from tracking.records import SiteRules, TrustedProxies
from tracking.spool.writer import SpoolWriter


def live_collector() -> Collector:
    """This process's collector; one for each spool folder, made at the first call."""
    return _collector(
        settings.SPOOL_DIR,
        settings.SPOOL_SYNC,
        settings.SPOOL_MAX_BYTES,
        settings.TRUSTED_PROXIES,
    )


@cache
def _collector(spool_dir: Path, sync: str, most_bytes: int, trusted: TrustedProxies) -> Collector:
    writer = SpoolWriter(spool_dir, sync=sync, most_bytes=most_bytes)
    return Collector(
        append=writer.append,
        sites=SiteDirectory(_all_rules, monotonic, (DatabaseError,)),
        now=lambda: datetime.now(UTC),
        trusted=trusted,
        refusals=RefusalLog(monotonic),
    )


def _all_rules() -> Mapping[str, SiteRules]:
    # Outside Django's handler nobody else does this, and a dead connection would stay dead.
    if not connection.in_atomic_block:
        close_old_connections()
    return Site.objects.all().rules()
