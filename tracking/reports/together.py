"""Reads once what several panels of a page ask alike: how many visitors there are by each value."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tracking.columns.read import Part
from tracking.columns.schema import MARKED, REPEATED, SHARED
from tracking.reports.dimensions import dimension_named
from tracking.reports.selection import Selection, Tables, select
from tracking.reports.statements import Ask, Statement, bounds_of
from tracking.reports.sums import Key, keys_of, visitors_of_visits

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


@dataclass(frozen=True)
class _Counted:
    """Which rows an ask counts, and whose visitor is told apart from those of the same key.

    `apart` is null for a row that is a visitor's only one with the key, and negative for one that
    is not counted; where it is empty, all rows are others' visitors.
    """

    rows: str
    keys: Sequence[Key]
    apart: str


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
    """Statements for asks that differ in dimensions alone; those that gain nothing are in none."""
    tables = Tables.of(part)
    selection = select(tables, asks[0].conditions, bounds_of(asks[0]))
    alike: dict[tuple[str, bool], list[tuple[Ask, _Counted]]] = {}
    for ask in asks:
        counted = _counted(tables, ask, selection)
        if counted is not None:
            alike.setdefault((counted.rows, bool(counted.apart)), []).append((ask, counted))
    for (rows, is_told_apart), pairs in alike.items():
        most = MOST_TOLD_APART if is_told_apart else len(pairs)
        for begin in range(0, len(pairs), most):
            some = pairs[begin : begin + most]
            if len(some) > 1:
                query = _visitors([one for _, one in some], rows)
                sql = f"WITH {', '.join(tables.expressions)} {query}"
                statement = Statement(sql, tables.parameters, tables.variables)
                yield Together(statement, [ask for ask, _ in some])


def _counted(tables: Tables, ask: Ask, selection: Selection) -> _Counted | None:
    """How an ask's visitors are counted; None when that is quick, or takes long, by itself."""
    dimensions = [dimension_named(name, "by") for name in ask.dimensions]
    keys = keys_of(tables, dimensions, ask.interval)
    attributes = {key.attribute for key in keys if key.attribute}
    if not attributes:
        first, told_apart = visitors_of_visits(keys, selection, is_alone=True)
        if first:
            return _Counted(f"visits WHERE {first}", keys, "")
        # Telling most visitors apart takes so long that reading saves nothing.
        apart = f"CASE WHEN {told_apart} THEN visitor END"
        return _Counted(f"visits WHERE {selection.visit}", keys, apart) if selection.pin else None
    only = min(attributes)
    differing = {key.differing for key in keys if key.differing} | selection.differing
    is_quick = len(differing) == 1
    if len(attributes) > 1 or only not in MARKED or selection.attributes or is_quick:
        return None
    mark = f"{only}_mark"
    apart = (
        f"CASE WHEN {mark} >= {SHARED} THEN visitor::BIGINT WHEN {mark} = {REPEATED} THEN -1 END"
    )
    return _Counted(f"events WHERE {selection.event}", keys, apart)


def _column(number: int, at: int) -> str:
    """The name of the column for a key of an ask."""
    return f"c{number}_{at}"


def _visitors(counted: Sequence[_Counted], rows: str) -> str:
    """A query for a column a key and `visitors`; each row is of one ask, the others' are null."""
    keys: dict[str, str] = {}
    aparts: dict[str, str] = {}
    sets = []
    for number, one in enumerate(counted):
        own = {_column(number, at): key.sql for at, key in enumerate(one.keys)}
        keys |= own
        apart = [f"apart_{number}"] if one.apart else []
        aparts |= dict.fromkeys(apart, one.apart)
        sets.append(f"({', '.join([*own, *apart])})")
    names = ", ".join(f"{sql} AS {name}" for name, sql in (keys | aparts).items())
    read = f"SELECT {names} FROM {rows}"  # noqa: S608 - constants and parameters
    each = (
        f"SELECT {', '.join([*keys, *aparts])}, count(*) AS visitors"  # noqa: S608 - as above
        f" FROM ({read}) GROUP BY GROUPING SETS ({', '.join(sets)})"
    )
    if not aparts:
        return each
    listed = ", ".join(keys)
    return (
        f"SELECT {listed}, coalesce(sum(visitors) FILTER (apart IS NULL), 0)"  # noqa: S608 - as above
        f" + count(*) FILTER (apart >= 0) AS visitors"
        f" FROM (SELECT {listed}, coalesce({', '.join(aparts)}) AS apart, visitors FROM ({each}))"
        f" GROUP BY {listed}"
    )
