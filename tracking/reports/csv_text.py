"""A report as CSV: plain numbers, and texts that no spreadsheet works out."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tracking.reports.engine import Report
from tracking.reports.metrics import METRICS, REVENUE, Number
from tracking.reports.query import ReportQuery

Numbers = Mapping[str, Number]
Cell = int | float | Decimal | None

# What spreadsheets take for the beginning of a formula; some do so in East Asian widths, too.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
# Where commas are decimal, a spreadsheet parts cells at semicolons.
NEEDS_QUOTES = re.compile(r'[",;\t\r\n]')


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


def columns_of(query: ReportQuery, report: Report) -> list[Column]:
    """The columns of a query's answer; the currencies of revenue are those of the totals."""
    both = (False,) if query.compared is None else (False, True)
    return [
        Column(metric, currency, compared)
        for metric in query.metrics
        for currency in (_currencies(report) if metric == REVENUE else ("",))
        for compared in both
    ]


def head(query: ReportQuery, columns: Iterable[Column]) -> str:
    """The first line: names of dimensions and metrics."""
    return line([*query.dimensions, *(column.name for column in columns)])


def lines(columns: Sequence[Column], report: Report) -> str:
    """A line for each row."""
    return "".join(
        line(row.keys, [column.cell(row.metrics, row.compared) for column in columns])
        for row in report.rows
    )


def line(texts: Iterable[str], numbers: Iterable[Cell] = ()) -> str:
    """One line of texts and then numbers, its end included."""
    return ",".join([*map(_harmless, texts), *map(exact, numbers)]) + "\n"


def exact(cell: Cell) -> str:
    """A number in full, with a point and no separators; empty for none."""
    if cell is None:
        return ""
    return f"{cell:f}" if isinstance(cell, Decimal) else str(cell)


def _harmless(text: str) -> str:
    """A visitor's text as a cell that is text."""
    if text.startswith(FORMULA):
        text = f"'{text}"
    return '"{}"'.format(text.replace('"', '""')) if NEEDS_QUOTES.search(text) else text


def _currencies(report: Report) -> list[str]:
    amounts = [numbers[REVENUE] for numbers in (report.totals, report.compared) if numbers]
    found = {currency for one in amounts if isinstance(one, Mapping) for currency in one}
    return sorted(found) or [""]
