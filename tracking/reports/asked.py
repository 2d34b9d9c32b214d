"""What a query asks of the files about one of its periods, within a turn that may have several."""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import cache, partial
from pathlib import Path
from threading import Lock
from typing import Any

import duckdb
from django.utils.functional import cached_property

from tracking.columns.read import Days, Part, days_of
from tracking.records import MICROS
from tracking.reports.answers import ANSWERS, Answers
from tracking.reports.conditions import filters_in
from tracking.reports.first_rows import FirstPage
from tracking.reports.metrics import METRICS, REVENUE, Number
from tracking.reports.open_days import OpenDays
from tracking.reports.periods import Period, bucket_keys, default_interval
from tracking.reports.query import ReportQuery
from tracking.reports.scratch import Scratch
from tracking.reports.statements import (
    Ask,
    Statement,
    newest_of,
    rows_of,
    sums_of,
)
from tracking.reports.together import can_be_listed

Line = tuple[Any, ...]


class Reading:
    """What one turn reads for its queries; which files have which days is found out once.

    A turn may have another `beside` it, with a cursor of its own, for the same queries.
    """

    def __init__(
        self,
        folder: Path,
        cursor: duckdb.DuckDBPyConnection,
        queries: Sequence[ReportQuery],
        beside: "Reading | None" = None,
    ) -> None:
        is_one = len(queries) == 1
        attributes = None if is_one else _attributes(queries)
        self.cursor = cursor
        self.scratch: Scratch = beside.scratch if beside else Scratch(cursor)
        self.answers: Answers = Answers(
            folder / ANSWERS,
            cursor,
            self.scratch,
            beside.answers.made if beside else {},
            is_one=is_one,
        )
        self.open_days: OpenDays = OpenDays(
            cursor, self.scratch, attributes, beside.open_days.visits if beside else {}
        )
        self.first_rows: dict[ReportQuery, list[Line]] = {}
        self.totals: dict[Hashable, dict[str, Number]] = beside.totals if beside else {}
        self.days: Callable[..., Days] = beside.days if beside else _once(partial(days_of, folder))


