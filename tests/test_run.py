"""`make run`, as a newcomer starts and stops it."""

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest
import requests

from tests.instance import ROOT, free_port, wait_for


def children_of(pid: int) -> list[int]:
    found = [
        int(child)
        for file in Path(f"/proc/{pid}/task").glob("*/children")
        for child in file.read_text().split()
    ]
    return found + [grandchild for child in found for grandchild in children_of(child)]


@pytest.mark.processes
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_make_run_starts_prints_a_code_and_stops_cleanly(tmp_path: Path, end: int) -> None:
    port = free_port()
    log = tmp_path / "log"
    with log.open("wb") as output:
        run = subprocess.Popen(
            ["make", "--no-print-directory", "run", f"PORT={port}"],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path / "data")},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def is_up() -> bool:
        assert run.poll() is None, log.read_text()
        try:
            return requests.get(f"http://localhost:{port}/healthz", timeout=1).ok
        except requests.RequestException:
            return False

    wait_for("the server to answer", is_up)
    assert re.search(r"one-time code: +\S{8,}", log.read_text())
    first_page = requests.get(f"http://localhost:{port}/", timeout=5)
    assert "one-time code" in first_page.text.lower()

    started = children_of(run.pid)
    # A terminal's Ctrl-C reaches the whole group; a supervisor's SIGTERM reaches make alone.
    if end == signal.SIGINT:
        os.killpg(run.pid, end)
    else:
        run.send_signal(end)
    run.wait(timeout=30)
    wait_for(
        "every process to end", lambda: not any(Path(f"/proc/{pid}").exists() for pid in started)
    )
    assert "Traceback" not in log.read_text()
