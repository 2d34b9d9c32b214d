"""Writes a query's rows to a file that is on the disk, and says which schema it has."""

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from tracking.columns.manifest import VISITS, digest_of, sync
from tracking.columns.schema import SCHEMA, SECTION_OF_EVENT, SECTION_OF_VISIT

# The longer groups are, the seldomer each has its dictionaries; each is in memory until it is full.
ROWS_OF_A_GROUP = 245_760
# A month has a quarter as many visits as events, and some groups of theirs are to be passed over.
VISITS_OF_A_GROUP = 61_440


def write_parquet(
    cursor: duckdb.DuckDBPyConnection, query: str, parameters: Mapping[str, Any], path: Path
) -> str:
    """Write the rows in their order; returns the file's digest."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    target = str(path).replace("'", "''")
    # Events are most of what is read: they are unpacked sooner, and take a quarter more.
    is_visits = path.name.endswith(VISITS)
    codec, rows = ("zstd", VISITS_OF_A_GROUP) if is_visits else ("lz4_raw", ROWS_OF_A_GROUP)
    cursor.execute(
        f"COPY ({query}) TO '{target}' (FORMAT parquet, COMPRESSION {codec}, PARQUET_VERSION v2,"
        f" ROW_GROUP_SIZE {rows}, KV_METADATA {{footfall_schema: '{SCHEMA}'}})",
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
        rows = in_sections("FROM read_parquet($paths)", path)
        return write_parquet(cursor, rows, {"paths": paths}, path)
    finally:
        for one in slices:
            one.unlink(missing_ok=True)


def in_sections(rows: str, path: Path) -> str:
    """A query for rows of events or of visits, as the path says, section by section.

    Within each they stay in the order in which the query for them gives them.
    """
    is_visits = path.name.endswith(VISITS)
    section, count = (SECTION_OF_VISIT, 2) if is_visits else (SECTION_OF_EVENT, 3)
    arms = [f"FROM ({rows}) WHERE {section} = {number}" for number in range(count)]
    return " UNION ALL ".join(arms)