class Asked:
    """A query about one of its periods, and what the files say of it."""

    def __init__(self, query: ReportQuery, period: Period, reading: Reading) -> None:
        self.query, self.period = query, period
        self._cursor, self._answers, self._days_of = reading.cursor, reading.answers, reading.days
        self._open_days, self._totals = reading.open_days, reading.totals
        self._first_rows = reading.first_rows
        self._interval = query.interval or default_interval(query.period)

    def totals(self) -> Mapping[str, Number]:
        """The metrics of all that is selected."""
        ask, metrics = self._ask(()), self.query.metrics
        known = self._totals.setdefault(selected(self.query, self.period), {})
        if not known.keys() >= {*metrics}:
            query = total_of(self.query)
            lines: Sequence[Line]
            if self.period == query.period and query in self._first_rows:
                lines = self._first_rows[query]
            elif self._adds_up:
                lines = [("", *line[1:]) for line in self._series if line[0] is None]
            else:
                lines = self._lines(ask, query)
            found = self._numbers(lines, 1)
            if REVENUE in metrics:
                found = self._with_revenue(found, ask)
            known |= found.get(("",)) or _nothing(query)
        return {name: known[name] for name in metrics}

    @property
    def _adds_up(self) -> bool:
        """Whether totals are sums of a series' buckets: each visit is in one of them."""
        return self.query.dimensions == ("time",) and self._interval not in {"minute", "hour"}

    @cached_property
    def _series(self) -> Sequence[Line]:
        """The lines of all buckets; where they add up, that of the totals has no key."""
        ask = self._ask(self.query.dimensions)
        return self._lines(ask, self.query, with_total=self._adds_up)

    def rows(self) -> Sequence[Line]:
        """The lines of the page that is asked for, as `rows_of` has them."""
        if self.query in self._first_rows:
            return self._first_rows[self.query]
        if self.query.dimensions == ("time",):
            return [line for line in self._series if line[0] is not None]
        return self._lines(self._ask(self.query.dimensions), self.query)

    def first_page(self) -> FirstPage:
        """What `rows` is made of, where it is a page that begins with the most visitors."""
        ask = self._ask(self.query.dimensions)
        return FirstPage(self.query.limit, bool(ask.required), self._all_sums(ask))

    def metrics_of(self, lines: Sequence[Line]) -> dict[tuple[str, ...], Mapping[str, Number]]:
        """The metrics of lines, by their keys."""
        found = self._numbers(lines, len(self.query.dimensions))
        if REVENUE in self.query.metrics:
            return self._with_revenue(found, self._ask(self.query.dimensions))
        return found

    def metrics_beside(
        self, keys: Sequence[tuple[str, ...]], period: Period
    ) -> dict[tuple[str, ...], Mapping[str, Number]]:
        """For each of these keys of another period, the metrics of what is compared with it.

        That is the same key, but for time: there it is the bucket in the same place.
        """
        dimensions = self.query.dimensions
        own = {one: one for one in keys}
        if "time" in dimensions:
            at = dimensions.index("time")
            places = dict(
                zip(
                    bucket_keys(period, self._interval),
                    bucket_keys(self.period, self._interval),
                    strict=False,
                )
            )
            own = {
                one: (*one[:at], places[one[at]], *one[at + 1 :])
                for one in keys
                if one[at] in places
            }
        lines = self._lines(self._ask(dimensions), self.query, only=list(own.values()))
        found, nothing = self.metrics_of(lines), _nothing(self.query)
        return {one: found.get(other, nothing) for one, other in own.items()}

    def newest(self, count: int) -> list[Line]:
        """The newest selected events of each part that is open: when, and their ids."""
        found: list[Line] = []
        for ask, days in self._days(self._ask(())):
            opened = days.open_part()
            if opened is not None:
                newest_of(ask, opened, count).run(self._cursor)
                found += self._cursor.fetchall()
        return found

    def keep_sealed(self) -> None:
        """Have what rows ask of sealed days kept."""
        for ask, days in self._days(self._ask(self.query.dimensions)):
            self._sealed_sums(ask, days)

    def find_open_visits(self) -> None:
        """Have the visits of open days found out, which several panels ask about."""
        for _, days in self._days(self._ask(self.query.dimensions)):
            self._open_days.find_visits(days)

    def read_with_others(self) -> Iterator[tuple[Ask, Days]]:
        """What rows ask that can be read together with what others ask, of which days."""
        ask = self._ask(self.query.dimensions)
        if can_be_listed(ask):
            yield from self._days(ask)

    def buckets(self) -> Iterator[tuple[str, Mapping[str, Number]]]:
        """All buckets of a series, in their order, each with its metrics."""
        found = self.metrics_of(self.rows())
        nothing = _nothing(self.query)
        for key in bucket_keys(self.period, self._interval):
            yield key, found.get((key,), nothing)

    def _ask(self, dimensions: tuple[str, ...]) -> Ask:
        query, since = self.query, self.period.since
        return Ask(
            dimensions,
            self._interval,
            query.condition,
            query.goal,
            frozenset(name for metric in query.metrics for name in METRICS[metric].sums),
            since=None if since is None else round(since.timestamp() * 1000),
        )

    def _with_revenue(
        self, found: Mapping[tuple[str, ...], Mapping[str, Number]], ask: Ask
    ) -> dict[tuple[str, ...], Mapping[str, Number]]:
        amounts: dict[tuple[str, ...], dict[str, Decimal]] = {}
        width = len(ask.dimensions) or 1
        lines = self._lines(replace(ask, revenue=True), self.query, only=list(found))
        for line in sorted(lines):
            amounts.setdefault(line[:width], {})[line[width]] = (
                Decimal(int(line[width + 1])) / MICROS
            )
        return {keys: {**one, REVENUE: amounts.get(keys, {})} for keys, one in found.items()}

    def _lines(
        self,
        ask: Ask,
        query: ReportQuery,
        *,
        only: Sequence[Sequence[str]] | None = None,
        with_total: bool = False,
    ) -> Sequence[Line]:
        sums = self._all_sums(ask)
        if not sums:
            return []
        rows_of(query, ask, sums, only=only, with_total=with_total).run(self._cursor)
        return self._cursor.fetchall()

    def _all_sums(self, ask: Ask) -> list[Statement]:
        return [one for part_ask, days in self._days(ask) for one in self._sums(part_ask, days)]

    def _days(self, ask: Ask) -> Iterator[tuple[Ask, Days]]:
        """The period's days; the last on its own when it is not compared to its end."""
        period = self.period
        last = period.last_day
        sites = tuple(site.site_id for site in self.query.sites)
        if period.until_minute is not None:
            cut = replace(ask, until_minute=period.until_minute)
            yield cut, self._days_of(sites, last, last)
            last -= timedelta(days=1)
        if last >= period.first_day:
            yield ask, self._days_of(sites, period.first_day, last)

    def _sums(self, ask: Ask, days: Days) -> list[Statement]:
        found = (self._sealed_sums(ask, days), self._open_days.sums(ask, days))
        return [one for one in found if one is not None]

    def _sealed_sums(self, ask: Ask, days: Days) -> Statement | None:
        sealed = days.sealed_part if ask.since is None else None
        if sealed is None:
            return None
        return self._answers.kept(question_of(ask, sealed), partial(sums_of, ask, sealed))

    def _numbers(
        self, lines: Sequence[Line], width: int
    ) -> dict[tuple[str, ...], Mapping[str, Number]]:
        query = self.query
        return {
            tuple(line[:width]): {
                name: _number(name, value)
                for name, value in zip(query.metrics, line[width:], strict=False)
            }
            for line in lines
        }


def _once(find: Callable[..., Days]) -> Callable[..., Days]:
    """What finds out the same only once, whichever thread asks first."""
    lock, known = Lock(), cache(find)

    def found(*asked: Hashable) -> Days:
        with lock:
            return known(*asked)

    return found


def _number(name: str, value: Any) -> Number:
    if value is None:
        return None
    return int(value) if METRICS[name].unit == "count" else float(value)


def _nothing(query: ReportQuery) -> dict[str, Number]:
    empty: dict[str, Callable[[], Number]] = {"count": int, "money": dict}
    return {name: empty.get(METRICS[name].unit, lambda: None)() for name in query.metrics}


def _attributes(queries: Sequence[ReportQuery]) -> frozenset[str]:
    """The names of all dimensions in these."""
    conditions = [one for query in queries for one in (query.condition, query.goal) if one]
    used = {one.dimension for condition in conditions for one in filters_in(condition)}
    return frozenset(used.union(*(query.dimensions for query in queries)))


def total_of(query: ReportQuery) -> ReportQuery:
    """The query for what a query has in all."""
    return replace(query, dimensions=(), order=None, limit=1, after="")


def selected(query: ReportQuery, period: Period) -> Hashable:
    """What a query's totals are over, in one of its periods."""
    return query.sites, query.condition, query.goal, period


def question_of(ask: Ask, sealed: Part) -> str:
    """What sums of sealed days are kept under."""
    return repr((ask.told, sealed.version))
