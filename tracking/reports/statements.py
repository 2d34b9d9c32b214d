"""A ReportQuery as statements: sums of the days' parts, and rows of metrics made of all of them."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import duckdb

from tracking.columns.read import Part
from tracking.errors import InvalidQuery
from tracking.reports.conditions import Condition, Filter, conjuncts
from tracking.reports.conditions import is_text as can_be_stored
from tracking.reports.dimensions import Dimension, dimension_named
from tracking.reports.metrics import METRICS, REVENUE
from tracking.reports.periods import Interval
from tracking.reports.query import ReportQuery
from tracking.reports.selection import Bits, Selection, Tables, select
from tracking.reports.sums import OF_ENDS, REACHED, Key, keys_of, sums_query

PARAMETER = re.compile(r"\$([a-z]\w*)")
LARGEST = 1 << 63
BACKWARDS = "before"
"""What a cursor begins with when the page ends right before its row."""

TEXTS = {
    "minute": "strftime({}, '%Y-%m-%dT%H:%M')",
    "hour": "strftime({}, '%Y-%m-%dT%H')",
    "day": "strftime({}, '%Y-%m-%d')",
    "week": "strftime({}, '%Y-%m-%d')",
    "month": "strftime({}, '%Y-%m')",
}
"""How a bucket is written."""


@dataclass(frozen=True)
class Statement:
    """SQL and the values of its parameters, by name; `variables` are those that it reads.

    With `pieces`, which are ranges of days, it is to be carried out for each. `file` is the one
    that it gives all rows of, if it does nothing else; `listed` a table of several asks' sums, and
    the number of the ask whose rows it gives.
    """

    sql: str
    parameters: Mapping[str, Any]
    variables: Mapping[str, Bits] = field(default_factory=dict)
    pieces: Sequence[tuple[date, date]] = ()
    file: str = ""
    listed: tuple[str, int] | None = None

    def run(self, cursor: duckdb.DuckDBPyConnection, around: str = "{}") -> None:
        """Carry it out, within other SQL if there is any; the cursor then has its rows."""
        cursor.execute(around.format(self.sql), self.used(self.sql))

    def run_into(self, cursor: duckdb.DuckDBPyConnection, table: str) -> None:
        """Carry it out, and put the rows into a new table."""
        around = f"CREATE TABLE {table} AS {{}}"
        if not self.pieces:
            self.run(cursor, around)
        for first_day, last_day in self.pieces:
            values = {**self.parameters, "piece_from": first_day, "piece_to": last_day}
            replace(self, parameters=values).run(cursor, around)
            around = f"INSERT INTO {table} BY NAME {{}}"

    def used(self, sql: str) -> dict[str, Any]:
        """The parameters that this SQL has."""
        names = set(PARAMETER.findall(sql))
        return {name: value for name, value in self.parameters.items() if name in names}


@dataclass(frozen=True)
class Ask:
    """What is summed up: a query's keys, conditions and sums, without its days.

    `until_minute` leaves out events of later minutes of the day; `since` events before, in
    milliseconds since 1970. `revenue` asks for amounts by currency instead.
    """

    dimensions: tuple[str, ...]
    interval: Interval
    condition: Condition | None
    goal: Condition | None
    wanted: frozenset[str]
    since: int | None = None
    until_minute: int | None = None
    revenue: bool = False

    @property
    def sums(self) -> frozenset[str]:
        """The sums that each part gives: all that are wanted, and what tells rows of nothing."""
        return self.wanted | ({"visits"} if self.has_ends else frozenset())

    @property
    def told(self) -> tuple[Any, ...]:
        """What tells it apart from others, in the same words in each process."""
        return replace(self, wanted=frozenset()), sorted(self.sums)

    @property
    def has_ends(self) -> bool:
        """Whether visits are in other rows than their events: by page, in those of their ends.

        A part can then have a visit's end in a row of which only another part has events.
        """
        return "page" in self.dimensions and bool(self.wanted & OF_ENDS) and not self.revenue

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """What holds for all that is summed up, but for `required`."""
        if self.condition is None:
            return ()
        left_out = {_is_set(self.dimensions[number]) for number in self.required}
        return tuple(one for one in conjuncts(self.condition) if one not in left_out)

    @property
    def by(self) -> list[Dimension]:
        """What its rows are by."""
        return [dimension_named(name, "by") for name in self.dimensions]

    @property
    def required(self) -> list[int]:
        """The numbers of the dimensions that are properties and have a value in each row.

        Others' rows are left out at the end: so a property is read once an event, not twice.
        """
        held = () if self.condition is None else tuple(conjuncts(self.condition))
        return [
            number for number, one in enumerate(self.by) if one.prop and _is_set(one.name) in held
        ]

    @property
    def keys(self) -> list[str]:
        """The names of the columns that tell rows apart."""
        names = [f"k{number}" for number in range(len(self.dimensions) or 1)]
        return [*names, "currency"] if self.revenue else names


def _is_set(name: str) -> Filter:
    return Filter(name, "is_set")


def sums_of(ask: Ask, part: Part) -> Statement:
    """The statement for the sums of a part, a row a key."""
    # What reached a goal stands beside all that did, which is not read in pieces.
    tables = Tables.of(part if ask.goal is None else replace(part, days=None))
    bounds = bounds_of(ask)
    keys = keys_of(tables, ask.by, ask.interval, ask.since)
    selection = select(tables, ask.conditions, bounds)
    if ask.revenue:
        query = _revenue(keys, selection)
    else:
        query = sums_query(tables, keys, selection, ask.sums - REACHED)
        if ask.goal is not None:
            reached = select(tables, (*ask.conditions, ask.goal), bounds)
            query = _with_goal(tables, keys, reached, query)
    sql = tables.statement(query)
    return Statement(sql, tables.parameters, tables.variables, tables.pieces_of(sql))


def newest_of(ask: Ask, part: Part, count: int) -> Statement:
    """The statement for the newest selected events of open days: when each happened, and its id."""
    tables = Tables.of(part)
    selected = select(tables, ask.conditions, bounds_of(ask)).event
    sql = tables.statement(
        f"SELECT moment, event FROM events WHERE {selected}"  # noqa: S608
        f" ORDER BY moment DESC, event DESC LIMIT {int(count)}"
    )
    return Statement(sql, tables.parameters, tables.variables)


def bounds_of(ask: Ask) -> dict[str, str]:
    """What holds for events besides conditions, by what of them it is on."""
    moment = []
    if ask.since is not None:
        moment.append(f"moment >= {int(ask.since)}")
    if ask.until_minute is not None:
        moment.append(f"minute < {int(ask.until_minute)}")
    bounds = {ask.dimensions[number]: "props <> ''" for number in ask.required}
    return bounds | ({"moment": " AND ".join(moment)} if moment else {})


def _revenue(keys: Sequence[Key], selection: Selection) -> str:
    names = ", ".join(f"{key.sql} AS k{number}" for number, key in enumerate(keys))
    amounts = (
        f"SELECT {names}, currency, revenue FROM events"  # noqa: S608
        f" WHERE {selection.event} AND revenue IS NOT NULL"
    )
    return f"SELECT * REPLACE (sum(revenue) AS revenue) FROM ({amounts}) GROUP BY ALL"  # noqa: S608


def _with_goal(tables: Tables, keys: Sequence[Key], selection: Selection, query: str) -> str:
    """The query with the sums of those events that match the goal, too."""
    counted = frozenset({"visitors", "pageviews", "events"})
    reached = sums_query(tables, keys, selection, counted)
    names = ", ".join(f"k{number}" for number in range(len(keys)))
    return (
        "SELECT a.*, coalesce(g.pageviews + g.events, 0) AS conversions,"  # noqa: S608
        f" coalesce(g.visitors, 0) AS converted FROM ({query}) AS a"
        f" LEFT JOIN ({reached}) AS g USING ({names})"
    )


def rows_of(
    query: ReportQuery,
    ask: Ask,
    sums: Sequence[Statement],
    *,
    only: Sequence[Sequence[str]] | None = None,
    with_total: bool = False,
) -> Statement:
    """The statement for rows of metrics, from the parts' sums.

    A row has its keys, its metrics, the number of all rows, and how many of these lie on the side
    of the cursor that is asked for: when it is the one before, they come backwards. With `only`,
    the rows of these keys, in any order. With `with_total`, one row more is that of all, and its
    keys are None.
    """
    arms, parameters = arms_of(sums)
    keys = ask.keys
    columns = sorted(ask.sums) if not ask.revenue else ["revenue"]
    summed = ", ".join([*keys, *(f"sum({name}) AS {name}" for name in columns)])
    texts = [*_texts(ask), *(["currency"] if ask.revenue else [])]
    named = [f"{text} AS t{number}" for number, text in enumerate(texts)]
    metrics = (
        ["revenue"] if ask.revenue else [METRICS[name].sql or "NULL" for name in query.metrics]
    )
    named += [f"{sql} AS m{number}" for number, sql in enumerate(metrics)]
    end = _end(query, len(texts), parameters) if only is None else _only(only, ask, parameters)
    beside = "count(*) OVER ()" if query.after else "row_count"
    tests = [f"k{number} <> ''" for number in ask.required]
    tests += ["visits > 0"] if ask.has_ends else []
    where = f" WHERE {' AND '.join(tests)}" if tests else ""
    groups = ", ".join(keys)
    if with_total:
        groups = f"GROUPING SETS (({groups}), ()) HAVING count(*) > 0"
    sql = f"""
        WITH sums AS ({" UNION ALL BY NAME ".join(f"({one})" for one in arms)}),
        summed AS (SELECT {summed} FROM sums GROUP BY {groups}),
        numbers AS (SELECT {", ".join(named)}, count(*) OVER () AS row_count FROM summed{where})
        SELECT *, {beside} AS beside FROM numbers {end}"""  # noqa: S608 - made of constants; every value is a parameter
    return Statement(sql, parameters)


def arms_of(sums: Sequence[Statement]) -> tuple[list[str], dict[str, Any]]:
    """Queries that can stand in one statement, and its parameters: theirs have the same names."""
    parameters: dict[str, Any] = {}
    arms = []
    for number, one in enumerate(sums):
        arms.append(PARAMETER.sub(rf"$a{number}_\1", one.sql))
        parameters |= {f"a{number}_{name}": value for name, value in one.parameters.items()}
    return arms, parameters


def _texts(ask: Ask) -> list[str]:
    texts = []
    for number, name in enumerate(ask.dimensions):
        column = f"k{number}"
        if name == "time" and ask.since is None:
            texts.append(TEXTS[ask.interval].format(column))
        else:
            texts.append(f"{column}::VARCHAR")
    return texts or ["k0"]


def _only(keys: Sequence[Sequence[str]], ask: Ask, parameters: dict[str, Any]) -> str:
    parameters["only"] = [list(one) for one in keys]
    names = ", ".join(f"t{number}" for number in range(len(ask.dimensions) or 1))
    return f"WHERE list_contains($only::VARCHAR[][], [{names}])"


def is_backwards(query: ReportQuery) -> bool:
    """Whether the page is what comes right before its cursor's row."""
    return query.after.startswith(BACKWARDS)


