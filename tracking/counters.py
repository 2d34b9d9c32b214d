"""What processes count while they run, added up for all of a host's.

A count lives in its process's memory, where it costs a hit half a microsecond, and is written to
a file of the process's own within a second. A file is a place that one process after another
takes, and each goes on from what it finds there: sums grow across restarts, and a kill loses a
second at most. prometheus-client's own way with several processes writes into mapped memory, and
a full disk ends a process that does.
"""

import atexit
import fcntl
import logging
import os
import threading
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    Metric,
    disable_created_metrics,
    generate_latest,
    write_to_textfile,
)
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

logger = logging.getLogger("tracking.counters")

WRITE_SECONDS = 1.0
SUFFIX = ".prom"
OUTCOMES = {
    202: "accepted",
    400: "invalid",
    404: "unknown_site",
    413: "too_large",
    503: "spool_full",
}

disable_created_metrics()  # type: ignore[no-untyped-call]
_own = CollectorRegistry()
_hits = Counter(
    "footfall_hits", "Hits that were answered, by what they were told.", ["outcome"], registry=_own
)
_hits_by_status = {status: _hits.labels(outcome) for status, outcome in OUTCOMES.items()}
_lines = Counter("footfall_ingest_lines", "Lines taken from the spool.", registry=_own)
_batches = Histogram(
    "footfall_ingest_batch_seconds",
    "Time that a batch took, from its reading to its commit.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
    registry=_own,
)
_dropped = Counter(
    "footfall_dropped_hits", "Hits taken that do not count, by reason.", ["reason"], registry=_own
)


def count_hit(status: int) -> None:
    """Count a hit by the status of its answer."""
    known = _hits_by_status.get(status)
    (known or _hits.labels(str(status))).inc()


def count_batch(lines: int, seconds: float) -> None:
    """Count a batch of that many lines."""
    _lines.inc(lines)
    _batches.observe(seconds)


def count_dropped(dropped: Mapping[tuple[int, date, str], int]) -> None:
    """Count hits that do not count, per (site, day, reason)."""
    for (_, _, reason), hits in dropped.items():
        _dropped.labels(reason).inc(hits)


class Added(Collector):
    """Texts in Prometheus's format, their samples added up: all in them only ever grows."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = tuple(texts)

    def collect(self) -> Iterable[Metric]:
        """Each family once, with the sums."""
        families: dict[str, Metric] = {}
        sums: dict[str, dict[tuple[str, tuple[tuple[str, str], ...]], float]] = {}
        for text in self._texts:
            for found in text_string_to_metric_families(text):
                families.setdefault(found.name, found)
                sum_of = sums.setdefault(found.name, {})
                for sample in found.samples:
                    key = (sample.name, tuple(sample.labels.items()))
                    sum_of[key] = sum_of.get(key, 0.0) + sample.value
        for name, family in families.items():
            total = Metric(name, family.documentation, family.type)
            for (sample_name, labels), value in sums[name].items():
                total.add_sample(sample_name, dict(labels), value)
            yield total

    def values(self) -> dict[tuple[str, str], float]:
        """The sums by name and label's value, which is empty for what has no label."""
        return {
            (sample.name, "".join(sample.labels.values())): sample.value
            for family in self.collect()
            for sample in family.samples
        }


class SharedCounts:
    """This process's counts on disk, in the first place of `folder` that nobody holds."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path = _take_place(folder)
        self._before = _text_of(self._path)
        self._written = b""

    def write(self) -> None:
        """Bring the file up to date; raises OSError."""
        own = generate_latest(_own)
        if own != self._written:
            total = CollectorRegistry()
            total.register(Added((self._before, own.decode())))
            write_to_textfile(str(self._path), total)
            self._written = own


def share_counts(folder: Path) -> None:
    """Keep this process's counts on disk from now on; called once, where a process begins."""
    threading.Thread(target=_keep_writing, args=(folder, threading.Event()), daemon=True).start()


def counted(folder: Path) -> Added:
    """What all processes of this host have counted."""
    return Added(_text_of(path) for path in sorted(folder.glob(f"*{SUFFIX}")))


def _keep_writing(folder: Path, stop: threading.Event) -> None:
    shared: SharedCounts | None = None
    failed = False
    while True:
        try:
            if shared is None:
                shared = SharedCounts(folder)
                atexit.register(_write_the_last, shared)
            shared.write()
            failed = False
        except OSError as error:
            # Counting goes on in memory, and is written when the disk takes it again.
            if not failed:
                logger.warning("Counts can't be written: %s", error.strerror)
            failed = True
        if stop.wait(WRITE_SECONDS):
            return


def _write_the_last(shared: SharedCounts) -> None:
    try:
        shared.write()
    except OSError as error:
        logger.warning("The last counts can't be written: %s", error.strerror)


def _take_place(folder: Path) -> Path:
    """The file of the first place that nobody holds."""
    number = 1
    while not _locked(folder / f"{number}.lock"):
        number += 1
    return folder / f"{number}{SUFFIX}"


def _locked(path: Path) -> bool:
    """Lock the place until this process ends; false when another one holds it."""
    lock = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return False
    return True


def _text_of(path: Path) -> str:
    """What the file holds; nothing, with a warning, for what a power cut has left of one."""
    try:
        text = path.read_text()
        list(text_string_to_metric_families(text))
    except FileNotFoundError:
        return ""
    except ValueError:
        logger.warning("%s does not hold counts; they begin anew", path.name)
        return ""
    return text
