"""A ReportQuery as one parametrised statement; docs/figures.md says what it must answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tracking.columns.read import Relation
from tracking.columns.schema import ENGAGEMENT_KIND, EVENT_KIND, PAGEVIEW_KIND
from tracking.reports.dimensions import DIMENSIONS, Dimension
from tracking.reports.metrics import METRICS
from tracking.reports.query import Filter, ReportQuery

# Every visit of the period with its own numbers, whatever is filtered: a visit lies within one
# local day, so all of its rows are among these.
VISITS = f"""
visits AS (
    SELECT visit,
        (max(moment) - min(moment)) / 1000.0 AS duration,
        count(*) FILTER (kind = {PAGEVIEW_KIND}) <= 1
            AND count(*) FILTER (kind = {EVENT_KIND} AND interactive) = 0 AS bounced,
        coalesce(arg_min(page, (moment, event)) FILTER (kind = {PAGEVIEW_KIND}), '') AS entry_page,
        coalesce(arg_max(page, (moment, event)) FILTER (kind = {PAGEVIEW_KIND}), '') AS exit_page
    FROM all_rows GROUP BY visit
)"""  # noqa: S608 - constants alone

ENGAGED_METRICS = frozenset({METRICS["time_on_page"].sql, METRICS["scroll_depth"].sql})
# A signal belongs to the latest pageview of its page in its visit, at or before it.
ENGAGED = f"""
engaged AS (
    SELECT p.event AS event, sum(s.seconds) AS seconds, max(s.scroll_depth) AS depth
    FROM (SELECT * FROM all_rows WHERE kind = {ENGAGEMENT_KIND}) AS s
    ASOF JOIN (
        SELECT visit, page, moment, max(event) AS event
        FROM all_rows WHERE kind = {PAGEVIEW_KIND} GROUP BY visit, page, moment
    ) AS p ON s.visit = p.visit AND s.page = p.page AND s.moment >= p.moment
    GROUP BY p.event
)"""  # noqa: S608 - constants alone


@dataclass(frozen=True)
class Statement:
    """SQL and the values of its parameters; its columns are key, the metrics, number of rows."""

    sql: str
    parameters: tuple[Any, ...]


def statement(query: ReportQuery, rows: Relation, *, totals: bool) -> Statement:
    """The statement for the totals, of one row with an empty key, or for the rows of a query."""
    dimension = None if totals or query.dimension is None else DIMENSIONS[query.dimension]
    wanted = [METRICS[name].sql for name in query.metrics]
    conditions, values = _conditions(query.filters)
    order = "1" if dimension and dimension.scope == "time" else "2 DESC NULLS LAST, 1"
    limit = f" LIMIT {int(query.limit)}" if query.limit and dimension else ""
    tables, joins = _tables(dimension, wanted)
    sql = f"""
        WITH all_rows AS ({rows.sql}),
        {_selected(query.filters, dimension, wanted, conditions)},
        keyed AS (SELECT *, {dimension.sql if dimension else "''"} AS key FROM selected),
        {tables}
        SELECT e.key, {", ".join(wanted)}, count(*) OVER () AS row_count
        FROM e {joins} ORDER BY {order}{limit}
    """  # noqa: S608 - made of constants; every value is a parameter
    return Statement(sql, (*rows.parameters, *values))


def _selected(
    filters: Sequence[Filter], dimension: Dimension | None, wanted: Sequence[str], conditions: str
) -> str:
    """The selected events, with as much of their visit's numbers as the question needs."""
    ends = {"entry_page", "exit_page"}
    used = {one.dimension for one in filters} | ({dimension.name} if dimension else set())
    tables, columns, joins = "", "r.*", ""
    if used & ends or any("v." in sql or "x." in sql for sql in wanted):
        tables += f"{VISITS},"
        columns += ", v.duration, v.bounced, v.entry_page, v.exit_page"
        joins += " JOIN visits AS v ON r.visit = v.visit"
    if any(sql in ENGAGED_METRICS for sql in wanted):
        tables += f"{ENGAGED},"
        columns += ", g.seconds AS engaged_seconds, g.depth AS engaged_depth"
        joins += " LEFT JOIN engaged AS g ON r.event = g.event"
    return f"""{tables}
        selected AS (
            SELECT {columns} FROM all_rows AS r {joins}
            WHERE kind <> {ENGAGEMENT_KIND} {conditions}
        )"""  # noqa: S608 - made of constants


def _tables(dimension: Dimension | None, wanted: Sequence[str]) -> tuple[str, str]:
    """Sums per key: `e` of events, and where they are wanted `v` of visits and `x` of exits."""
    by_page = dimension is not None and dimension.name == "page"
    engaged = (
        ", avg(engaged_seconds) AS time_on_page, avg(engaged_depth) AS scroll_depth"
        if any(sql in ENGAGED_METRICS for sql in wanted)
        else ""
    )
    tables = f"""
        e AS (
            SELECT key,
                count(DISTINCT visitor) AS visitors,
                count(DISTINCT visit) AS visits,
                count(*) FILTER (kind = {PAGEVIEW_KIND}) AS pageviews,
                count(*) FILTER (kind = {EVENT_KIND}) AS events{engaged}
            FROM keyed GROUP BY key
        )"""  # noqa: S608 - made of constants
    joins = ""
    if any("v." in sql for sql in wanted):
        # By page, a visit's own numbers are those of the visits that entered there.
        tables += f""",
        v AS (
            SELECT key, count(*) AS visits, sum(bounced::INTEGER) AS bounces,
                sum(duration) AS duration
            FROM (
                SELECT DISTINCT {"entry_page" if by_page else "key"} AS key,
                    visit, bounced, duration
                FROM keyed
            ) GROUP BY key
        )"""  # noqa: S608 - made of constants
        joins += " LEFT JOIN v ON e.key = v.key"
    if any("x." in sql for sql in wanted):
        tables += f""",
        x AS (
            SELECT key, count(*) AS exits
            FROM (
                SELECT DISTINCT {"exit_page" if by_page else "key"} AS key, visit
                FROM keyed WHERE exit_page <> ''
            ) GROUP BY key
        )"""  # noqa: S608 - made of constants
        joins += " LEFT JOIN x ON e.key = x.key"
    return tables, joins


def _conditions(filters: Sequence[Filter]) -> tuple[str, list[Any]]:
    """Conditions on an event's row; all of them hold for the same event."""
    conditions = ""
    values: list[Any] = []
    for one in filters:
        column = DIMENSIONS[one.dimension].sql
        negation = "NOT " if one.operator == "is_not" else ""
        conditions += f" AND {negation}list_contains(?::VARCHAR[], coalesce({column}, ''))"
        values.append(list(one.values))
    return conditions, values
