"""Finds out at once what the queries of a turn ask alike; then each is answered by itself."""

from collections.abc import Sequence

from tracking.columns.read import Days, Part
from tracking.reports.asked import Asked, Reading, question_of, selected, total_of
from tracking.reports.first_rows import first_rows_of
from tracking.reports.query import ReportQuery
from tracking.reports.statements import Ask
from tracking.reports.together import read_together


def totals_apart(queries: Sequence[ReportQuery]) -> list[ReportQuery]:
    """Queries for the totals of those that are about visitors, where no other's totals tell them.

    A series' totals are made of its buckets.
    """
    about_visitors = [one for one in queries if one.metrics == ("visitors",)]
    told = {
        selected(one, one.period)
        for one in queries
        if one not in about_visitors or one.dimensions == ("time",)
    }
    return [total_of(one) for one in about_visitors if selected(one, one.period) not in told]


def keep_sealed(queries: Sequence[ReportQuery], reading: Reading) -> None:
    """Have what these ask of sealed days kept; what several of them ask alike is read once."""
    sealed: dict[str, tuple[Part, dict[Ask, str]]] = {}
    asked = _asked_by(queries, reading)
    for one in asked:
        for ask, days in one.read_with_others():
            part = days.sealed_part
            if part is not None:
                question = question_of(ask, part)
                if not reading.answers.has(question):
                    sealed.setdefault(part.version, (part, {}))[1][ask] = question
    for part, questions in sealed.values():
        for together in read_together(list(questions), part):
            reading.answers.keep_together([questions[ask] for ask in together.asks], together)
    for one in asked:
        one.keep_sealed()


def find_open_visits(queries: Sequence[ReportQuery], reading: Reading) -> None:
    """Find out which visits there are of the open days that these ask about."""
    for one in _asked_by(queries, reading):
        one.find_open_visits()


def read_open_alike(queries: Sequence[ReportQuery], reading: Reading) -> None:
    """Find out at once what several queries of a turn ask alike of open days."""
    opened: dict[tuple[int, int | None], tuple[Days, dict[Ask, None]]] = {}
    for one in _asked_by(queries, reading):
        for ask, days in one.read_with_others():
            opened.setdefault((id(days), ask.until_minute), (days, {}))[1][ask] = None
    for days, asks in opened.values():
        reading.open_days.read_together(list(asks), days)


def _asked_by(queries: Sequence[ReportQuery], reading: Reading) -> list[Asked]:
    return [
        Asked(query, period, reading)
        for query in queries
        for period in (query.period, query.compared)
        if period is not None
    ]


def read_first_rows(queries: Sequence[ReportQuery], reading: Reading) -> None:
    """Find out the rows of queries that begin with the most visitors, or are about all of them."""
    asked = [Asked(query, query.period, reading) for query in dict.fromkeys(queries)]
    pages = [one.first_page() for one in asked]
    reading.first_rows |= {one.query: [] for one in asked}
    if not any(one.sums for one in pages):
        return
    first_rows_of(pages).run(reading.cursor)
    for number, *line in reading.cursor.fetchall():
        reading.first_rows[asked[number].query].append(tuple(line))