def check_cursor(query: ReportQuery) -> None:
    """Raises InvalidQuery for a cursor that no report ended with."""
    if query.after:
        _cursor_of(query)


def _cursor_of(query: ReportQuery) -> list[Any]:
    """The value that rows are ordered by first, and the keys, of the row beside the page."""
    column, _ = _first_order(query)
    text = query.after.removeprefix(BACKWARDS)
    return _read_cursor(text, len(query.dimensions), is_text=column.startswith("t"))


def _end(query: ReportQuery, keys: int, parameters: dict[str, Any]) -> str:
    """Where the page begins, order, and its length."""
    if not query.dimensions:
        return ""
    column, descending = _first_order(query)
    others = [f"t{number}" for number in range(keys)]
    if column in others:
        others.remove(column)
    where = _beside(query, column, descending, others, parameters) if query.after else ""
    is_back = is_backwards(query)
    first = f"{column} {'DESC' if descending != is_back else 'ASC'}"
    order = [f"{first} NULLS {'FIRST' if is_back else 'LAST'}"]
    order += [f"{one} {'DESC' if is_back else 'ASC'}" for one in others]
    limit = "" if query.dimensions == ("time",) else f"LIMIT {int(query.limit)}"
    return f"{where} ORDER BY {', '.join(order)} {limit}"


