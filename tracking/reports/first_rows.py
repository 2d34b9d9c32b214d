"""The first rows of many panels of a page, and their totals, by one statement."""

from collections.abc import Sequence
from dataclasses import dataclass

from tracking.reports.query import ReportQuery
from tracking.reports.selection import NUMBERS
from tracking.reports.statements import Statement, arms_of


@dataclass(frozen=True)
class FirstPage:
    """What the first rows of a query are made of: so many of the parts' sums.

    With `has_value`, rows of an empty key are left out.
    """

    limit: int
    has_value: bool
    sums: Sequence[Statement]


def begins_with_most_visitors(query: ReportQuery) -> bool:
    """Whether it is about the most visitors by one text, or about all, and about nothing else."""
    return (
        query.metrics == ("visitors",)
        and len(query.dimensions) <= 1
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
    lists: dict[str, dict[int, int]] = {}
    asked, alone = [], []
    for number, page in enumerate(pages):
        for one in page.sums:
            if one.file and one.file not in files:
                files[one.file] = number
            elif one.listed and one.listed[1] not in lists.setdefault(one.listed[0], {}):
                table, place = one.listed
                lists[table][place] = number
            else:
                asked.append(number)
                alone.append(one)
    arms, parameters = arms_of(alone)
    rows = [
        f"SELECT {number} AS asked, k0, visitors FROM ({arm})"  # noqa: S608 - numbers and queries
        for number, arm in zip(asked, arms, strict=True)
    ]
    for at, (table, places) in enumerate(lists.items()):
        name = f"listed_{at}_for"
        parameters[name] = [places.get(place) for place in range(max(places) + 1)]
        rows.append(
            f"SELECT ${name}[asked + 1] AS asked, k0, visitors FROM {table}"  # noqa: S608 - names of ours
            f" WHERE ${name}[asked + 1] IS NOT NULL"
        )
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
