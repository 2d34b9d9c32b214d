"""Answers ReportQueries from the columnar files."""

import calendar
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb

from tracking.columns import duck
from tracking.columns.read import rows_of
from tracking.errors import ReportUnavailable
from tracking.reports.dimensions import DIMENSIONS
from tracking.reports.metrics import METRICS
from tracking.reports.query import ReportQuery
from tracking.reports.sql import statement

Number = int | float | None

# A file can go between reading its name and reading it, when chunks are merged.
ATTEMPTS = 3


@dataclass(frozen=True)
class Row:
    """The numbers of one value of the dimension; an unknown value is empty."""

    key: str
    metrics: Mapping[str, Number]


@dataclass(frozen=True)
class Report:
    """The answer: totals over all that was selected, rows, and how many rows there are in all."""

    totals: Mapping[str, Number]
    rows: tuple[Row, ...] = ()
    row_count: int = 0


def answer(query: ReportQuery, folder: Path) -> Report:
    """The numbers, from the columnar files in `folder`.

    Rows come with the largest first metric first; those of hours, days and months in their order,
    with a row for each. Raises ReportUnavailable when the files can't be read.
    """
    for attempt in range(ATTEMPTS):
        try:
            return _answer(query, folder)
        except duckdb.IOException as error:
            if attempt == ATTEMPTS - 1:
                raise ReportUnavailable(str(error)) from error
        except duckdb.Error as error:
            raise ReportUnavailable(str(error)) from error
    raise AssertionError


def _answer(query: ReportQuery, folder: Path) -> Report:
    relation = rows_of(folder, query.site.site_id, query.first_day, query.last_day)
    cursor = duck.cursor(folder)
    try:
        asked = statement(query, relation, totals=True)
        total = cursor.execute(asked.sql, asked.parameters).fetchall()
        totals = _numbers(query, total[0][1:]) if total else _nothing(query)
        if query.dimension is None:
            return Report(totals)
        asked = statement(query, relation, totals=False)
        found = cursor.execute(asked.sql, asked.parameters).fetchall()
    finally:
        cursor.close()
    rows = [Row(line[0] or "", _numbers(query, line[1:])) for line in found]
    if DIMENSIONS[query.dimension].scope == "time":
        rows = list(_every_bucket(query, {row.key: row for row in rows}))
        return Report(totals, tuple(rows), len(rows))
    return Report(totals, tuple(rows), found[0][-1] if found else 0)


def _numbers(query: ReportQuery, line: tuple[Any, ...]) -> dict[str, Number]:
    return {
        name: value if value is None or METRICS[name].unit == "count" else float(value)
        for name, value in zip(query.metrics, line, strict=False)
    }


def _nothing(query: ReportQuery) -> dict[str, Number]:
    return {name: 0 if METRICS[name].unit == "count" else None for name in query.metrics}


def _every_bucket(query: ReportQuery, rows: Mapping[str, Row]) -> Iterator[Row]:
    for key in _bucket_keys(query):
        yield rows.get(key) or Row(key, _nothing(query))


def _bucket_keys(query: ReportQuery) -> Iterator[str]:
    if query.dimension == "hour":
        yield from map(str, range(24))
        return
    day = query.first_day
    while day <= query.last_day:
        if query.dimension == "day":
            yield day.isoformat()
            day += timedelta(days=1)
        else:
            yield f"{day:%Y-%m}"
            day = date(day.year, day.month, calendar.monthrange(day.year, day.month)[1])
            day += timedelta(days=1)
