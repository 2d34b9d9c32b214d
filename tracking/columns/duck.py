"""This process's DuckDB: bounded, and able to reach the columns' folder alone."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock

import duckdb


@dataclass(frozen=True)
class Bounds:
    """How much one DuckDB may take."""

    memory: str
    threads: int


SPILL = "spill"
"""The folder, in that of the columns, for what does not fit into memory."""
READING, WRITING = Bounds("256MB", 2), Bounds("192MB", 1)
"""Answers are waited for; what is written can go by the disk, and leaves a processor to others."""

_opening = Lock()


@contextmanager
def cursor(folder: Path, bounds: Bounds = WRITING) -> Iterator[duckdb.DuckDBPyConnection]:
    """A cursor of its own, over the one DuckDB that this process has for this folder and bounds.

    Opened at the first call, and never handed to a forked child: there it would hang.
    """
    # Threads that ask first at the same time would open one each, with as much memory again.
    with _opening:
        one = _opened(folder, bounds, os.getpid()).cursor()
    try:
        yield one
    except (duckdb.InternalException, duckdb.FatalException):
        # A damaged file can end the whole DuckDB that read it: the next one has another.
        _opened.cache_clear()
        raise
    finally:
        one.close()


@lru_cache(maxsize=4)
def _opened(folder: Path, bounds: Bounds, _pid: int) -> duckdb.DuckDBPyConnection:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    connection = duckdb.connect(
        ":memory:", config={"memory_limit": bounds.memory, "threads": bounds.threads}
    )
    spill = str(folder / SPILL).replace("'", "''")
    allowed = str(folder).replace("'", "''")
    for setting in (
        f"SET temp_directory = '{spill}'",
        "SET autoinstall_known_extensions = false",
        "SET autoload_known_extensions = false",
        f"SET allowed_directories = ['{allowed}']",
        "SET enable_external_access = false",
        "SET parquet_metadata_cache = true",
        "SET lock_configuration = true",
    ):
        connection.execute(setting)
    return connection
