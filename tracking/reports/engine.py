"""Answers ReportQueries from the columnar files."""

import logging
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from contextvars import copy_context
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any, TypeVar

import duckdb

from tracking.columns import duck
from tracking.columns.check import report_unreadable
from tracking.errors import ReportUnavailable
from tracking.reports.answers import ANSWERS, forget
from tracking.reports.asked import Asked, Reading
from tracking.reports.at_once import (
    find_open_visits,
    keep_sealed,
    read_first_rows,
    read_open_alike,
    totals_apart,
)
from tracking.reports.first_rows import begins_with_most_visitors
from tracking.reports.metrics import Number
from tracking.reports.query import ReportQuery
from tracking.reports.statements import BACKWARDS, check_cursor, cursor_after, is_backwards
from tracking.reports.turns import FairQueue, Room, limited

Found = TypeVar("Found")

# A file can go between reading its name and reading it, when files are merged.
ATTEMPTS = 3
TOO_LARGE = "it takes more memory than there is for it: narrow the period or the filters"
UNREADABLE = "the files it reads are damaged, and are being made anew"

logger = logging.getLogger("tracking.reports")

_queue = FairQueue(places=2)
_memory = Room()


@dataclass(frozen=True)
class Row:
    """The numbers of one value of each dimension; an unknown value is empty.

    `compared` are those of the same values in the period that is compared with; of a series, those
    of the bucket in the same place.
    """

    keys: tuple[str, ...]
    metrics: Mapping[str, Number]
    compared: Mapping[str, Number] | None = None


@dataclass(frozen=True)
class Report:
    """The answer: totals over all that was selected, rows, and how many rows there are in all.

    `first` is the number of the first row, from 1 on. `after` is the cursor of the next page, None
    on the last; `before` that of the page before, None on the first.
    """

    totals: Mapping[str, Number]
    rows: tuple[Row, ...] = ()
    row_count: int = 0
    compared: Mapping[str, Number] | None = None
    after: str | None = None
    before: str | None = None
    first: int = 1


@dataclass(frozen=True)
class Asker:
    """Who waits for an answer: their turns are fair among `user`s.

    Waiting for a turn may take `seconds`, and so may answering. `left` is set once nobody waits
    any more.
    """

    user: Hashable = None
    seconds: float = 20.0
    left: Event | None = None


NOBODY = Asker()


def answer(
    query: ReportQuery, folder: Path, asker: Asker = NOBODY, *, with_totals: bool = True
) -> Report:
    """The numbers, from the columnar files in `folder`; docs/figures.md says what each means.

    Totals take as long as rows do, and are empty when they are not asked for. Money is in units of
    its currency. Raises InvalidQuery for a cursor that no report ended with, ReportsBusy when there
    was no turn in time, ReportTooSlow, ReportLeft, and ReportUnavailable when the files can't be
    read or the answer takes more memory than there is for it.
    """
    return answers([query], folder, asker, with_totals=with_totals)[0]


def answers(
    queries: Sequence[ReportQuery], folder: Path, asker: Asker = NOBODY, *, with_totals: bool = True
) -> list[Report]:
    """What `answer` gives for each of these, in one turn; what they ask alike is read once.

    Raises what `answer` raises for the first that has no answer.
    """
    return _tried(lambda: _answers(queries, folder, asker, with_totals=with_totals), folder, asker)


def newest(query: ReportQuery, folder: Path, count: int, asker: Asker = NOBODY) -> tuple[int, ...]:
    """Ids of the newest events that a question about realtime selects, newest first.

    Raises what `answer` raises.
    """
    return _tried(lambda: _newest(query, folder, count, asker), folder, asker)


def _tried(work: Callable[[], Found], folder: Path, asker: Asker) -> Found:
    """What `work` finds out when it is its turn."""
    alone = False
    with _queue.turn(asker.user, _deadline(asker)):
        for attempt in range(ATTEMPTS):
            with _memory.shared(_deadline(asker), asker.left, alone=alone) as was_shared:
                try:
                    return work()
                except duckdb.OutOfMemoryException as error:
                    # Somebody else's turn may have had what this one lacked.
                    if not was_shared() or attempt == ATTEMPTS - 1:
                        raise ReportUnavailable(TOO_LARGE) from error
                    alone = True
                except duckdb.Error as error:
                    # What was kept of answers may be what can't be read; it can be worked out anew.
                    forget(folder / ANSWERS)
                    if attempt == ATTEMPTS - 1:
                        logger.exception("The files that reports read can't be read")
                        report_unreadable(folder)
                        raise ReportUnavailable(UNREADABLE) from error
    raise AssertionError


def _deadline(asker: Asker) -> float:
    return monotonic() + asker.seconds


