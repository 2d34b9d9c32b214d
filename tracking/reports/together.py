"""Reads once what several panels of a page ask alike: how many visitors there are by each value."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tracking.columns.read import Part
from tracking.reports.dimensions import dimension_named
from tracking.reports.selection import Tables, select
from tracking.reports.statements import Ask, Statement, bounds_of
from tracking.reports.sums import Key, Visitors, keys_of, visitors_of_visits

MOST_TOLD_APART = 4
"""For how many asks visitors are told apart at once: each takes memory of its own."""


@dataclass(frozen=True)
class Together:
    """A statement for `asks`: its rows have `visitors`, and the keys of one ask each."""

    statement: Statement
    asks: Sequence[Ask]

    def sums_of(self, table: str) -> Iterator[str]:
        """Queries for the sums of each ask, from a table of the statement's rows."""
        for number, ask in enumerate(self.asks):
            names = ", ".join(f"{_column(number, at)} AS {key}" for at, key in enumerate(ask.keys))
            where = f"{_column(number, 0)} IS NOT NULL"
            yield f"SELECT {names}, visitors FROM {table} WHERE {where}"  # noqa: S608 - names of ours


def can_be_read_together(ask: Ask) -> bool:
    """Whether it asks for nothing but visitors, of whole days and by values that are stored."""
    return (
        ask.sums == {"visitors"}
        and bool(ask.dimensions)
        and "time" not in ask.dimensions
        and ask.goal is None
        and ask.since is None
        and not ask.revenue
    )


def read_together(asks: Sequence[Ask], part: Part) -> Iterator[Together]:
    """Statements for asks that differ in dimensions alone; those that gain nothing are in none.

    These are rows by attributes of visits. Events by one of theirs are read as quickly alone.
    """
    tables = Tables.of(part)
    selection = select(tables, asks[0].conditions, bounds_of(asks[0]))
    alike: dict[Visitors, list[tuple[Ask, Sequence[Key]]]] = {}
    for ask in asks:
        dimensions = [dimension_named(name, "by") for name in ask.dimensions]
        keys = keys_of(tables, dimensions, ask.interval)
        if not any(key.attribute for key in keys):
            visitors = visitors_of_visits(keys, selection, is_alone=True)
            if visitors.apart and selection.pin is None:
                # All who came several times are told apart.
                lone, apart = tables.of_piece(visitors.lone), tables.of_piece(visitors.apart)
                visitors = replace(visitors, lone=lone, apart=apart)
            alike.setdefault(visitors, []).append((ask, keys))
    for visitors, some in alike.items():
        if len(some) > 1:
            query = _counted([keys for _, keys in some], visitors)
            sql = f"WITH {', '.join(tables.expressions)} {query}"
            pieces = tables.pieces_of(sql)
            statement = Statement(sql, tables.parameters, tables.variables, pieces)
            yield Together(statement, [ask for ask, _ in some])


def _column(number: int, at: int) -> str:
    """The name of the column for a key of an ask."""
    return f"c{number}_{at}"


def _counted(asked: Sequence[Sequence[Key]], visitors: Visitors) -> str:
    """A query for a column a key and `visitors`; each row is of one ask, the others' are null."""
    columns = [
        [_column(number, at) for at in range(len(keys))] for number, keys in enumerate(asked)
    ]
    listed = ", ".join(name for names in columns for name in names)
    sql = ", ".join(
        f"{key.sql} AS {name}"
        for keys, names in zip(asked, columns, strict=True)
        for key, name in zip(keys, names, strict=True)
    )
    found = []
    if visitors.lone:
        lone = f"SELECT {sql} FROM visits WHERE {visitors.lone}"  # noqa: S608 - constants and parameters
        found.append(
            f"SELECT {listed}, count(*) AS visitors FROM ({lone}) GROUP BY {_sets(columns)}"  # noqa: S608
        )
    for begin in range(0, len(columns) if visitors.apart else 0, MOST_TOLD_APART):
        some = columns[begin : begin + MOST_TOLD_APART]
        names = ", ".join(name for names in some for name in names)
        apart = f"SELECT {sql}, visitor FROM visits WHERE {visitors.apart}"  # noqa: S608
        each = f"SELECT {names}, visitor FROM ({apart}) GROUP BY {_sets(some, 'visitor')}"  # noqa: S608
        found.append(f"SELECT {names}, count(*) AS visitors FROM ({each}) GROUP BY {names}")  # noqa: S608
    rows = " UNION ALL BY NAME ".join(found)
    return f"SELECT {listed}, sum(visitors) AS visitors FROM ({rows}) GROUP BY {listed}"  # noqa: S608


def _sets(columns: Sequence[Sequence[str]], *more: str) -> str:
    """A grouping for each of these lists of columns."""
    sets = [f"({', '.join([*names, *more])})" for names in columns]
    return f"GROUPING SETS ({', '.join(sets)})"
