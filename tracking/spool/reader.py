"""Reads what writers appended, from where the last commit left off."""

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path

from tracking.spool.writer import SUFFIX


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
        entry.name
        for entry in folder.iterdir()
        if entry.suffix == SUFFIX and not entry.name.startswith(".")
    )


def read_lines(folder: Path, name: str, offset: int, most_bytes: int) -> Lines:
    """Complete lines from `offset` on, in at most `most_bytes` (but at least one line).

    What has no newline yet is left for the next time.
    """
    with (folder / name).open("rb") as file:
        file.seek(offset)
        text = file.read(most_bytes)
        if text and b"\n" not in text:
            text += file.readline()
    lines = []
    position = offset
    for line in text.splitlines(keepends=True):
        if line.endswith(b"\n"):
            lines.append((position, line))
            position += len(line)
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
        return b"\n" not in file.read()


def remove(folder: Path, name: str) -> None:
    """Unlink a finished file, durably."""
    (folder / name).unlink(missing_ok=True)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def backlog_bytes(folder: Path, offsets: dict[str, int]) -> int:
    """Bytes in spool files that have not been taken, given how far each file has been."""
    waiting = 0
    for name in spool_files(folder):
        try:
            waiting += max(0, (folder / name).stat().st_size - offsets.get(name, 0))
        except FileNotFoundError:
            continue
    return waiting
