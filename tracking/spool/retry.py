"""Puts hits that were set aside back into the spool."""

from collections.abc import Iterable
from dataclasses import replace

from tracking.models import RejectedHit
from tracking.spool.lines import decode
from tracking.spool.writer import SpoolWriter


def retry(rejected: Iterable[RejectedHit], writer: SpoolWriter) -> int:
    """Spool these hits again, and forget that they were rejected; returns how many.

    Each keeps an identity, so that it counts once however often it is retried. Raises SpoolFull.
    """
    count = 0
    for one in rejected:
        hit = decode(one.line.encode())
        writer.append(replace(hit, identity=hit.identity or f"rejected-{one.event_id}"))
        one.delete()
        count += 1
    writer.close()
    return count