def _first_order(query: ReportQuery) -> tuple[str, bool]:
    """The column that rows are ordered by first, and whether the largest comes first."""
    if query.order is not None:
        by, descending = query.order.by, query.order.descending
        if by in query.metrics:
            return f"m{query.metrics.index(by)}", descending
        return f"t{query.dimensions.index(by)}", descending
    if query.dimensions[0] == "time" or query.metrics[0] == REVENUE:
        return "t0", False
    return "m0", True


def cursor_after(query: ReportQuery, row: Sequence[Any]) -> str:
    """The cursor for what comes after a row of `rows_of`: its place in the order.

    With BACKWARDS ahead of it, it is the one for what comes right before the row.
    """
    column, _ = _first_order(query)
    keys = len(query.dimensions)
    at = int(column[1:]) + (keys if column.startswith("m") else 0)
    return json.dumps([row[at], *row[:keys]], separators=(",", ":"))


def _beside(
    query: ReportQuery,
    column: str,
    descending: bool,
    others: Sequence[str],
    parameters: dict[str, Any],
) -> str:
    """That rows come after the cursor's, or before."""
    is_back = is_backwards(query)
    value, *keys = _cursor_of(query)
    # A column that is ordered by first is left out of those that decide among equal ones.
    rest = [key for number, key in enumerate(keys) if f"t{number}" in others]
    # A parameter that the statement does not use is refused.
    parameters |= {"after": value} | ({"after_keys": rest} if others else {})
    same = f"{column} IS NOT DISTINCT FROM $after"
    side = "<" if is_back else ">"
    beside = f"[{', '.join(others)}] {side} $after_keys::VARCHAR[]" if others else "false"
    # Rows without a number come last, and no number is beyond theirs.
    beyond = f"{column} {'<' if descending != is_back else '>'} $after"
    if is_back:
        beyond = beyond if value is not None else f"{column} IS NOT NULL"
    else:
        beyond = f"({beyond} OR {column} IS NULL)" if value is not None else "false"
    return f"WHERE ({beyond} OR ({same} AND {beside}))"


def _read_cursor(text: str, keys: int, *, is_text: bool) -> list[Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if (
        not isinstance(found, list)
        or len(found) != keys + 1
        or not all(_is_value(key, is_text=True) for key in found[1:])
        or not _is_value(found[0], is_text=is_text)
    ):
        raise InvalidQuery("after", "no report ended with this")
    return found


def _is_value(value: object, *, is_text: bool) -> bool:
    """Whether DuckDB takes it as a parameter, too: a file is not damaged because it does not."""
    if is_text:
        return isinstance(value, str) and can_be_stored(value)
    if isinstance(value, int):
        return not isinstance(value, bool) and abs(value) < LARGEST
    return value is None or isinstance(value, float)
