"""What processes count is added up, and outlives them."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest

from tests.instance import ROOT, wait_for
from tracking import counters
from tracking.counters import SharedCounts, count_batch, count_dropped, count_hit, counted

HITS = "footfall_hits_total"
PROCESS = """
import sys
from pathlib import Path
from tracking import counters
counters.share_counts(Path(sys.argv[1]))
for _ in range(int(sys.argv[2])):
    counters.count_hit(202)
counters.count_batch(int(sys.argv[2]), 0.02)
sys.stdin.read()
"""


@contextmanager
def counting(folder: Path, hits: int) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-c", PROCESS, str(folder), str(hits)], cwd=ROOT, stdin=subprocess.PIPE
    )
    yield process
    process.kill()
    process.communicate()


def accepted(folder: Path) -> float:
    return counted(folder).values().get((HITS, "accepted"), 0.0)


def test_sums_of_several_processes_outlive_kills_and_ends(tmp_path: Path) -> None:
    with counting(tmp_path, 3) as first, counting(tmp_path, 4) as second:
        wait_for("both to write", lambda: accepted(tmp_path) == 7)
        assert len(list(tmp_path.glob("*.prom"))) == 2
        first.kill()
        second.communicate()
    with counting(tmp_path, 5):
        wait_for("the third to go on from the first", lambda: accepted(tmp_path) == 12)

    values = counted(tmp_path).values()
    assert len(list(tmp_path.glob("*.prom"))) == 2
    assert values["footfall_ingest_lines_total", ""] == 12
    assert values["footfall_ingest_batch_seconds_count", ""] == 3
    assert values["footfall_ingest_batch_seconds_bucket", "0.01"] == 0
    assert values["footfall_ingest_batch_seconds_bucket", "0.025"] == 3


def test_a_process_that_ends_in_order_writes_its_last_counts(tmp_path: Path) -> None:
    with counting(tmp_path, 1) as process:
        wait_for("its first counts", lambda: accepted(tmp_path) == 1)
        process.communicate()
        assert process.returncode == 0

    assert accepted(tmp_path) == 1


def test_each_has_a_file_of_its_own(tmp_path: Path) -> None:
    places = [SharedCounts(tmp_path) for _ in range(3)]
    for place in places:
        place.write()

    assert len(list(tmp_path.glob("*.prom"))) == 3


def test_each_count_has_its_name_and_label(tmp_path: Path) -> None:
    shared = SharedCounts(tmp_path)
    shared.write()
    before = counted(tmp_path).values()
    count_hit(202)
    count_hit(503)
    count_hit(418)
    count_batch(500, 0.2)
    count_dropped({(1, date(2026, 3, 2), "bot"): 3, (2, date(2026, 3, 2), "bot"): 2})
    shared.write()
    after = counted(tmp_path).values()

    grown = {key: after[key] - before.get(key, 0.0) for key in after}
    assert {key: value for key, value in grown.items() if value and "bucket" not in key[0]} == {
        (HITS, "accepted"): 1,
        (HITS, "spool_full"): 1,
        (HITS, "418"): 1,
        ("footfall_ingest_lines_total", ""): 500,
        ("footfall_ingest_batch_seconds_count", ""): 1,
        ("footfall_ingest_batch_seconds_sum", ""): pytest.approx(0.2),
        ("footfall_dropped_hits_total", "bot"): 5,
    }


@pytest.mark.parametrize("left", [b"\0\0", b"\xff\xfe", b'footfall_hits_total{outcome="'])
def test_what_a_power_cut_left_of_a_file_is_passed_over(
    tmp_path: Path, left: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    tmp_path.joinpath("1.prom").write_bytes(left)
    assert counted(tmp_path).values() == {}
    assert "1.prom does not hold counts" in caplog.text

    shared = SharedCounts(tmp_path)
    shared.write()
    assert (HITS, "accepted") in counted(tmp_path).values()


class Pause(threading.Event):
    """Lets three tries pass; before the third, the disk takes writes again."""

    def __init__(self, in_the_way: Path) -> None:
        super().__init__()
        self.in_the_way = in_the_way
        self.tries = 0

    def wait(self, timeout: float | None = None) -> bool:
        self.tries += 1
        if self.tries == 2:
            self.in_the_way.unlink()
        return self.tries == 3


def test_a_folder_that_cannot_be_made_is_said_once_and_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    counters._keep_writing(tmp_path / "file" / "metrics", Pause(tmp_path / "file"))

    assert caplog.messages == ["Counts can't be written: Not a directory"]
    assert len(list(tmp_path.glob("file/metrics/*.prom"))) == 1


def test_last_counts_that_cannot_be_written_are_no_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shared = SharedCounts(tmp_path / "metrics")
    for lock in (tmp_path / "metrics").iterdir():
        lock.unlink()
    (tmp_path / "metrics").rmdir()
    counters._write_the_last(shared)

    assert "The last counts can't be written" in caplog.text
