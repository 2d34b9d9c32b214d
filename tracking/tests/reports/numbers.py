"""Each metric of some selected events, in plain Python, by docs/figures.md alone."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tracking.reports.query import ReportQuery
from tracking.tests.reports.seen import Seen, Visit, holds

Number = int | float | None | Mapping[str, Decimal]
Numbers = dict[str, Number]

MICROS = 1_000_000


@dataclass(frozen=True)
class Group:
    """The selected events that one row is about, and the visits whose own numbers it shows."""

    events: Sequence[Seen]
    rated: Sequence[Visit]
    exited: Sequence[Visit]


NO_GROUP = Group((), (), ())


def numbers(query: ReportQuery, group: Group, visits: Mapping[int, Visit]) -> Numbers:
    """The metrics that were asked for."""
    events, rated = group.events, group.rated
    pageviews = [row for row in events if row.is_pageview]
    visit_count = len({row.visit for row in events})
    goal = query.goal
    converting = [row for row in events if goal and holds(goal, row, visits[row.visit])]
    found: Numbers = {
        "visitors": visitors(events),
        "visits": visit_count,
        "pageviews": len(pageviews),
        "events": len(events) - len(pageviews),
        "views_per_visit": over(len(pageviews), visit_count),
        "bounce_rate": over(sum(map(bounced, rated)), len(rated)),
        "visit_duration": over(sum(map(duration, rated)), len(rated)),
        "time_on_page": average(engaged_seconds(row, visits[row.visit]) for row in pageviews),
        "scroll_depth": average(deepest(row, visits[row.visit]) for row in pageviews),
        "exit_rate": over(len(group.exited), len(pageviews)),
        "conversions": len(converting),
        "conversion_rate": over(visitors(converting), visitors(events)),
        "revenue": revenue(events),
    }
    return {name: found[name] for name in query.metrics}


def over(amount: float, count: int) -> float | None:
    return amount / count if count else None


def average(amounts: Iterable[int | None]) -> float | None:
    reported = [amount for amount in amounts if amount is not None]
    return over(sum(reported), len(reported))


def visitors(events: Iterable[Seen]) -> int:
    return len({row.visitor for row in events})


def revenue(events: Iterable[Seen]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for row in events:
        if row.micros is not None:
            amount = Decimal(row.micros) / MICROS
            found[row.currency] = found.get(row.currency, Decimal()) + amount
    return found


def bounced(visit: Visit) -> bool:
    pageviews = sum(row.is_pageview for row in visit)
    return pageviews <= 1 and not any(row.is_custom and row.interactive for row in visit)


def duration(visit: Visit) -> float:
    return (visit[-1].at - visit[0].at).total_seconds()


def engaged_seconds(pageview: Seen, visit: Visit) -> int | None:
    told = [row.seconds for row in signals(pageview, visit) if row.seconds is not None]
    return sum(told) if told else None


def deepest(pageview: Seen, visit: Visit) -> int | None:
    return max(
        (row.depth for row in signals(pageview, visit) if row.depth is not None), default=None
    )


def signals(pageview: Seen, visit: Visit) -> Iterator[Seen]:
    """The engagement signals whose latest pageview of their page, at or before them, this is."""
    for signal in visit:
        earlier = [
            row
            for row in visit
            if row.is_pageview
            and row.values["page"] == signal.values["page"]
            and row.at <= signal.at
        ]
        if not signal.is_event and earlier and earlier[-1].order == pageview.order:
            yield signal
