"""Gives way: a backlog can wait in the spool, and who sends a hit can't.

Ingest has a low priority, but where it takes even what collecting leaves of two processors,
collecting falls to about half. So it stands back while others want the processor.
"""

from pathlib import Path

# Counts, in nanoseconds: ran, wanted to run and could not (proc_pid_schedstat in Linux's docs).
SCHEDULED = Path("/proc/thread-self/schedstat")
CROWDED_SHARE = 0.1
PAUSE_FACTOR = 2.0


def seconds_kept_waiting() -> float:
    """How long this thread has wanted a processor and had none; 0.0 where nobody counts it."""
    try:
        return int(SCHEDULED.read_text().split()[1]) / 1e9
    except FileNotFoundError:
        return 0.0


def pause_seconds(batch_seconds: float, waited_seconds: float) -> float:
    """How long to stand back after a batch that took so long, and waited so long for a processor.

    Nothing where it waited for less than a tenth of its time; else twice the batch's time, so that
    a third is left to it.
    """
    if waited_seconds < batch_seconds * CROWDED_SHARE:
        return 0.0
    return batch_seconds * PAUSE_FACTOR
