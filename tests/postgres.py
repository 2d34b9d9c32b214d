"""A private PostgreSQL on a free port: `python -m tests.postgres COMMAND ...` runs a command on it.

The command finds its address in DATABASE_URL. PostgreSQL's own programs are used, from wherever
Debian put them; they refuse to run as root, so root hands them to the user `nobody`.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.instance import free_port

# Nothing here has to survive a power cut.
FAST = ("fsync=off", "full_page_writes=off")


class PostgreSQL:
    """A server of its own under `folder`."""

    def __init__(self, folder: Path, options: Sequence[str] = FAST) -> None:
        self.folder = folder
        self.port = free_port()
        self.options = options
        self.url = f"postgresql://footfall@127.0.0.1:{self.port}/footfall"
        folder.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            shutil.chown(folder, "nobody")
        self._run("initdb", "-D", self._data, "-U", "footfall", "-A", "trust", "-E", "UTF8", "-N")

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        options = f"-p {self.port} -k {self.folder} -h 127.0.0.1 -c max_connections=60"
        options += "".join(f" -c {one}" for one in self.options)
        log = str(self.folder / "log")
        self._run("pg_ctl", "-D", self._data, "-o", options, "-w", "-l", log, "start")

    def create_database(self) -> None:
        """Make the database that `url` names."""
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "footfall", "footfall")

    def stop(self, mode: str = "fast") -> None:
        """Stop the server; with the mode `immediate` as a crash would."""
        self._run("pg_ctl", "-D", self._data, "-m", mode, "-w", "stop")

    @property
    def _data(self) -> str:
        return str(self.folder / "data")

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(programs() / program), *arguments]
        if os.geteuid() == 0:
            command = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", *command]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=self.folder)


def programs() -> Path:
    """The folder of the newest PostgreSQL that is installed; raises FileNotFoundError."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[4])
    )
    if not found:
        raise FileNotFoundError("PostgreSQL is missing: apt install postgresql")
    return found[-1].parent


@contextmanager
def running(*, durable: bool = False) -> Iterator[PostgreSQL]:
    """A server with an empty database, for as long as the block lasts.

    Unless it is asked to be durable, it does not force anything onto the disk.
    """
    with tempfile.TemporaryDirectory(prefix="footfall-postgres-") as folder:
        Path(folder).chmod(0o711)
        server = PostgreSQL(Path(folder, "server"), options=() if durable else FAST)
        server.start()
        try:
            server.create_database()
            yield server
        finally:
            server.stop("immediate")


def main(command: Sequence[str]) -> int:
    """Run the command with DATABASE_URL set; returns its exit status."""
    with running() as server:
        return subprocess.run(
            command, env=os.environ | {"DATABASE_URL": server.url}, check=False
        ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
