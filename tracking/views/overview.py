"""The numbers of several sites side by side, from their daily totals."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Case, DateField, Sum, Value, When
from django.utils.functional import cached_property

from tracking.models import DailyTotal
from tracking.reports.metrics import METRICS
from tracking.views.report.changes import change_of
from tracking.views.sparkline import Sparkline, sparkline

COUNTS = ("visitors", "visits", "pageviews")


@dataclass(frozen=True)
class Numbers:
    """What was counted in a period that ends today.

    `whole` leaves today out, since it is not over, and `before` has as many days, one period
    earlier: these two can be compared.
    """

    total: Counter[str]
    whole: Counter[str]
    before: Counter[str]

    def growth(self, name: str) -> float | None:
        """How a count changed, as a share of what it was; None when there was nothing before."""
        before = self.before[name]
        return (self.whole[name] - before) / before if before else None

    def rows(self, names: Iterable[str] = COUNTS) -> list[dict[str, Any]]:
        """What a template shows of each count."""
        return [
            {
                "name": name,
                "label": METRICS[name].label,
                "value": self.total[name],
                "change": change_of(name, self.whole[name], self.before[name]),
            }
            for name in names
        ]


class Overview:
    """The last `days` days of sites, each one's own; `todays` has their local day by primary key.

    Asks the database as often for one site as for a thousand.
    """

    def __init__(self, todays: Mapping[int, date], days: int) -> None:
        self.days = days
        self._sites_by_today: dict[date, list[int]] = defaultdict(list)
        for site_id, today in todays.items():
            self._sites_by_today[today].append(site_id)

    def of(self, site_id: int) -> Numbers:
        """A site's numbers."""
        return Numbers(*(sums.get(site_id, Counter()) for sums in self._sums))

    @cached_property
    def all(self) -> Numbers:
        """The numbers of all of the sites."""
        return Numbers(*(_added(sums.values()) for sums in self._sums))

    def course(self) -> Sparkline:
        """The daily visitors of all of the sites."""
        visitors: Counter[int] = Counter()
        todays = Case(
            *(When(site_id__in=ids, then=Value(day)) for day, ids in self._sites_by_today.items()),
            output_field=DateField(),
        )
        found = self._within(0, self.days - 1).annotate(today=todays).values_list("today", "day")
        for today, day, count in found.annotate(count=Sum("visitors")).order_by():
            visitors[(today - day).days] += count
        return self._line(visitors)

    def empty(self, site_ids: Iterable[int]) -> set[int]:
        """Those of these sites that have never had a hit."""
        asked = set(site_ids)
        found = DailyTotal.objects.filter(site_id__in=asked).order_by()
        return asked - set(found.values_list("site_id", flat=True).distinct())

    def courses(self, site_ids: Iterable[int]) -> dict[int, Sparkline]:
        """The daily visitors of each of these sites."""
        todays = {pk: day for day, ids in self._sites_by_today.items() for pk in ids}
        visitors: dict[int, Counter[int]] = {pk: Counter() for pk in site_ids}
        found = self._within(0, self.days - 1).filter(site_id__in=visitors).order_by()
        for pk, day, count in found.values_list("site_id", "day", "visitors"):
            visitors[pk][(todays[pk] - day).days] = count
        return {pk: self._line(by_day) for pk, by_day in visitors.items()}

    @cached_property
    def _sums(self) -> tuple[dict[int, Counter[str]], ...]:
        """The sums of each site: in all, of whole days, and of as many days a period earlier."""
        return (
            self._summed(0, self.days - 1),
            self._summed(1, self.days - 1),
            self._summed(self.days + 1, 2 * self.days - 1),
        )

    def _summed(self, newest: int, oldest: int) -> dict[int, Counter[str]]:
        found = self._within(newest, oldest).values("site_id").order_by()
        rows = found.annotate(**{f"{name}_sum": Sum(name) for name in COUNTS})
        return {
            row["site_id"]: Counter({name: row[f"{name}_sum"] for name in COUNTS}) for row in rows
        }

    def _within(self, newest: int, oldest: int) -> Any:
        """The totals from `oldest` to `newest` days ago."""
        return DailyTotal.objects.within(
            {
                (today - timedelta(days=oldest), today - timedelta(days=newest)): ids
                for today, ids in self._sites_by_today.items()
            }
        )

    def _line(self, by_days_ago: Counter[int]) -> Sparkline:
        return sparkline([by_days_ago[ago] for ago in reversed(range(self.days))])


def _added(counts: Iterable[Counter[str]]) -> Counter[str]:
    added: Counter[str] = Counter()
    for count in counts:
        added.update(count)
    return added
