"""A report as text at a terminal: a table for people, CSV and JSON for programs."""

import json
import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from tracking.reports import csv_text
from tracking.reports.csv_text import Cell, Column, Numbers, columns_of, exact
from tracking.reports.dimensions import dimension_named
from tracking.reports.engine import Report
from tracking.reports.query import ReportQuery
from tracking.templatetags.numbers import UNKNOWN


def as_table(query: ReportQuery, report: Report) -> str:
    """Columns that line up: all together first, then the rows, then how to see more of them."""
    columns = columns_of(query, report)
    width = max(1, len(query.dimensions))
    titles = [_printable(dimension_named(name, "by").label) for name in query.dimensions] or [""]
    lines = [
        [*titles, *(column.label for column in columns)],
        ["All", *[""] * (width - 1), *_texts(columns, report.totals, report.compared)],
    ]
    for row in report.rows:
        keys = [_printable(key) or UNKNOWN for key in row.keys]
        lines.append([*keys, *_texts(columns, row.metrics, row.compared)])
    text = "\n".join(_lined_up(lines, width))
    return f"{text}\n{go_on}" if (go_on := how_to_go_on(report)) else text


def how_to_go_on(report: Report) -> str:
    """How to ask for the rows that follow; empty after the last."""
    if report.after is None:
        return ""
    shown, count = f"{len(report.rows):,}", f"{report.row_count:,}"
    return f"{shown} of {count} rows; the next ones: --after {shlex.quote(report.after)}"


def as_json(query: ReportQuery, report: Report) -> str:
    """An object with totals and rows; amounts of money are texts, so that they stay exact."""
    rows = [
        dict(zip(query.dimensions, row.keys, strict=True)) | _plain(row.metrics, row.compared)
        for row in report.rows
    ]
    found: dict[str, Any] = {"totals": _plain(report.totals, None), "rows": rows}
    if report.compared is not None:
        found["compared"] = _plain(report.compared, None)
    found["row_count"] = report.row_count
    return json.dumps(found | ({"after": report.after} if report.after else {}))


def as_csv(query: ReportQuery, report: Report) -> str:
    """A line for each row, or one with the totals of a report without rows."""
    columns = columns_of(query, report)
    rows = (
        csv_text.lines(columns, report)
        if query.dimensions
        else csv_text.line((), _cells(columns, report.totals, report.compared))
    )
    return (csv_text.head(query, columns) + rows).removesuffix("\n")


def _cells(columns: Iterable[Column], metrics: Numbers, compared: Numbers | None) -> list[Cell]:
    return [column.cell(metrics, compared) for column in columns]


def _texts(columns: Iterable[Column], metrics: Numbers, compared: Numbers | None) -> list[str]:
    return [_text(cell) for cell in _cells(columns, metrics, compared)]


def _text(cell: Cell) -> str:
    if cell is None:
        return "-"
    return f"{cell:,}" if isinstance(cell, int) else f"{cell:,.2f}"


def _plain(metrics: Numbers, compared: Numbers | None) -> dict[str, Any]:
    """Numbers as JSON has them, with those that they are compared with."""
    found: dict[str, Any] = {
        name: {currency: exact(amount) for currency, amount in value.items()}
        if isinstance(value, Mapping)
        else value
        for name, value in metrics.items()
    }
    return found if compared is None else {**found, "compared": _plain(compared, None)}


def _lined_up(lines: list[list[str]], texts: int) -> list[str]:
    """Lines with columns of one width; the first ones are texts, the others numbers."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if place < texts else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    ]


def _printable(text: str) -> str:
    """A visitor's text without what a terminal would obey."""
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text
    )
