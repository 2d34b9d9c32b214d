"""A disk that fails: at one operation, as a process that is killed sees it, or at all of them."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tracking.columns import duck

# A kill at fsync, or at making a folder, leaves what a kill at the next of these leaves.
OPERATIONS = ("replace", "unlink", "utime", "rmdir")


class Killed(BaseException):
    """Nothing catches it, as nothing catches a kill."""


class Disk:
    """Counts what is done to the disk, and fails from the operation on that has this number.

    A file that is written then is torn: a part of it is there.
    """

    def __init__(self, failing_from: int, failure: Callable[[], BaseException] = Killed) -> None:
        self.done = 0
        self._failing_from, self._failure = failing_from, failure

    def failed(self) -> bool:
        return self.done >= self._failing_from

    def step(self, torn: Callable[[], object] = lambda: None) -> None:
        if self.done == self._failing_from:
            torn()
        if self.failed():
            raise self._failure()
        self.done += 1


class _Cursor:
    """A cursor whose COPY is an operation of the disk."""

    def __init__(self, cursor: Any, disk: Disk) -> None:
        self._cursor, self._disk = cursor, disk

    def execute(self, query: str, *parameters: Any) -> Any:
        if query.startswith("COPY"):
            self._disk.step(lambda: self._tear(query, parameters))
        return self._cursor.execute(query, *parameters)

    def _tear(self, query: str, parameters: Any) -> None:
        self._cursor.execute(query, *parameters)
        path = Path(query.split(" TO '", 1)[1].split("'", 1)[0])
        os.truncate(path, path.stat().st_size // 2)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)


@contextmanager
def failing(disk: Disk) -> Iterator[Disk]:
    """What is done to the disk in this block goes by it; reports' own cache does not."""
    with pytest.MonkeyPatch.context() as patched:
        for name in OPERATIONS:
            patched.setattr(os, name, _counted(disk, getattr(os, name)))
        patched.setattr(Path, "write_text", _written(disk, Path.write_text))
        patched.setattr(duck, "cursor", _cursors(disk, duck.cursor))
        yield disk


def _counted(disk: Disk, original: Callable[..., Any]) -> Callable[..., Any]:
    def counted(*arguments: Any, **more: Any) -> Any:
        disk.step()
        return original(*arguments, **more)

    return counted


def _written(disk: Disk, original: Callable[..., Any]) -> Callable[..., Any]:
    def written(path: Path, text: str) -> Any:
        disk.step(lambda: original(path, text[: len(text) // 2]))
        return original(path, text)

    return written


def _cursors(disk: Disk, original: Callable[..., Any]) -> Callable[..., Any]:
    @contextmanager
    def cursor(*arguments: Any) -> Iterator[Any]:
        with original(*arguments) as one:
            yield _Cursor(one, disk)

    return cursor
