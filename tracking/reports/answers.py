"""Keeps what was summed up of sealed days: they do not change, and are asked about again.

Kept by the question and the version of the files that answered it; a file that is written anew is
another version. Only sites' numbers are kept, and who may see a site is decided before it is asked
about.
"""

import logging
import re
import secrets
import sqlite3
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

import diskcache
import duckdb

from tracking.reports.statements import PARAMETER, Statement
from tracking.reports.together import Together

logger = logging.getLogger("tracking.reports")

MOST_BYTES = 256 * 1024 * 1024
VARIABLE = re.compile(r"getvariable\('(\w+)'\)")


class Answers:
    """The kept sums of one folder, the oldest of which go when there are too many."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def kept(self, question: str, asked: Statement, cursor: duckdb.DuckDBPyConnection) -> Statement:
        """A statement for the sums that `asked` gives, which is carried out only once."""
        key = _key_of(question)
        path = _path_of(_opened(self._folder), key)
        if path is not None:
            return Statement("SELECT * FROM read_parquet($kept)", {"kept": path})
        self._keeping_variables(asked, cursor).run(
            cursor, f"CREATE OR REPLACE TEMP TABLE sums_{key} AS {{}}"
        )
        self._keep(key, f"sums_{key}", cursor)
        return Statement(f"SELECT * FROM sums_{key}", {})  # noqa: S608 - a digest

    def keep_together(
        self, questions: Sequence[str], asked: Together, cursor: duckdb.DuckDBPyConnection
    ) -> None:
        """Carry out a statement once, and keep its sums for each of these questions."""
        self._keeping_variables(asked.statement, cursor).run(
            cursor, "CREATE OR REPLACE TEMP TABLE together AS {}"
        )
        for question, sums in zip(questions, asked.sums_of("together"), strict=True):
            self._keep(_key_of(question), f"({sums})", cursor)

    def has(self, question: str) -> bool:
        """Whether sums are kept for a question."""
        return _path_of(_opened(self._folder), _key_of(question)) is not None

    def _keeping_variables(self, asked: Statement, cursor: duckdb.DuckDBPyConnection) -> Statement:
        """The statement with each of its variables set: what a visit did, panels ask alike."""
        told: dict[str, str] = {}
        for name, bits in asked.variables.items():
            values = asked.used(bits.query)
            # Panels number their parameters and variables differently: what counts is what they
            # are, in their order. One variable may be made of those before it.
            text = VARIABLE.sub("?", PARAMETER.sub("$", bits.query))
            order = [values[one] for one in PARAMETER.findall(bits.query)]
            question = repr((text, order, [told[one] for one in VARIABLE.findall(bits.query)]))
            told[name] = repr((question, bits.column))
            kept = self.kept(question, Statement(bits.query, values), cursor)
            cursor.execute(
                f"SET VARIABLE {name} = (SELECT {bits.column}::BIT FROM ({kept.sql}))",  # noqa: S608
                kept.parameters,
            )
        return Statement(asked.sql, asked.parameters)

    def _keep(self, key: str, sums: str, cursor: duckdb.DuckDBPyConnection) -> None:
        # Two who ask the same at once write files of different names.
        fresh = self._folder / f"{secrets.token_hex(8)}.parquet"
        target = str(fresh).replace("'", "''")
        try:
            cursor.execute(f"COPY {sums} TO '{target}' (FORMAT parquet)")
            with fresh.open("rb") as file:
                _opened(self._folder).set(key, file, read=True)
        except (OSError, duckdb.IOException, sqlite3.Error):
            # What can't be kept is an answer all the same, and is worked out again.
            logger.warning("An answer could not be kept", exc_info=True)
        finally:
            fresh.unlink(missing_ok=True)

    def forget(self) -> None:
        """Drop all that is kept."""
        _opened(self._folder).clear()


def _key_of(question: str) -> str:
    return blake2b(question.encode(), digest_size=20).hexdigest()


def _path_of(cache: diskcache.Cache, key: str) -> str | None:
    """The file that holds what is kept under a key."""
    found = cache.get(key, read=True)
    if found is None:
        return None
    with found:
        name: str = found.name
        return name


@lru_cache(maxsize=4)
def _opened(folder: Path) -> diskcache.Cache:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return diskcache.Cache(str(folder), size_limit=MOST_BYTES)
