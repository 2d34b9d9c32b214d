"""A report as text at a terminal: a table for people, CSV and JSON for programs."""

import csv
import io
import json
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tracking.reports.dimensions import dimension_named
from tracking.reports.engine import Number, Report
from tracking.reports.metrics import METRICS, REVENUE
from tracking.reports.query import ReportQuery
from tracking.templatetags.numbers import UNKNOWN

Numbers = Mapping[str, Number]
Cell = int | float | Decimal | None

# What a spreadsheet takes for the beginning of a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Column:
    """A number of each row; of revenue there is a column for each currency."""

    metric: str
    currency: str = ""
    compared: bool = False

    @property
    def name(self) -> str:
        """For programs: `visits`, `visits compared`, `revenue EUR`."""
        parts = (self.metric, self.currency, "compared" if self.compared else "")
        return " ".join(part for part in parts if part)

    @property
    def label(self) -> str:
        """For people; what is compared with stands to the right of its number."""
        if self.compared:
            return "compared"
        return f"{METRICS[self.metric].label} {self.currency}".strip()

    def cell(self, metrics: Numbers, compared: Numbers | None) -> Cell:
        """This column's number of a row, None when it has none."""
        numbers = compared if self.compared else metrics
        value = None if numbers is None else numbers[self.metric]
        return value.get(self.currency) if isinstance(value, Mapping) else value


def as_table(query: ReportQuery, report: Report) -> str:
    """Columns that line up: all together first, then the rows, then how to see more of them."""
    columns = _columns(query, report)
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
    columns = _columns(query, report)
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow([*query.dimensions, *(column.name for column in columns)])
    if query.dimensions:
        for row in report.rows:
            cells = _cells(columns, row.metrics, row.compared)
            lines.writerow([*map(_no_formula, row.keys), *map(_exact, cells)])
    else:
        lines.writerow(map(_exact, _cells(columns, report.totals, report.compared)))
    return text.getvalue().removesuffix("\n")


def _columns(query: ReportQuery, report: Report) -> list[Column]:
    both = (False,) if report.compared is None else (False, True)
    return [
        Column(metric, currency, compared)
        for metric in query.metrics
        for currency in (_currencies(report) if metric == REVENUE else ("",))
        for compared in both
    ]


def _currencies(report: Report) -> list[str]:
    amounts = [numbers[REVENUE] for numbers in (report.totals, report.compared) if numbers]
    found = {currency for one in amounts if isinstance(one, Mapping) for currency in one}
    return sorted(found) or [""]


def _cells(columns: Iterable[Column], metrics: Numbers, compared: Numbers | None) -> list[Cell]:
    return [column.cell(metrics, compared) for column in columns]


def _texts(columns: Iterable[Column], metrics: Numbers, compared: Numbers | None) -> list[str]:
    return [_text(cell) for cell in _cells(columns, metrics, compared)]


def _text(cell: Cell) -> str:
    if cell is None:
        return "-"
    return f"{cell:,}" if isinstance(cell, int) else f"{cell:,.2f}"


def _exact(cell: Cell) -> str:
    if cell is None:
        return ""
    return f"{cell:f}" if isinstance(cell, Decimal) else str(cell)


def _plain(metrics: Numbers, compared: Numbers | None) -> dict[str, Any]:
    """Numbers as JSON has them, with those that they are compared with."""
    found: dict[str, Any] = {
        name: {currency: _exact(amount) for currency, amount in value.items()}
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


def _no_formula(text: str) -> str:
    """A visitor's text that no spreadsheet works out."""
    return f"'{text}" if text.startswith(FORMULA) else text
