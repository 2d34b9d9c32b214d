"""Tables that one turn makes for itself, and that all of its cursors read."""

from concurrent.futures import Future, wait
from contextlib import suppress
from itertools import count
from secrets import token_hex

import duckdb


class Scratch:
    """A place for tables, which go with it.

    `readers` are works of other threads that read some of them: the tables stay until these end.
    """

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self._cursor, self._schema, self._numbers = cursor, f"turn_{token_hex(8)}", count()
        self.readers: list[Future[None]] = []
        cursor.execute(f"CREATE SCHEMA {self._schema}")

    def fresh(self) -> str:
        """The name of a table that is yet to be made."""
        return f"{self._schema}.made_{next(self._numbers)}"

    def drop(self) -> None:
        """Drop all that has been made."""
        wait(self.readers)
        # A DuckDB that has ended has no tables any more, and whoever asked it was told.
        with suppress(duckdb.InternalException, duckdb.FatalException):
            self._cursor.execute(f"DROP SCHEMA {self._schema} CASCADE")
