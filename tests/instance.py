"""A whole Footfall of its own, run as an operator would, for tests that need real processes."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import requests

ROOT = Path(__file__).parent.parent
PATIENCE_SECONDS = 60.0


def free_port() -> int:
    """A TCP port that nothing listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(what: str, condition: Callable[[], bool]) -> None:
    """Return as soon as `condition` holds; raises TimeoutError, naming `what`, if it never does."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.05)


class Instance:
    """An instance under `data_dir`, its processes started from the Procfile's own lines."""

    def __init__(self, data_dir: Path, **environ: str) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.log = data_dir / "log"
        data_dir.mkdir(parents=True, exist_ok=True)
        self.environ = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "DATA_DIR": str(data_dir),
            "PORT": str(self.port),
            "PASSWORD_HASHING": "fast",
            "FOOTFALL_ADMIN_EMAIL": "admin@example.org",
            "FOOTFALL_ADMIN_PASSWORD": "correct horse battery",
            "PYTHONUNBUFFERED": "1",
            **environ,
        }

    def manage(self, *arguments: str) -> str:
        """Run a management command; returns what it printed, raises when it fails."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environ,
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    def start(self, *names: str, under: str = "") -> None:
        """Start the Procfile's processes of these names, all of them without names.

        `under` is shell that goes before each command, such as a limit.
        """
        for line in (ROOT / "Procfile").read_text().splitlines():
            name, command = line.split(":", 1)
            if not names or name in names:
                self.processes[name] = self._started(command, under)
        if not names or "web" in names:
            wait_for("the web process to answer", self.is_up)

    def _started(self, command: str, under: str) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                ["sh", "-c", under + command.strip()],
                cwd=ROOT,
                env=self.environ,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def is_up(self) -> bool:
        """Whether the web process answers."""
        try:
            return requests.get(f"{self.url}/healthz", timeout=1).ok
        except requests.RequestException:
            return False

    def workers(self) -> list[int]:
        """Process ids of the web's workers."""
        children = Path(f"/proc/{self.processes['web'].pid}/task").glob("*/children")
        return [int(pid) for file in children for pid in file.read_text().split()]

    def kill(self, name: str) -> None:
        """SIGKILL one process, as an impatient operator or the kernel would."""
        process = self.processes.pop(name)
        process.kill()
        process.wait()

    def stop(self) -> None:
        """SIGTERM every process that still runs, and wait for its end."""
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self.processes.clear()
