"""Sums of open days, for the panels of one turn: what they ask alike is found out once."""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

import duckdb

from tracking.columns.read import Days, Part, Rows, expressions
from tracking.columns.shape import ends_of, open_tables, raw_columns
from tracking.reports.statements import Ask, Statement, columns_of_events, sums_of
from tracking.reports.together import (
    Together,
    can_be_read_together,
    read_listed,
    read_together,
)

MOST_ROWS = 50_000
"""So many raw rows are put into tables at most: each takes about 600 bytes."""


class OpenDays:
    """The open days of a turn, as its cursor reads them.

    With `attributes`, the names of dimensions, several panels are going to ask about the same days,
    and about no others of their attributes.
    """

    def __init__(
        self, cursor: duckdb.DuckDBPyConnection, attributes: frozenset[str] | None
    ) -> None:
        self._cursor, self._attributes = cursor, attributes
        self._tables: dict[int, tuple[str, str] | None] = {}
        self._sums: dict[tuple[Ask, int], Statement] = {}

    def sums(self, ask: Ask, days: Days) -> Statement | None:
        """The statement for the sums of the open ones of these days; None when there are none."""
        known = self._sums.get((ask, id(days)))
        if known is not None:
            return known
        part = self._part(days, columns_of_events(ask))
        if part is None:
            return None
        statement = sums_of(ask, part)
        if ask.dimensions != ("time",):
            return statement
        # They are asked for again: a series' totals are made of the same sums.
        self._sums[ask, id(days)] = Statement(f"FROM {self._in_table(statement)}", {})
        return self._sums[ask, id(days)]

    def read_together(self, asks: Sequence[Ask], days: Days) -> None:
        """Find out at once what asks for visitors of the same days want to know."""
        part = self._part(days, frozenset().union(*map(columns_of_events, asks)))
        if part is None:
            return
        are_few = bool(self._tables.get(id(days)))
        for one in read_listed(asks, part) if are_few else _read_alike(asks, part):
            table = self._in_table(one.statement)
            for number, (ask, sums) in enumerate(zip(one.asks, one.sums_of(table), strict=True)):
                listed = (table, number) if are_few else None
                self._sums[ask, id(days)] = Statement(sums, {}, listed=listed)

    def _in_table(self, statement: Statement) -> str:
        """The name of a new table with a statement's rows."""
        name = f"open_sums_{len(self._sums)}"
        statement.run_into(self._cursor, name)
        return name

    def _part(self, days: Days, names: AbstractSet[str]) -> Part | None:
        """The open ones of these days; `names` are the columns of events that are asked for."""
        if self._attributes is None or days.open_rows is None:
            return days.open_part(names)
        if id(days) not in self._tables:
            self._tables[id(days)] = self._in_tables(days.open_rows, self._attributes)
        tables = self._tables[id(days)]
        if tables is None:
            return days.open_part(names)
        return Part(expressions(open_tables(*tables, names)), {})

    def _in_tables(self, rows: Rows, attributes: frozenset[str]) -> tuple[str, str] | None:
        """The tables of open days' raw rows and their visits' ends; None if there are many rows."""
        raw, ends = (f"open_{len(self._tables)}_{name}" for name in ("raw", "ends"))
        [(count,)] = self._cursor.execute(
            f"CREATE OR REPLACE TEMP TABLE {raw} AS SELECT {raw_columns(attributes)}"  # noqa: S608
            f" FROM ({rows.query}) LIMIT {MOST_ROWS + 1}",
            dict(rows.parameters),
        ).fetchall()
        if count > MOST_ROWS:
            self._cursor.execute(f"DROP TABLE {raw}")
            return None
        self._cursor.execute(f"CREATE OR REPLACE TEMP TABLE {ends} AS {ends_of(raw, attributes)}")
        return raw, ends


def _read_alike(asks: Sequence[Ask], part: Part) -> Iterator[Together]:
    alike: dict[str, list[Ask]] = {}
    for ask in asks:
        if can_be_read_together(ask):
            alike.setdefault(repr(replace(ask, dimensions=()).told), []).append(ask)
    for some in alike.values():
        yield from read_together(some, part)
