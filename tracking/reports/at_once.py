"""Finds out at once what the queries of a turn ask alike; then each is answered by itself."""

from collections.abc import Sequence

from tracking.columns.read import Days, Part
from tracking.reports.asked import Asked, Reading, question_of, selected, total_of
from tracking.reports.first_rows import begins_with_most_visitors, first_rows_of
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


def read_alike(queries: Sequence[ReportQuery], reading: Reading) -> None:
    """Find out at once what several queries of a turn ask alike; of sealed days it is kept."""
    sealed: dict[str, tuple[Part, dict[Ask, str]]] = {}
    opened: dict[tuple[int, int | None], tuple[Days, dict[Ask, None]]] = {}
    for query in queries:
        for period in (query.period, query.compared):
            if period is None:
                continue
            for ask, days in Asked(query, period, reading).read_with_others():
                part = days.sealed_part
                if part is not None:
                    question = question_of(ask, part)
                    if not reading.answers.has(question):
                        sealed.setdefault(part.version, (part, {}))[1][ask] = question
                opened.setdefault((id(days), ask.until_minute), (days, {}))[1][ask] = None
    for part, questions in sealed.values():
        for one in read_together(list(questions), part):
            reading.answers.keep_together([questions[ask] for ask in one.asks], one)
    for days, asks in opened.values():
        reading.open_days.read_together(list(asks), days)


def read_first_rows(queries: Sequence[ReportQuery], reading: Reading) -> None:
    """Find out the rows of queries about the most visitors by one dimension, or about all."""
    asked = [
        Asked(query, query.period, reading)
        for query in dict.fromkeys(queries)
        if begins_with_most_visitors(query)
    ]
    pages = [one.first_page() for one in asked]
    reading.first_rows |= {one.query: [] for one in asked}
    if not any(one.sums for one in pages):
        return
    first_rows_of(pages).run(reading.cursor)
    for number, *line in reading.cursor.fetchall():
        reading.first_rows[asked[number].query].append(tuple(line))
