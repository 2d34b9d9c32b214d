from datetime import UTC, datetime, timedelta
from pathlib import Path

from tracking.spool.aside import files_aside, forget, put_aside, shortened


def test_addresses_are_shortened_and_the_rest_is_kept() -> None:
    line = b'{"a":"84.112.1.7","b":"2001:db8:1:2::9","c":"::1 12:30"}\n'

    assert shortened(line) == b'{"a":"84.112.1.0","b":"2001:db8:1::","c":":: 12:30"}\n'


def test_putting_the_same_lines_aside_again_changes_nothing(tmp_path: Path) -> None:
    for _ in range(2):
        put_aside(tmp_path, "a.spool", [(10, b"garbage\n"), (30, b"torn")])
    put_aside(tmp_path, "a.spool", [])

    [path] = files_aside(tmp_path)
    assert path.read_bytes() == b"garbage\ntorn\n"
    assert path.stat().st_mode & 0o777 == 0o600


def test_they_are_forgotten_after_a_week(tmp_path: Path) -> None:
    put_aside(tmp_path, "a.spool", [(0, b"garbage\n")])
    now = datetime.now(UTC)

    assert forget(tmp_path, now + timedelta(days=6)) == 0
    assert forget(tmp_path, now + timedelta(days=8)) == 1
    assert files_aside(tmp_path) == []
    assert files_aside(tmp_path / "nowhere") == []
