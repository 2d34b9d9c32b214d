"""Appends hits to a file of this process's own."""

import contextlib
import fcntl
import logging
import os
import secrets
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from tracking.errors import SpoolFull
from tracking.records import Hit
from tracking.spool.lines import encode

logger = logging.getLogger("tracking.spool")

SUFFIX = ".spool"
MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_FILE_AGE_SECONDS = 3600.0
SYNC_INTERVAL_SECONDS = 1.0
# How long a sum over the folder's files is good for; between, this process's own bytes are added.
MEASURED_SECONDS = 1.0


class SpoolWriter:
    """One process's spool file, safe to share between its threads.

    The file is made at the first append. It is locked for as long as it is written to: a reader
    that gets the lock knows that nothing will follow. Files are readable by their owner alone,
    since addresses stand in them.

    `sync` says when bytes are forced onto the disk: within a second (`interval`), before append
    returns (`hit`), or when the system likes (`off`). Once the folder's files hold `most_bytes`,
    those of other processes included, nothing more is taken.
    """

    def __init__(
        self,
        folder: Path,
        max_file_bytes: int = MAX_FILE_BYTES,
        *,
        sync: str = "interval",
        most_bytes: int | None = None,
    ) -> None:
        self._folder = folder
        self._max_file_bytes = max_file_bytes
        self._sync_mode = sync
        self._most_bytes = most_bytes
        self._folder_bytes = 0
        self._measured_at: float | None = None
        self._lock = threading.Lock()
        self._descriptor: int | None = None
        self._pid = 0
        self._bytes = 0
        self._opened_at = 0.0
        self._synced = threading.Event()
        self._synced.set()

    def append(self, hit: Hit) -> None:
        """Write one hit; raises SpoolFull if it could not be written whole."""
        self._write(encode(hit))

    def append_many(self, hits: Sequence[Hit]) -> None:
        """Write several hits at once; raises SpoolFull if the last could not be written whole."""
        if hits:
            self._write(b"".join(encode(hit) for hit in hits))

    def close(self) -> None:
        """Sync and give the file up, so that a reader can finish it."""
        with self._lock:
            self._give_up()

    def _write(self, lines: bytes) -> None:
        with self._lock:
            self._see_that_there_is_room(len(lines))
            try:
                descriptor = self._ready(len(lines))
                written = os.write(descriptor, lines)
            except OSError as error:
                raise SpoolFull(str(error.strerror)) from error
            self._bytes += written
            self._folder_bytes += written
            if written < len(lines):
                self._close_off(descriptor)
                raise SpoolFull("the disk is full")
            to_sync = os.dup(descriptor) if self._sync_mode == "hit" else None
        if to_sync is not None:
            _sync_and_close(to_sync)
        elif self._sync_mode == "interval":
            self._ask_for_sync()

    def _see_that_there_is_room(self, more_bytes: int) -> None:
        if self._most_bytes is None:
            return
        if self._measured_at is None or monotonic() - self._measured_at > MEASURED_SECONDS:
            self._folder_bytes = folder_bytes(self._folder)
            self._measured_at = monotonic()
        if self._folder_bytes + more_bytes > self._most_bytes:
            raise SpoolFull(f"its files hold the most that they may, {self._most_bytes} bytes")

    def _close_off(self, descriptor: int) -> None:
        # The fragment becomes a line of its own, which holds no hit. It is never truncated away:
        # the bytes before it may be another thread's.
        try:
            os.write(descriptor, b"\n")
        except OSError:
            # Not even that fits. A new file must be used, so that no hit is glued to the fragment.
            self._give_up()

    def _ready(self, more_bytes: int) -> int:
        """The descriptor to write to, of a new file when this one is old, big or a parent's."""
        if self._descriptor is not None and self._pid != os.getpid():
            # A fork shares the parent's file and lock: leave both to the parent.
            self._descriptor = None
        if self._descriptor is not None and (
            self._bytes + more_bytes > self._max_file_bytes
            or monotonic() - self._opened_at > MAX_FILE_AGE_SECONDS
        ):
            self._give_up()
        if self._descriptor is None:
            self._descriptor = self._open()
        return self._descriptor

    def _open(self) -> int:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(6)}{SUFFIX}"
        # Made under another name and locked first: a reader must never find it unlocked and empty.
        hidden = self._folder / f".{name}"
        descriptor = os.open(hidden, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        hidden.rename(self._folder / name)
        self._pid, self._bytes, self._opened_at = os.getpid(), 0, monotonic()
        return descriptor

    def _give_up(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is None or self._pid != os.getpid():
            return
        try:
            os.fsync(descriptor)
        except OSError as error:
            # The bytes are with the system, and whoever sent them has been answered.
            logger.warning("A spool file could not be synced: %s", error)
        finally:
            os.close(descriptor)

    def _ask_for_sync(self) -> None:
        """See that what was written is on the disk within the interval, without waiting for it."""
        if self._synced.is_set():
            self._synced.clear()
            timer = threading.Timer(SYNC_INTERVAL_SECONDS, self._sync)
            timer.daemon = True
            timer.start()

    def _sync(self) -> None:
        self._synced.set()
        with self._lock:
            if self._descriptor is None or self._pid != os.getpid():
                return
            copy = os.dup(self._descriptor)
        try:
            _sync_and_close(copy)
        except SpoolFull as error:
            logger.warning("A spool file could not be synced: %s", error)


def folder_bytes(folder: Path) -> int:
    """How much the spool files in a folder hold."""
    total = 0
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.endswith(SUFFIX):
                    with contextlib.suppress(FileNotFoundError):
                        total += entry.stat().st_size
    except FileNotFoundError:
        return 0
    return total


def _sync_and_close(descriptor: int) -> None:
    try:
        os.fdatasync(descriptor)
    except OSError as error:
        raise SpoolFull(str(error.strerror)) from error
    finally:
        os.close(descriptor)
