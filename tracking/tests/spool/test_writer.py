import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from tracking.errors import InvalidLine, SpoolFull
from tracking.records import Hit
from tracking.spool import writer as writing
from tracking.spool.lines import decode, encode
from tracking.spool.reader import (
    LONGEST_LINE,
    backlog_bytes,
    is_finished,
    read_lines,
    remove,
    spool_files,
)
from tracking.spool.writer import SpoolWriter
from tracking.tests.pipeline import NINE

HIT = Hit(
    site="abc",
    at=NINE,
    name="Sign up",
    url="https://site.example/",
    props=(("plan", "yearly"),),
    interactive=False,
    engaged_seconds=3,
)


def hits_in(folder: Path, name: str) -> list[Hit]:
    return [decode(line) for _, line in read_lines(folder, name, 0, 10_000).lines]


def test_a_hit_comes_back_as_it_was(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path)
    writer.append(HIT)

    [name] = spool_files(tmp_path)
    assert hits_in(tmp_path, name) == [HIT]
    assert (tmp_path / name).stat().st_mode & 0o777 == 0o600


def test_a_file_is_finished_only_once_its_writer_has_gone(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path)
    writer.append(HIT)
    [name] = spool_files(tmp_path)
    end = read_lines(tmp_path, name, 0, 10_000).next_offset

    assert not is_finished(tmp_path, name, end)
    writer.close()
    assert not is_finished(tmp_path, name, 0)
    assert is_finished(tmp_path, name, end)
    remove(tmp_path, name)
    assert spool_files(tmp_path) == []


def test_a_torn_last_line_is_no_hit_and_does_not_keep_the_file(tmp_path: Path) -> None:
    whole = encode(HIT)
    (tmp_path / "a.spool").write_bytes(whole + whole[:20])

    taken = read_lines(tmp_path, "a.spool", 0, 10_000)
    assert [decode(line) for _, line in taken.lines] == [HIT]
    assert taken.next_offset == len(whole)
    assert is_finished(tmp_path, "a.spool", taken.next_offset)


def test_lines_come_in_bounded_pieces_but_at_least_one(tmp_path: Path) -> None:
    line = encode(HIT)
    (tmp_path / "a.spool").write_bytes(line * 3)

    assert len(read_lines(tmp_path, "a.spool", 0, 5).lines) == 1
    assert len(read_lines(tmp_path, "a.spool", 0, len(line) * 2).lines) == 2
    rest = read_lines(tmp_path, "a.spool", len(line), 10_000)
    assert [offset for offset, _ in rest.lines] == [len(line), 2 * len(line)]


def test_a_corrupt_line_with_a_carriage_return_does_not_shift_what_follows(tmp_path: Path) -> None:
    garbage, line = b"\x00gar\rbage\r\n", encode(HIT)
    (tmp_path / "a.spool").write_bytes(garbage + line)

    taken = read_lines(tmp_path, "a.spool", 0, 10_000)
    assert taken.lines == ((0, garbage), (len(garbage), line))
    assert taken.next_offset == len(garbage) + len(line)


def test_foreign_and_half_made_files_are_left_alone(tmp_path: Path) -> None:
    for name in ("notes.txt", ".hidden.spool", "b.spool", "a.spool"):
        (tmp_path / name).touch()

    assert spool_files(tmp_path) == ["a.spool", "b.spool"]
    assert spool_files(tmp_path / "nowhere") == []


def test_the_backlog_is_what_has_not_been_taken(tmp_path: Path) -> None:
    (tmp_path / "a.spool").write_bytes(b"x" * 100)

    assert backlog_bytes(tmp_path, {}) == 100
    assert backlog_bytes(tmp_path, {"a.spool": 60}) == 40


def test_a_full_file_is_followed_by_a_new_one(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path, max_file_bytes=len(encode(HIT)) * 2)
    for _ in range(5):
        writer.append(HIT)

    assert len(spool_files(tmp_path)) == 3
    assert sum(len(hits_in(tmp_path, name)) for name in spool_files(tmp_path)) == 5


def short_write(room: int) -> Callable[[int, bytes], int]:
    write = os.write

    def written(descriptor: int, line: bytes) -> int:
        if len(line) == 1:
            return write(descriptor, line)
        return write(descriptor, line[:room])

    return written


