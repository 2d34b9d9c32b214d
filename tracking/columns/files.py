"""Writes a query's rows to a file that is on the disk, and says which schema it has."""

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from tracking.columns.manifest import VISITS, digest_of, sync
from tracking.columns.schema import SCHEMA

# The longer groups are, the seldomer each has its dictionaries; each is in memory until it is full.
ROWS_OF_A_GROUP = 245_760


def write_parquet(
    cursor: duckdb.DuckDBPyConnection, query: str, parameters: Mapping[str, Any], path: Path
) -> str:
    """Write the rows in their order; returns the file's digest."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    target = str(path).replace("'", "''")
    # Events are most of what is read: they are unpacked sooner, and take a quarter more.
    codec = "zstd" if path.name.endswith(VISITS) else "lz4_raw"
    cursor.execute(
        f"COPY ({query}) TO '{target}' (FORMAT parquet, COMPRESSION {codec}, PARQUET_VERSION v2,"
        f" ROW_GROUP_SIZE {ROWS_OF_A_GROUP}, KV_METADATA {{footfall_schema: '{SCHEMA}'}})",
        dict(parameters),
    )
    digest = digest_of(path)
    sync(path)
    sync(path.parent)
    return digest


def write_in_slices(
    cursor: duckdb.DuckDBPyConnection, query: str, first: int, last: int, step: int, path: Path
) -> str:
    """Write the rows that a query gives from $first to $last; returns the file's digest.

    At most `step` of these numbers are sorted at once: a day of any size takes the same memory.
    """
    if last - first < step:
        return write_parquet(cursor, query, {"first": first, "last": last}, path)
    slices = []
    try:
        for begin in range(first, last + 1, step):
            slices.append(path.with_name(f"slice-{secrets.token_hex(4)}.parquet"))
            bounds = {"first": begin, "last": min(last, begin + step - 1)}
            write_parquet(cursor, query, bounds, slices[-1])
        paths = [str(one) for one in slices]
        return write_parquet(cursor, "FROM read_parquet($paths)", {"paths": paths}, path)
    finally:
        for one in slices:
            one.unlink(missing_ok=True)
