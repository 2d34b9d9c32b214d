"""Writes a query's rows to a file that is on the disk, and says which schema it has."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from tracking.columns.manifest import digest_of, sync
from tracking.columns.schema import SCHEMA


def write_parquet(
    cursor: duckdb.DuckDBPyConnection, query: str, parameters: Mapping[str, Any], path: Path
) -> str:
    """Write the rows in their order; returns the file's digest."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    target = str(path).replace("'", "''")
    cursor.execute(
        f"COPY ({query}) TO '{target}' (FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION v2,"
        f" KV_METADATA {{footfall_schema: '{SCHEMA}'}})",
        dict(parameters),
    )
    digest = digest_of(path)
    sync(path)
    sync(path.parent)
    return digest
