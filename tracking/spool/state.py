"""How the spool is doing: is there room, and how far behind is ingest?"""

import tempfile
from datetime import datetime
from pathlib import Path

from tracking.errors import InvalidLine
from tracking.models import SpoolFile
from tracking.spool.lines import decode
from tracking.spool.reader import next_line, spool_files
from tracking.spool.writer import folder_bytes

OK = "ok"
# A full disk may still take a file's name, and a few bytes.
TRIED_BYTES = 4096


def taken_offsets() -> dict[str, int]:
    """How far each file has been taken; raises the database's errors."""
    return dict(SpoolFile.objects.filter(finished_at=None).values_list("name", "offset"))


def room_state(folder: Path, most_bytes: int) -> str:
    """`ok`, `not writable` (the disk may be full, too), or `full` when no hit is taken any more."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=folder) as tried:
            tried.write(bytes(TRIED_BYTES))
    except OSError:
        return "not writable"
    return OK if folder_bytes(folder) < most_bytes else "full"


def lag_seconds(folder: Path, offsets: dict[str, int], now: datetime) -> float:
    """How long the hit that waits longest has waited; 0.0 when none waits.

    A file that can't be read waits, too. Raises OSError for a folder that can't be.
    """
    arrivals = [_next_arrival(folder, name, offsets.get(name, 0)) for name in spool_files(folder)]
    oldest = min((at for at in arrivals if at is not None), default=None)
    return 0.0 if oldest is None else max(0.0, now.timestamp() - oldest)


def _next_arrival(folder: Path, name: str, offset: int) -> float | None:
    """When the next line was written, as far as it is known; None when no line waits."""
    try:
        written_last = (folder / name).stat().st_mtime
    except FileNotFoundError:
        return None
    line = next_line(folder / name, offset)
    if not line:
        return None
    try:
        hit = decode(line)
    except InvalidLine:
        return written_last
    # An imported hit's time is that of the log it stood in.
    return written_last if hit.identity else hit.at.timestamp()