def _answers(
    queries: Sequence[ReportQuery], folder: Path, asker: Asker, *, with_totals: bool
) -> list[Report]:
    with _reading(folder, asker, queries) as reading:
        if len(queries) == 1:
            return [_report(queries[0], reading, with_totals=with_totals)]
        alike = [*queries, *(totals_apart(queries) if with_totals else ())]
        ranked = [one for one in alike if begins_with_most_visitors(one)]
        apart = [one for one in queries if one not in ranked]
        with _reading_beside(reading, folder, asker, queries) as own, _thread() as begin:
            # To plan statements about open days is most of their work, and one thread's.
            opened = begin(lambda: find_open_visits(alike, own))
            listed = begin(lambda: read_open_alike(apart, own))
            keep_sealed(alike, reading)
            opened.result()
            reports = begin(
                lambda: {one: _report(one, own, with_totals=with_totals) for one in apart}
            )
            read_open_alike(ranked, reading)
            read_first_rows(ranked, reading)
            listed.result()
            found = reports.result()
        return [
            found[query] if query in found else _report(query, reading, with_totals=with_totals)
            for query in queries
        ]


def _report(query: ReportQuery, reading: Reading, *, with_totals: bool) -> Report:
    asked = Asked(query, query.period, reading)
    compared = Asked(query, query.compared, reading) if query.compared is not None else None
    report = Report(
        totals=asked.totals() if with_totals else {},
        compared=compared.totals() if compared and with_totals else None,
    )
    if query.dimensions == ("time",):
        return _series(report, asked, compared)
    return _table(report, asked, compared) if query.dimensions else report


def _newest(query: ReportQuery, folder: Path, count: int, asker: Asker) -> tuple[int, ...]:
    with _reading(folder, asker, [query]) as reading:
        lines = Asked(query, query.period, reading).newest(count)
    return tuple(event for _, event in sorted(lines, reverse=True)[:count])


def _series(report: Report, asked: Asked, compared: Asked | None) -> Report:
    """All buckets of the period, beside those of the one that it is compared with."""
    others = list(compared.buckets()) if compared else []
    rows = tuple(
        Row((key,), metrics, others[number][1] if number < len(others) else None)
        for number, (key, metrics) in enumerate(asked.buckets())
    )
    return replace(report, rows=_ordered(rows, asked.query), row_count=len(rows))


def _ordered(rows: tuple[Row, ...], query: ReportQuery) -> tuple[Row, ...]:
    """Buckets in the order that was asked for, those without a number last."""
    order = query.order
    if order is None:
        return rows
    if order.by == "time":
        return rows[::-1] if order.descending else rows
    sign = -1 if order.descending else 1

    def place(row: Row) -> tuple[bool, Any]:
        value: Any = row.metrics[order.by]
        return value is None, 0 if value is None else sign * value

    return tuple(sorted(rows, key=place))


def _table(report: Report, asked: Asked, compared: Asked | None) -> Report:
    query = asked.query
    # Where there is nothing to read, nobody else looks at it.
    check_cursor(query)
    page = asked.rows()
    row_count, beside = page[0][-2:] if page else (0, 0)
    is_back = is_backwards(query)
    passed = beside - len(page) if is_back else row_count - beside
    page = page[::-1] if is_back else page
    found = asked.metrics_of(page)
    others = compared.metrics_beside(list(found), asked.period) if compared else {}
    return replace(
        report,
        rows=tuple(Row(keys, metrics, others.get(keys)) for keys, metrics in found.items()),
        row_count=row_count,
        after=cursor_after(query, page[-1]) if passed + len(page) < row_count else None,
        before=BACKWARDS + cursor_after(query, page[0]) if passed else None,
        first=passed + 1,
    )


@contextmanager
def _thread() -> Iterator[Callable[[Callable[[], Any]], Future[Any]]]:
    """Begins one work after the other in a thread; what has not begun by the end is left."""
    threads = ThreadPoolExecutor(1, "report")
    try:
        yield lambda work: threads.submit(copy_context().run, work)
    finally:
        threads.shutdown(cancel_futures=True)


@contextmanager
def _reading(folder: Path, asker: Asker, queries: Sequence[ReportQuery]) -> Iterator[Reading]:
    with duck.cursor(folder, duck.READING) as cursor:
        reading = Reading(folder, cursor, queries)
        try:
            with limited(cursor, asker.seconds, asker.left):
                yield reading
        finally:
            reading.scratch.drop()


@contextmanager
def _reading_beside(
    reading: Reading, folder: Path, asker: Asker, queries: Sequence[ReportQuery]
) -> Iterator[Reading]:
    """A reading that shares what the other one found out, in the same DuckDB."""
    with (
        closing(reading.cursor.cursor()) as cursor,
        limited(cursor, asker.seconds, asker.left),
    ):
        yield Reading(folder, cursor, queries, reading)
