"""Standing back while others want the processor."""

from pathlib import Path

import pytest

from tracking.ingest import pace
from tracking.ingest.pace import pause_seconds, seconds_kept_waiting


def test_a_batch_that_hardly_waited_is_followed_by_the_next_at_once() -> None:
    assert pause_seconds(1.0, 0.09) == 0.0


def test_a_batch_that_waited_for_a_tenth_of_its_time_leaves_two_thirds_to_others() -> None:
    assert pause_seconds(1.0, 0.1) == 2.0


def test_what_the_system_counts_is_read_as_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = tmp_path / "schedstat"
    monkeypatch.setattr(pace, "SCHEDULED", counted)
    assert seconds_kept_waiting() == 0.0
    counted.write_text("680784 1500000000 1\n")
    assert seconds_kept_waiting() == 1.5
