"""One at a time: a lock that goes with its process, however that ends."""

import fcntl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TRY_SECONDS = 0.5


@contextmanager
def leadership(lock: Path, stop: threading.Event) -> Iterator[bool]:
    """Be the only one inside; waits for as long as another one is.

    Yields False, at once, when `stop` is set before that.
    """
    lock.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with lock.open("a") as file:
        while not _taken(file.fileno()):
            if stop.wait(TRY_SECONDS):
                yield False
                return
        yield True


def is_led(lock: Path) -> bool:
    """Whether somebody is inside."""
    try:
        with lock.open() as file:
            return not _taken(file.fileno())
    except FileNotFoundError:
        return False


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
