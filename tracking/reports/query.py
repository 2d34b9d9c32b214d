"""The question of a report: what pages, the API, the terminal and tests all build."""

from dataclasses import dataclass, replace

from tracking.errors import InvalidQuery
from tracking.records import SiteRules
from tracking.reports.conditions import Condition, is_text, scope_of
from tracking.reports.dimensions import dimension_named
from tracking.reports.metrics import METRICS, OF_A_GOAL, REVENUE
from tracking.reports.periods import MOST_DAYS, Interval, Period, parse_interval

MOST_SITES = 100
MOST_METRICS = 20
MOST_DIMENSIONS = 3
MOST_ROWS = 1000
DEFAULT_ROWS = 100
LONGEST_CURSOR = 4000


@dataclass(frozen=True)
class Order:
    """Which comes first: `by` is a metric or a dimension of the query."""

    by: str
    descending: bool


@dataclass(frozen=True)
class ReportQuery:
    """One question to the numbers of sites; raises InvalidQuery, naming the parameter, when made.

    Without a dimension there is no row, only totals. `interval` is what buckets of the dimension
    `time` are, None for the period's own. `goal` is what conversions are. Without an order, time
    comes first to last when it is the first dimension, else rows with most of the first metric
    come first; equal ones follow the dimensions. A series, by `time` alone, has all its buckets,
    whatever the limit. `after` is the engine's word for the row that the page before ended with, or
    for the one that the next page begins with.
    """

    sites: tuple[SiteRules, ...]
    period: Period
    metrics: tuple[str, ...]
    dimensions: tuple[str, ...] = ()
    condition: Condition | None = None
    interval: Interval | None = None
    compared: Period | None = None
    goal: Condition | None = None
    order: Order | None = None
    limit: int = DEFAULT_ROWS
    after: str = ""

    def __post_init__(self) -> None:
        """Raises InvalidQuery for what can't be answered."""
        self._check_sites()
        self._check_days()
        self._check_metrics()
        object.__setattr__(self, "dimensions", _known_dimensions(self.dimensions))
        if self.period.since is not None and {"time"} < set(self.dimensions):
            raise InvalidQuery("by", "in realtime, time goes alone")
        if self.order is not None:
            object.__setattr__(self, "order", self._known_order(self.order))
        if not 1 <= self.limit <= MOST_ROWS:
            raise InvalidQuery("limit", f"expected 1 to {MOST_ROWS}")
        if len(self.after) > LONGEST_CURSOR or not is_text(self.after):
            raise InvalidQuery("after", "no report ended with this")

    def _check_sites(self) -> None:
        if not 0 < len(self.sites) <= MOST_SITES:
            raise InvalidQuery("sites", f"expected 1 to {MOST_SITES}")
        if len({site.site_id for site in self.sites}) < len(self.sites):
            raise InvalidQuery("sites", "one is named twice")

    def _check_days(self) -> None:
        if not 0 < self.period.days <= MOST_DAYS:
            raise InvalidQuery("period", f"expected 1 to {MOST_DAYS} days")
        if self.compared is not None and not 0 < self.compared.days <= MOST_DAYS:
            raise InvalidQuery("compare", f"expected 1 to {MOST_DAYS} days")
        if self.interval is not None:
            parse_interval(self.interval, self.period)

    def _check_metrics(self) -> None:
        if not 0 < len(self.metrics) <= MOST_METRICS:
            raise InvalidQuery("metrics", f"expected 1 to {MOST_METRICS}")
        for name in self.metrics:
            if name not in METRICS:
                raise InvalidQuery("metrics", f"{name[:40]!r} is none of {', '.join(METRICS)}")
        if len(set(self.metrics)) < len(self.metrics):
            raise InvalidQuery("metrics", "one is named twice")
        self._check_goal()

    def _check_goal(self) -> None:
        of_a_goal = [name for name in self.metrics if name in OF_A_GOAL]
        if self.goal is None and of_a_goal:
            raise InvalidQuery("goal", f"{of_a_goal[0]} needs one")
        if self.goal is None:
            return
        if not of_a_goal:
            raise InvalidQuery("goal", f"expected {' or '.join(sorted(OF_A_GOAL))} in metrics")
        if scope_of(self.goal) != "event":
            raise InvalidQuery("goal", "expected a condition on events, like event:is:Sign%20up")

    def _known_order(self, order: Order) -> Order:
        if order.by == REVENUE:
            raise InvalidQuery("order", "amounts in several currencies have no order")
        if order.by in self.metrics:
            return order
        if is_text(order.by):
            name = dimension_named(order.by, "order").name
            if name in self.dimensions:
                return replace(order, by=name)
        raise InvalidQuery("order", f"{order.by[:40]!r} is no metric or dimension of the query")


def _known_dimensions(names: tuple[str, ...]) -> tuple[str, ...]:
    """The dimensions' names, each in its one form."""
    if len(names) > MOST_DIMENSIONS:
        raise InvalidQuery("by", f"expected at most {MOST_DIMENSIONS}")
    for name in names:
        # The form of a property's name can't be made of half a surrogate pair.
        if not is_text(name):
            raise InvalidQuery("by", f"{name[:40]!r} is nothing to group by")
    known = tuple(dimension_named(name, "by").name for name in names)
    if len(set(known)) < len(known):
        raise InvalidQuery("by", "one is named twice")
    return known
