"""Reads once what several panels of a page ask alike: how many visitors there are by each value."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tracking.columns.read import Part
from tracking.reports.conditions import Condition, scope_of
from tracking.reports.selection import Tables, expression, select
from tracking.reports.statements import Ask, Statement, bounds_of
from tracking.reports.sums import Key, Visitors, keys_of, visitors_of_visits

MOST_TOLD_APART = 4
"""For how many asks visitors are told apart at once: each takes memory of its own."""


@dataclass(frozen=True)
class Together:
    """A statement for `asks`: its rows have `visitors`, and the keys of one ask each.

    `where` says for each ask how its keys are found among the columns, and which rows are its own.
    """

    statement: Statement
    asks: Sequence[Ask]
    where: Sequence[tuple[str, str]]

    def sums_of(self, table: str) -> Iterator[str]:
        """Queries for the sums of each ask, from a table of the statement's rows."""
        for keys, test in self.where:
            yield f"SELECT {keys}, visitors FROM {table} WHERE {test}"  # noqa: S608 - names of ours


def can_be_listed(ask: Ask) -> bool:
    """Whether it asks for nothing but visitors, of whole days or up to a minute of one."""
    return (
        ask.sums == {"visitors"}
        and "time" not in ask.dimensions
        and ask.goal is None
        and ask.since is None
        and not ask.revenue
    )


def read_together(asks: Sequence[Ask], part: Part) -> Iterator[Together]:
    """Statements for those asks that differ in dimensions alone; what gains nothing is in none.

    These are rows by attributes of visits. Events by one of theirs are read as quickly alone.
    """
    alike: dict[str, list[Ask]] = {}
    for ask in asks:
        if can_be_listed(ask) and ask.dimensions and not ask.required:
            alike.setdefault(repr(replace(ask, dimensions=()).told), []).append(ask)
    for some in alike.values():
        yield from _read_alike(some, part)


def _read_alike(asks: Sequence[Ask], part: Part) -> Iterator[Together]:
    tables = Tables.of(part)
    selection = select(tables, asks[0].conditions, bounds_of(asks[0]))
    alike: dict[Visitors, list[tuple[Ask, Sequence[Key]]]] = {}
    for ask in asks:
        keys = keys_of(tables, ask.by, ask.interval)
        if not any(key.attribute for key in keys):
            visitors = visitors_of_visits(keys, selection)
            if visitors.apart and selection.pin is None:
                # All who came several times are told apart.
                lone, apart = tables.of_piece(visitors.lone), tables.of_piece(visitors.apart)
                visitors = replace(visitors, lone=lone, apart=apart)
            alike.setdefault(visitors, []).append((ask, keys))
    for visitors, some in alike.items():
        if len(some) > 1:
            columns = [
                [f"c{number}_{at}" for at in range(len(keys))]
                for number, (_, keys) in enumerate(some)
            ]
            query = _counted([keys for _, keys in some], columns, visitors)
            sql = tables.statement(query)
            pieces = tables.pieces_of(sql)
            statement = Statement(sql, tables.parameters, tables.variables, pieces)
            yield Together(statement, [ask for ask, _ in some], [*map(_found_in, columns)])


def read_listed(asks: Sequence[Ask], part: Part) -> Iterator[Together]:
    """A statement for asks of the same open days, whose conditions may differ.

    Where rows are few each statement takes long by itself. All values stand in one column, which
    takes memory for each row and ask.
    """
    tables = Tables.of(part)
    shared = [one for one in asks[0].conditions if all(one in ask.conditions for ask in asks)]
    selection = select(tables, shared, bounds_of(replace(asks[0], dimensions=())))
    listed: list[Ask] = []
    rows = []
    for table, test in (("visits", selection.visit), ("events", selection.event)):
        some = [one for one in asks if _table_of(one, shared) == table]
        if some:
            numbers = ", ".join(str(len(listed) + at) for at in range(len(some)))
            values = ", ".join(_listed_value(tables, one, shared) for one in some)
            rows.append(
                f"SELECT unnest([{numbers}]) AS asked, unnest([{values}]) AS k0, visitor"  # noqa: S608 - constants and parameters
                f" FROM {table} WHERE {test}"
            )
        listed += some
    if len(listed) > 1:
        each = f"SELECT DISTINCT asked, k0, visitor FROM ({' UNION ALL '.join(rows)})"  # noqa: S608
        sql = tables.statement(
            f"SELECT asked, k0, count(*) AS visitors FROM ({each})"  # noqa: S608
            " WHERE k0 IS NOT NULL GROUP BY asked, k0"
        )
        where = [("k0", f"asked = {number}") for number in range(len(listed))]
        yield Together(Statement(sql, tables.parameters, tables.variables), listed, where)


def _own(ask: Ask, shared: Sequence[Condition]) -> list[Condition]:
    """The conditions of an ask that others do not share."""
    return [one for one in ask.conditions if one not in shared]


def _table_of(ask: Ask, shared: Sequence[Condition]) -> str:
    """The table that has one value of what is asked for in each row; empty if there is none."""
    if len(ask.dimensions) > 1 or "property" in ask.dimensions:
        return ""
    own = {scope_of(one) for one in _own(ask, shared)}
    if any(one.scope == "event" for one in ask.by):
        return "events"
    if not own <= {"visit"}:
        # A visitor of a selected event is one of a selected visit.
        return "" if ask.dimensions else "events"
    return "visits"


def _listed_value(tables: Tables, ask: Ask, shared: Sequence[Condition]) -> str:
    """A row's value of an ask; null in rows that its own conditions leave out."""
    [key] = keys_of(tables, ask.by, ask.interval)
    tests = [expression(tables, one) for one in _own(ask, shared)]
    tests += [test for name, test in bounds_of(ask).items() if name in ask.dimensions]
    value = f"({key.sql})::VARCHAR"
    return f"CASE WHEN {' AND '.join(tests)} THEN {value} END" if tests else value


def _found_in(columns: Sequence[str]) -> tuple[str, str]:
    """How keys are found in these columns, and which rows have them."""
    names = ", ".join(f"{name} AS k{at}" for at, name in enumerate(columns))
    return names, f"{columns[0]} IS NOT NULL"


def _counted(
    asked: Sequence[Sequence[Key]], columns: Sequence[Sequence[str]], visitors: Visitors
) -> str:
    """A query for a column a key and `visitors`; each row is of one ask, the others' are null."""
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
