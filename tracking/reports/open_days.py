"""Sums of open days, for the panels of one turn: what they ask alike is found out once."""

from collections.abc import Sequence

import duckdb

from tracking.columns.read import Days, Part
from tracking.columns.schema import TRAITS
from tracking.columns.shape import ENDS
from tracking.columns.tables import with_tables
from tracking.reports.scratch import Scratch
from tracking.reports.statements import Ask, Statement, sums_of
from tracking.reports.together import read_listed, read_together

MOST_LISTED = 15_000
"""Of so many visits at most, all values stand in one column: each visit takes some kilobytes."""


class OpenDays:
    """The open days of a turn, as its cursor reads them.

    With `attributes`, the names of dimensions, several panels are going to ask about the same days,
    and about no others of their attributes: the days' visits are then found out once. `visits` has
    the tables of those that were, which all cursors of the turn read.
    """

    def __init__(
        self,
        cursor: duckdb.DuckDBPyConnection,
        scratch: Scratch,
        attributes: frozenset[str] | None,
        visits: dict[int, tuple[str, int]],
    ) -> None:
        self._cursor, self._scratch = cursor, scratch
        self._attributes, self.visits = attributes, visits
        self._sums: dict[tuple[Ask, int], Statement] = {}

    def sums(self, ask: Ask, days: Days) -> Statement | None:
        """The statement for the sums of the open ones of these days; None when there are none."""
        known = self._sums.get((ask, id(days)))
        if known is not None:
            return known
        part = self._part(days)
        return None if part is None else sums_of(ask, part)

    def read_together(self, asks: Sequence[Ask], days: Days) -> None:
        """Find out at once what several panels' asks for visitors of these days want to know."""
        part = self._part(days)
        if part is None:
            return
        _, visits = self.visits[id(days)]
        are_few = visits <= MOST_LISTED
        for one in read_listed(asks, part) if are_few else read_together(asks, part):
            table = self._scratch.fresh()
            one.statement.run_into(self._cursor, table)
            for number, (ask, sums) in enumerate(zip(one.asks, one.sums_of(table), strict=True)):
                listed = (table, number) if are_few else None
                self._sums[ask, id(days)] = Statement(sums, {}, listed=listed)

    def find_visits(self, days: Days) -> None:
        """Find out which visits the open ones of these days have, where several panels ask."""
        part = days.open_part()
        if self._attributes is not None and part is not None and id(days) not in self.visits:
            self.visits[id(days)] = self._visits_of(part, self._attributes)

    def _part(self, days: Days) -> Part | None:
        """The open ones of these days."""
        self.find_visits(days)
        table, _ = self.visits.get(id(days), ("", 0))
        return days.open_part(table)

    def _visits_of(self, part: Part, attributes: frozenset[str]) -> tuple[str, int]:
        """A new table of the part's visits, and how many there are.

        Raw rows are read again by each that asks: to put them into a table takes four times as long
        as to read them.
        """
        table = self._scratch.fresh()
        names = ENDS.columns.keys() - {"began", *TRAITS} | attributes
        visits = with_tables(part.tables, ENDS.query(names))
        [(count,)] = self._cursor.execute(
            f"CREATE TABLE {table} AS {visits}", dict(part.parameters)
        ).fetchall()
        return table, count
