"""The slow, obvious reference: answers any question in plain Python, by docs/figures.md alone.

It shares nothing with the engine but the words of a question and the names of buckets.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import product

from tracking.reports.periods import Interval, Period, bucket_keys
from tracking.reports.query import Order, ReportQuery
from tracking.tests.reports.numbers import NO_GROUP, Group, Numbers, numbers
from tracking.tests.reports.seen import Seen, Visit, holds, pages, value_of, visits_of

Keys = tuple[str, ...]

MINUTE = timedelta(minutes=1)
REALTIME_MINUTES = 30


@dataclass(frozen=True)
class Row:
    """`compared` is None when the compared period has no such bucket."""

    keys: Keys
    metrics: Numbers
    compared: Numbers | None = None


@dataclass(frozen=True)
class Report:
    totals: Numbers
    rows: tuple[Row, ...] = ()
    row_count: int = 0
    compared: Numbers | None = None


@dataclass(frozen=True)
class Answer:
    """The numbers of one period: in all, and by the keys of rows."""

    totals: Numbers
    rows: Mapping[Keys, Numbers]


def answer(query: ReportQuery, seen: Sequence[Seen]) -> Report:
    """The report on these hits; a cursor is passed over."""
    asked_of = {site.site_id for site in query.sites}
    visits = visits_of(row for row in seen if row.site in asked_of)
    now = answer_for(query, query.period, visits)
    rows = in_order(query, [Row(keys, metrics) for keys, metrics in now.rows.items()])
    count = len(rows)
    if not is_series(query):
        rows = rows[: query.limit]
    if query.compared is None:
        return Report(now.totals, tuple(rows), count)
    before = answer_for(query, query.compared, visits)
    return Report(now.totals, tuple(with_compared(query, rows, before)), count, before.totals)


# What is selected, and into which rows it goes


def answer_for(query: ReportQuery, period: Period, visits: Mapping[int, Visit]) -> Answer:
    selected = [
        row
        for visit in visits.values()
        for row in visit
        if row.is_event and is_in(period, row) and holds(query.condition, row, visit)
    ]
    whole = groups(selected, visits, lambda *_: [()]).get((), NO_GROUP)
    rows = {}
    if query.dimensions:
        found = groups(selected, visits, keys_for(query, period))
        rows = {keys: numbers(query, group, visits) for keys, group in found.items()}
    if is_series(query):
        nothing = numbers(query, NO_GROUP, visits)
        rows = {(key,): rows.get((key,), nothing) for key in buckets(query, period)}
    return Answer(numbers(query, whole, visits), rows)


def is_in(period: Period, row: Seen) -> bool:
    if not period.first_day <= row.day <= period.last_day:
        return False
    if period.since is not None and row.at < period.since:
        return False
    cut = period.until_minute is not None and row.day == period.last_day
    return not cut or row.minute < (period.until_minute or 0)


KeysOf = Callable[[Seen, Visit, str], Iterable[Keys]]
"""The keys of an event's rows. The text is what stands for its page: an end of the visit, or page
itself."""


def keys_for(query: ReportQuery, period: Period) -> KeysOf:
    interval = interval_of(query)

    def values(row: Seen, visit: Visit, dimension: str, page: str) -> Iterable[str]:
        if dimension == "time":
            return [bucket_of(row, interval, period)]
        if dimension == "property":
            return row.props
        return [value_of(row, visit, page if dimension == "page" else dimension)]

    return lambda row, visit, page: product(
        *(values(row, visit, one, page) for one in query.dimensions)
    )


def groups(
    selected: Iterable[Seen], visits: Mapping[int, Visit], keys_of: KeysOf
) -> dict[Keys, Group]:
    """The selected events by keys.

    A visit's own numbers are in the rows of its events; but by page in that of its entry page,
    and its exit in that of its exit page.
    """
    events: dict[Keys, list[Seen]] = {}
    rated: dict[Keys, set[int]] = {}
    exited: dict[Keys, set[int]] = {}
    for row in selected:
        visit = visits[row.visit]
        for keys in keys_of(row, visit, "page"):
            events.setdefault(keys, []).append(row)
        for keys in keys_of(row, visit, "entry_page"):
            rated.setdefault(keys, set()).add(row.visit)
        for keys in keys_of(row, visit, "exit_page") if pages(visit) else ():
            exited.setdefault(keys, set()).add(row.visit)
    return {
        keys: Group(
            own,
            [visits[pk] for pk in rated.get(keys, ())],
            [visits[pk] for pk in exited.get(keys, ())],
        )
        for keys, own in events.items()
    }


# Time


def is_series(query: ReportQuery) -> bool:
    return query.dimensions == ("time",)


def interval_of(query: ReportQuery) -> Interval:
    """The interval asked for, else the one that suits the period."""
    if query.interval is not None:
        return query.interval
    days = (query.period.last_day - query.period.first_day).days + 1
    if query.period.since is not None:
        return "minute"
    if days == 1:
        return "hour"
    return "day" if days <= 92 else "month"


def buckets(query: ReportQuery, period: Period) -> list[str]:
    return list(bucket_keys(period, interval_of(query)))


def bucket_of(row: Seen, interval: Interval, period: Period) -> str:
    match interval:
        case "minute" if period.since is not None:
            # What came after the question was asked belongs to its last minute.
            return str(max(0, REALTIME_MINUTES - 1 - (row.at - period.since) // MINUTE))
        case "minute":
            return f"{row.day}T{row.minute // 60:02}:{row.minute % 60:02}"
        case "hour":
            return f"{row.day}T{row.minute // 60:02}"
        case "day":
            return str(row.day)
        case "week":
            return str(row.day - timedelta(days=row.day.weekday()))
        case "month":
            return f"{row.day:%Y-%m}"


# Order and comparison


def in_order(query: ReportQuery, rows: Sequence[Row]) -> list[Row]:
    """Rows as ordered, those without the number last; equal ones by their dimensions."""
    chronological = {key: place for place, key in enumerate(buckets(query, query.period))}

    def place(row: Row, dimension: str) -> tuple[int, str]:
        key = row.keys[query.dimensions.index(dimension)]
        # Minutes ago count down.
        return (chronological[key], "") if dimension == "time" else (0, key)

    order = order_of(query)
    rows = sorted(rows, key=lambda row: [place(row, one) for one in query.dimensions])
    if order is None:
        return rows
    if order.by in query.dimensions:
        return sorted(rows, key=lambda row: place(row, order.by), reverse=order.descending)
    known = [row for row in rows if row.metrics[order.by] is not None]
    unknown = [row for row in rows if row.metrics[order.by] is None]
    known.sort(key=lambda row: row.metrics[order.by], reverse=order.descending)  # type: ignore[arg-type,return-value]
    return known + unknown


def order_of(query: ReportQuery) -> Order | None:
    """None: by the dimensions alone."""
    if query.order is not None or not query.dimensions:
        return query.order
    if query.dimensions[0] == "time" or query.metrics[0] == "revenue":
        return None
    return Order(query.metrics[0], descending=True)


def with_compared(query: ReportQuery, rows: Iterable[Row], before: Answer) -> list[Row]:
    """The rows with the numbers that the same keys, or the bucket in the same place, had before."""
    places = places_before(query)
    nothing = numbers(query, NO_GROUP, {})

    def compared(keys: Keys) -> Numbers | None:
        there = tuple(
            places.get(key) if dimension == "time" else key
            for dimension, key in zip(query.dimensions, keys, strict=True)
        )
        return None if None in there else before.rows.get(there, nothing)  # type: ignore[arg-type]

    return [replace(row, compared=compared(row.keys)) for row in rows]


def places_before(query: ReportQuery) -> dict[str, str]:
    """For each bucket the compared period's in the same place, as far as that has as many."""
    if query.compared is None:
        return {}
    return dict(zip(buckets(query, query.period), buckets(query, query.compared), strict=False))
