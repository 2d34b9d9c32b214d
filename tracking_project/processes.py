"""How processes end: when they are told to, or when the one that started them is gone."""

import multiprocessing
import os
import signal
import threading
from time import sleep

PARENT_CHECK_SECONDS = 0.5


def stop_on_signals() -> threading.Event:
    """An event that SIGTERM and SIGINT set."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def end_with_parent() -> None:
    """In a server's worker: end this process when its parent has, or it would keep the port."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        # Not os.getppid(): the parent may have ended while this process was starting.
        threading.Thread(target=_end_with, args=(parent.pid,), daemon=True).start()


def _end_with(parent: int | None) -> None:
    while os.getppid() == parent:
        sleep(PARENT_CHECK_SECONDS)
    os._exit(1)
