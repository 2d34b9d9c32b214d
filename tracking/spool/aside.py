"""Lines that hold no hit are put aside, for people to look at, and forgotten after a week."""

import os
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from tracking.records import network_of

SUFFIX = ".bad"
KEPT = timedelta(days=7)
_IPV4 = rb"\d{1,3}(?:\.\d{1,3}){3}"
# An IPv6 address may end in an IPv4 one.
ADDRESS = re.compile(rb"(?:[0-9a-fA-F]{0,4}:){2,8}(?:%b|[0-9a-fA-F]{0,4})|%b" % (_IPV4, _IPV4))


def put_aside(folder: Path, name: str, lines: Sequence[tuple[int, bytes]]) -> None:
    """Write (offset, line) pairs of a spool file beside it, with addresses shortened.

    The file's name says where they stood, so putting them aside again changes nothing.
    """
    if not lines:
        return
    path = folder / f"{name}-{lines[0][0]}{SUFFIX}"
    text = b"".join(shortened(line).rstrip(b"\n") + b"\n" for _, line in lines)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(text)


def shortened(line: bytes) -> bytes:
    """The line, with only the network left of whatever looks like an address."""
    return ADDRESS.sub(_network, line)


def files_aside(folder: Path) -> list[Path]:
    """The files of lines that were put aside."""
    return sorted(folder.glob(f"*{SUFFIX}")) if folder.is_dir() else []


def forget(folder: Path, now: datetime) -> int:
    """Remove the files that are a week old; returns how many."""
    old = [
        path for path in files_aside(folder) if now.timestamp() - path.stat().st_mtime > _seconds()
    ]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def _seconds() -> float:
    return KEPT.total_seconds()


def _network(found: re.Match[bytes]) -> bytes:
    # What only looks like one, such as the version of a browser, goes with it.
    return (network_of(found[0].decode()) or "-").encode()
