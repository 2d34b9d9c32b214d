"""How processes end: when they are told to, or when the one that started them is gone."""

import multiprocessing
import os
import signal
import threading
from multiprocessing.process import BaseProcess


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
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: BaseProcess) -> None:
    # Returns when the parent's end of a pipe is closed, so at once and without asking again.
    parent.join()
    os._exit(1)
