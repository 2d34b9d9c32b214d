"""Reads once what several panels of a page ask alike: how many visitors there are by each value."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tracking.columns.read import Part
from tracking.reports.query import ReportQuery
from tracking.reports.selection import NUMBERS, Tables, select
from tracking.reports.statements import Ask, Statement, arms_of, bounds_of
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


@dataclass(frozen=True)
class Listed:
    """The same for asks of one dimension each: a row has the number of its ask, and its key."""

    statement: Statement
    asks: Sequence[Ask]

    def sums_of(self, table: str) -> Iterator[str]:
        """Queries for the sums of each ask, from a table of the statement's rows."""
        for number in range(len(self.asks)):
            yield f"SELECT k0, visitors FROM {table} WHERE asked = {number}"  # noqa: S608 - a name of ours


def can_be_read_together(ask: Ask) -> bool:
    """Whether it asks for nothing but visitors, of whole days and by values that are stored."""
    return (
        ask.sums == {"visitors"}
        and bool(ask.dimensions)
        and "time" not in ask.dimensions
        and not ask.required
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
            query = _counted([keys for _, keys in some], visitors)
            sql = f"WITH {', '.join(tables.expressions)} {query}"
            pieces = tables.pieces_of(sql)
            statement = Statement(sql, tables.parameters, tables.variables, pieces)
            yield Together(statement, [ask for ask, _ in some])


def read_listed(asks: Sequence[Ask], part: Part) -> Iterator[Listed]:
    """The same for few rows of open days, of which it is planning that takes the time.

    All values stand in one column, which takes memory for each row and ask.
    """
    tables = Tables.of(part)
    selection = select(tables, asks[0].conditions, bounds_of(asks[0]))
    listed: list[Ask] = []
    rows = []
    for table, test in (("visits", selection.visit), ("events", selection.event)):
        some = [one for one in asks if _table_of(one) == table]
        values = [keys_of(tables, one.by, one.interval)[0].sql for one in some]
        if some:
            numbers = ", ".join(str(len(listed) + at) for at in range(len(some)))
            rows.append(
                f"SELECT unnest([{numbers}]) AS asked,"  # noqa: S608 - constants and parameters
                f" unnest([{', '.join(f'({sql})::VARCHAR' for sql in values)}]) AS k0, visitor"
                f" FROM {table} WHERE {test}"
            )
        listed += some
    if len(listed) > 1:
        each = f"SELECT DISTINCT asked, k0, visitor FROM ({' UNION ALL '.join(rows)})"  # noqa: S608
        sql = (
            f"WITH {', '.join(tables.expressions)} SELECT asked, k0, count(*) AS visitors"  # noqa: S608
            f" FROM ({each}) GROUP BY asked, k0"
        )
        yield Listed(Statement(sql, tables.parameters, tables.variables), listed)


def _table_of(ask: Ask) -> str:
    """The table that has one value of what is asked for in each row; empty if there is none."""
    if len(ask.dimensions) > 1 or "property" in ask.dimensions:
        return ""
    [dimension] = ask.by
    return "visits" if dimension.scope == "visit" else "events"


@dataclass(frozen=True)
class FirstPage:
    """What the first rows of a query are made of: so many of the parts' sums.

    With `has_value`, rows of an empty key are left out.
    """

    limit: int
    has_value: bool
    sums: Sequence[Statement]


def begins_with_most_visitors(query: ReportQuery) -> bool:
    """Whether it is about the first rows by one text, of the most visitors and nothing else."""
    return (
        query.metrics == ("visitors",)
        and len(query.dimensions) == 1
        and not {"time", *NUMBERS} & {*query.dimensions}
        and query.order is None
        and not query.after
    )


def first_rows_of(pages: Sequence[FirstPage]) -> Statement:
    """The statement for the first rows of these, each as `rows_of` has them.

    Ahead of them stands the number of the page. To plan and begin a statement for each takes longer
    than all that they have to do once most is kept, and so it is with files to read.
    """
    files: dict[str, int] = {}
    asked, alone = [], []
    for number, page in enumerate(pages):
        for one in page.sums:
            if one.file and one.file not in files:
                files[one.file] = number
            else:
                asked.append(number)
                alone.append(one)
    arms, parameters = arms_of(alone)
    rows = [
        f"SELECT {number} AS asked, k0, visitors FROM ({arm})"  # noqa: S608 - numbers and queries
        for number, arm in zip(asked, arms, strict=True)
    ]
    if files:
        parameters |= {"kept": [*files], "kept_for": [*files.values()]}
        rows.append(
            "SELECT $kept_for[list_position($kept, filename)] AS asked, k0, visitors"
            " FROM read_parquet($kept, filename = true, union_by_name = true)"
        )
    parameters["limits"] = [page.limit for page in pages]
    parameters["with_value"] = [number for number, page in enumerate(pages) if page.has_value]
    most = max(page.limit for page in pages)
    # The first of each are picked out: a window would have all of them sorted.
    sql = f"""
        WITH sums AS ({" UNION ALL ".join(rows)}),
        summed AS (SELECT asked, k0 AS t0, sum(visitors) AS m0 FROM sums GROUP BY asked, k0),
        first AS (
            SELECT asked, count(*) AS row_count,
                min_by({{'t0': t0, 'm0': m0}}, (-m0, t0), {most}) AS rows
            FROM summed WHERE t0 <> '' OR NOT list_contains($with_value::INTEGER[], asked)
            GROUP BY asked)
        SELECT asked, row.t0, row.m0, row_count, row_count AS beside
        FROM (SELECT asked, row_count, unnest(rows[:$limits[asked + 1]]) AS row FROM first)
        ORDER BY asked, row.m0 DESC, row.t0"""  # noqa: S608 - as above
    return Statement(sql, parameters)


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