def test_a_full_disk_refuses_the_hit_and_spares_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = SpoolWriter(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("tracking.spool.writer.os.write", short_write(10))
        with pytest.raises(SpoolFull):
            writer.append(HIT)
    writer.append(HIT)

    [name] = spool_files(tmp_path)
    fragment, line = read_lines(tmp_path, name, 0, 10_000).lines
    with pytest.raises(InvalidLine):
        decode(fragment[1])
    assert decode(line[1]) == HIT


def test_a_disk_without_room_for_a_newline_costs_the_file_not_the_next_hit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = SpoolWriter(tmp_path)

    def no_room(_descriptor: int, line: bytes) -> int:
        if len(line) == 1:
            raise OSError(28, "No space left on device")
        return 5

    with monkeypatch.context() as patch:
        patch.setattr("tracking.spool.writer.os.write", no_room)
        with pytest.raises(SpoolFull):
            writer.append(HIT)
    writer.append(HIT)

    assert [len(hits_in(tmp_path, name)) for name in spool_files(tmp_path)].count(1) == 1


def test_a_folder_that_cannot_be_written_refuses_hits(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()

    with pytest.raises(SpoolFull):
        SpoolWriter(blocked).append(HIT)


def test_a_child_process_writes_to_a_file_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = SpoolWriter(tmp_path)
    writer.append(HIT)
    monkeypatch.setattr("tracking.spool.writer.os.getpid", lambda: 1)
    writer.append(HIT)

    assert len(spool_files(tmp_path)) == 2


def test_an_old_file_is_followed_by_a_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = SpoolWriter(tmp_path)
    monkeypatch.setattr(writing, "monotonic", lambda: 0.0)
    writer.append(HIT)
    monkeypatch.setattr(writing, "monotonic", lambda: timedelta(hours=2).total_seconds())
    writer.append(HIT)
    writer.append_many([])

    assert len(spool_files(tmp_path)) == 2


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"{}\n",
        b"[]\n",
        b'{"v": 2}\n',
        b"\xff\n",
        b'{"v": 1, "at": 1}\n',
        b'{"v": 1, "at": 1e300, "site": "a", "name": "b", "url": "c"}\n',
        b'{"v": 1, "at": 1, "site": "a", "name": "b", "url": "c", "what": 1}\n',
    ],
)
def test_a_line_that_holds_no_hit_says_so(line: bytes) -> None:
    with pytest.raises(InvalidLine):
        decode(line)


def test_a_folder_that_holds_the_most_it_may_takes_no_more(tmp_path: Path) -> None:
    line = len(encode(HIT))
    writer = SpoolWriter(tmp_path, most_bytes=3 * line)
    (tmp_path / "other.spool").write_bytes(b"x" * line)
    writer.append(HIT)
    writer.append(HIT)

    with pytest.raises(SpoolFull):
        writer.append(HIT)


def test_room_that_was_made_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(writing, "monotonic", lambda: clock[0])
    (tmp_path / "other.spool").write_bytes(b"x" * 10_000)
    writer = SpoolWriter(tmp_path, most_bytes=5_000)
    with pytest.raises(SpoolFull):
        writer.append(HIT)

    remove(tmp_path, "other.spool")
    clock[0] += 2
    writer.append(HIT)


@pytest.mark.parametrize(("sync", "syncs"), [("hit", 2), ("off", 0)])
def test_a_hit_is_on_the_disk_before_the_answer_only_when_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sync: str, syncs: int
) -> None:
    synced: list[int] = []
    monkeypatch.setattr("tracking.spool.writer.os.fdatasync", synced.append)
    writer = SpoolWriter(tmp_path, sync=sync)
    writer.append(HIT)
    writer.append(HIT)

    assert len(synced) == syncs


def test_a_hit_that_could_not_be_synced_is_not_answered_with_yes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("tracking.spool.writer.os.fdatasync", broken)
    with pytest.raises(SpoolFull):
        SpoolWriter(tmp_path, sync="hit").append(HIT)


def test_a_line_longer_than_any_hits_is_passed_in_pieces(tmp_path: Path) -> None:
    (tmp_path / "a.spool").write_bytes(b"x" * (LONGEST_LINE + 100) + b"\n" + encode(HIT))

    first = read_lines(tmp_path, "a.spool", 0, 1000)
    rest = read_lines(tmp_path, "a.spool", first.next_offset, 100_000)
    assert len(first.lines) == 1
    assert decode(rest.lines[-1][1]) == HIT
