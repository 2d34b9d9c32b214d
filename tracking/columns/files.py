"""Writes a query's rows to a file that is on the disk, and says which schema it has."""

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import duckdb

from tracking.columns.manifest import VISITS, digest_of, sync
from tracking.columns.schema import SCHEMA, SECTION_OF_EVENT, SECTION_OF_VISIT

# The longer groups are, the seldomer each has its dictionaries; each is in memory until it is full.
ROWS_OF_A_GROUP = 245_760
# A month has a quarter as many visits as events, and some groups of theirs are to be passed over.
VISITS_OF_A_GROUP = 122_880


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


class Slices:
    """A query's file of events or of visits: written in slices, and put together from them.

    Each has the rows of some numbers, of which no more are sorted at once: a day of any size takes
    the same memory.
    """

    def __init__(self, cursor: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
        self._cursor, self._query, self._path = cursor, query, path
        self._digests: dict[Path, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        for path in self._digests:
            path.unlink(missing_ok=True)

    def add(self, first: int, last: int) -> None:
        """Write the rows that the query gives from $first to $last."""
        path = self._path.with_name(f"slice-{secrets.token_hex(4)}-{self._path.name}")
        self._digests[path] = ""
        bounds = {"first": first, "last": last}
        self._digests[path] = write_parquet(self._cursor, self._query, bounds, path)

    def together(self) -> str:
        """Make the file of all slices; returns its digest."""
        if len(self._digests) == 1:
            [(path, digest)] = self._digests.items()
            path.replace(self._path)
            sync(self._path.parent)
            return digest
        rows = in_sections("FROM read_parquet($paths)", self._path)
        paths = [str(path) for path in self._digests]
        return write_parquet(self._cursor, rows, {"paths": paths}, self._path)


def in_sections(rows: str, path: Path) -> str:
    """A query for rows of events or of visits, as the path says, section by section.

    Within each they stay in the order in which the query for them gives them.
    """
    is_visits = path.name.endswith(VISITS)
    section, count = (SECTION_OF_VISIT, 2) if is_visits else (SECTION_OF_EVENT, 3)
    arms = [f"FROM ({rows}) WHERE {section} = {number}" for number in range(count)]
    return " UNION ALL ".join(arms)
