"""Keeps what was summed up of sealed days: they do not change, and are asked about again.

Kept by the question and the version of the files that answered it; a file that is written anew is
another version. Only sites' numbers are kept, and who may see a site is decided before it is asked
about.
"""

import logging
import os
import re
import secrets
import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from contextvars import copy_context
from dataclasses import replace
from functools import lru_cache, partial
from hashlib import blake2b
from pathlib import Path

import diskcache
import duckdb

from tracking.reports.scratch import Scratch
from tracking.reports.statements import PARAMETER, Statement
from tracking.reports.together import Together

logger = logging.getLogger("tracking.reports")

ANSWERS = "answers"
"""The folder, in that of the columns, for what is kept."""
MOST_BYTES = 256 * 1024 * 1024
VARIABLE = re.compile(r"getvariable\('(\w+)'\)")


class Answers:
    """The kept sums of one folder, as one cursor asks for them and adds to them.

    `made` has queries for those that the turn itself has made; another thread writes them to the
    disk meanwhile. With `is_one`, it is for one question alone, and what others would ask, too, is
    left.
    """

    def __init__(
        self,
        folder: Path,
        cursor: duckdb.DuckDBPyConnection,
        scratch: Scratch,
        made: dict[str, str],
        *,
        is_one: bool,
    ) -> None:
        self._folder, self._cursor, self._is_one = folder, cursor, is_one
        self._scratch, self.made = scratch, made
        self._paths: dict[str, str] = {}
        self._variables: dict[str, str] = {}

    def kept(self, question: str, ask: Callable[[], Statement]) -> Statement:
        """A statement for the sums of the one that `ask` gives, which is carried out only once."""
        key = _key_of(question)
        if key not in self.made:
            path = self._path(key)
            if path is not None:
                return Statement("SELECT * FROM read_parquet($kept)", {"kept": path}, file=path)
            table = self._scratch.fresh()
            self._setting_variables(ask()).run_into(self._cursor, table)
            self._keep(key, f"SELECT * FROM {table}")  # noqa: S608 - a name of ours
        return Statement(self.made[key], {})

    def keep_together(self, questions: Sequence[str], asked: Together) -> None:
        """Carry out a statement once, and keep its sums for each of these questions."""
        table = self._scratch.fresh()
        self._setting_variables(asked.statement).run_into(self._cursor, table)
        for question, sums in zip(questions, asked.sums_of(table), strict=True):
            self._keep(_key_of(question), sums)

    def has(self, question: str) -> bool:
        """Whether sums are kept for a question."""
        key = _key_of(question)
        return key in self.made or self._path(key) is not None

    def _path(self, key: str) -> str | None:
        """The file that holds what is kept under a key."""
        if key in self._paths:
            return self._paths[key]
        found = _opened(self._folder).get(key, read=True)
        if found is None:
            return None
        with found:
            self._paths[key] = found.name
            return self._paths[key]

    def _setting_variables(self, asked: Statement) -> Statement:
        """The statement with each of its variables set: what a visit did, panels ask alike."""
        told: dict[str, str] = {}
        columns = Counter(bits.query for bits in asked.variables.values())
        for name, bits in asked.variables.items():
            query, question = bits.query, _told_of(bits.query, asked, told)
            if self._is_one and bits.alone and columns[query] == 1 and not self.has(question):
                query, question = bits.alone, _told_of(bits.alone, asked, told)
            told[name] = repr((question, bits.column))
            if self._variables.get(name) == told[name]:
                continue
            kept = self.kept(question, partial(Statement, query, asked.used(query)))
            self._cursor.execute(
                f"SET VARIABLE {name} = (SELECT {bits.column}::BIT FROM ({kept.sql}))",  # noqa: S608
                kept.parameters,
            )
            self._variables[name] = told[name]
        return replace(asked, variables={})

    def _keep(self, key: str, sums: str) -> None:
        """Keep what has been made, which this query gives."""
        self.made[key] = sums
        write = partial(_write, self._folder, self._cursor.cursor(), key, sums)
        self._scratch.readers.append(_writer(os.getpid()).submit(copy_context().run, write))


def _write(folder: Path, cursor: duckdb.DuckDBPyConnection, key: str, sums: str) -> None:
    # Two who ask the same at once write files of different names.
    fresh = folder / f"{secrets.token_hex(8)}.parquet"
    target = str(fresh).replace("'", "''")
    try:
        try:
            with closing(cursor):
                cursor.execute(f"COPY ({sums}) TO '{target}' (FORMAT parquet)")
            with fresh.open("rb") as file:
                _opened(folder).set(key, file, read=True)
        finally:
            fresh.unlink(missing_ok=True)
    except (OSError, duckdb.Error, sqlite3.Error, diskcache.Timeout):
        # What can't be kept is an answer all the same, and is worked out again.
        logger.warning("An answer could not be kept", exc_info=True)


@lru_cache(maxsize=1)
def _writer(_pid: int) -> ThreadPoolExecutor:
    """This process's thread for that: it is one processor's work, and little of it."""
    return ThreadPoolExecutor(1, "answers")


def forget(folder: Path) -> None:
    """Drop all that is kept in a folder."""
    _opened(folder).clear()


def _told_of(query: str, asked: Statement, told: Mapping[str, str]) -> str:
    """What tells a variable's query apart from others; `told` does of the variables before it.

    Panels number their parameters and variables differently: what counts is what they are, in their
    order.
    """
    values = asked.used(query)
    text = VARIABLE.sub("?", PARAMETER.sub("$", query))
    order = [values[one] for one in PARAMETER.findall(query)]
    return repr((text, order, [told[one] for one in VARIABLE.findall(query)]))


def _key_of(question: str) -> str:
    return blake2b(question.encode(), digest_size=20).hexdigest()


@lru_cache(maxsize=4)
def _opened(folder: Path) -> diskcache.Cache:
    """Where a folder's answers are kept; the oldest go when there are too many."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return diskcache.Cache(str(folder), size_limit=MOST_BYTES)
