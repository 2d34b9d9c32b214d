"""Reads what writers appended, from where the last commit left off."""

import fcntl
import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tracking.errors import InvalidLine
from tracking.spool.lines import decode
from tracking.spool.writer import SUFFIX

# What the table of files can hold, and what a file beside it can be called after it.
NAME = re.compile(rf"[A-Za-z0-9_-][A-Za-z0-9_.-]{{0,80}}{re.escape(SUFFIX)}")
# A body of 64 KB takes at most six bytes a byte as JSON, and so does an agent.
LONGEST_LINE = 1024 * 1024
# Stands for what a file that can't be read may hold.
UNKNOWN_LINE = b"\n"


@dataclass(frozen=True, slots=True)
class Lines:
    """Complete lines of one file, each with its byte offset, and where reading goes on."""

    name: str
    lines: tuple[tuple[int, bytes], ...]
    next_offset: int


def spool_files(folder: Path) -> list[str]:
    """Names of the spool files, oldest first; anything else in the folder is left alone."""
    if not folder.is_dir():
        return []
    return sorted(
        entry.name for entry in folder.iterdir() if NAME.fullmatch(entry.name) and entry.is_file()
    )


def read_lines(folder: Path, name: str, offset: int, most_bytes: int) -> Lines:
    """Complete lines from `offset` on, in at most `most_bytes` (but at least one line).

    What has no newline yet is left for the next time, unless it is longer than any hit's line:
    then it is a line that holds no hit.
    """
    with (folder / name).open("rb") as file:
        file.seek(offset)
        text = file.read(most_bytes)
        if text and b"\n" not in text:
            text += file.readline(LONGEST_LINE)
    if b"\n" not in text and len(text) >= LONGEST_LINE:
        return Lines(name, ((offset, text),), offset + len(text))
    lines = []
    position = offset
    # Not splitlines, which also ends lines at a carriage return that a corrupt one may hold.
    for content in text.split(b"\n")[:-1]:
        lines.append((position, content + b"\n"))
        position += len(content) + 1
    return Lines(name, tuple(lines), position)


def is_finished(folder: Path, name: str, offset: int) -> bool:
    """Whether nothing will follow: its writer is gone, and no complete line is left.

    A last line without a newline was never answered to: its writer died in the middle of it.
    """
    with (folder / name).open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        file.seek(offset)
        return not file.readline().endswith(b"\n")


def torn_line(folder: Path, name: str, offset: int) -> bytes:
    """What stands behind the last complete line of a finished file."""
    with (folder / name).open("rb") as file:
        file.seek(offset)
        return file.read(LONGEST_LINE)


def remove(folder: Path, name: str) -> None:
    """Unlink a finished file, durably."""
    (folder / name).unlink(missing_ok=True)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def waiting_since(folder: Path, offsets: dict[str, int]) -> datetime | None:
    """When the oldest hit came that has not been taken; None when no hit waits.

    A file's hits stand in the order in which they came, so its next line tells. A line that holds
    no hit counts as older than any: what is behind it is not known.
    """
    times = [
        _time_of(line)
        for name in spool_files(folder)
        if (line := next_line(folder / name, offsets.get(name, 0)))
    ]
    return min(times, default=None)


def next_line(path: Path, offset: int) -> bytes:
    """The complete line that is taken next; empty without one.

    For a file that can't be read it is a line that holds no hit: what waits there is not known.
    """
    try:
        with path.open("rb") as file:
            file.seek(offset)
            line = file.readline()
    except FileNotFoundError:
        return b""
    except OSError:
        return UNKNOWN_LINE
    return line if line.endswith(b"\n") else b""


def _time_of(line: bytes) -> datetime:
    try:
        return decode(line).at
    except InvalidLine:
        return datetime.min.replace(tzinfo=UTC)


def backlog_bytes(folder: Path, offsets: dict[str, int]) -> int:
    """Bytes in spool files that have not been taken, given how far each file has been."""
    waiting = 0
    for name in spool_files(folder):
        try:
            waiting += max(0, (folder / name).stat().st_size - offsets.get(name, 0))
        except FileNotFoundError:
            continue
    return waiting
