"""This process's DuckDB: bounded, and able to reach the columns' folder alone."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import duckdb

MEMORY_LIMIT = "256MB"
THREADS = 2


@contextmanager
def cursor(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A cursor of its own, over the one DuckDB that this process has for this folder.

    Opened at the first call, and never handed to a forked child: there it would hang.
    """
    one = _opened(folder, os.getpid()).cursor()
    try:
        yield one
    finally:
        one.close()


@lru_cache(maxsize=2)
def _opened(folder: Path, _pid: int) -> duckdb.DuckDBPyConnection:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    connection = duckdb.connect(
        ":memory:", config={"memory_limit": MEMORY_LIMIT, "threads": THREADS}
    )
    spill = str(folder / "spill").replace("'", "''")
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
