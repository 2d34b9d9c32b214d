"""How many hits of a report's sites and days were counted, and how many were not, and why."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Sum

from tracking.models import DailyTotal, DroppedHits
from tracking.reports import csv_text
from tracking.views.report.state import State


@dataclass(frozen=True)
class Traffic:
    """Hits of the days that have begun: pageviews and events that were counted, and all others.

    `reasons` are those that occur, the most frequent first.
    """

    days: tuple[date, ...]
    counted: Counter[date]
    dropped: Counter[tuple[date, str]]
    reasons: tuple[str, ...]

    @classmethod
    def of(cls, state: State) -> "Traffic":
        """That of a state's sites and days, in two queries; hits that don't count have no more."""
        period = state.period
        last_day = min(period.last_day, state.clock.today)
        asked = {
            "site__in": state.subject.sites,
            "day__range": (period.first_day, last_day),
        }
        totals = DailyTotal.objects.filter(**asked).order_by().values_list("day")
        counted = totals.annotate(hits=Sum("pageviews") + Sum("events"))
        by_reason = DroppedHits.objects.filter(**asked).order_by().values_list("day", "reason")
        dropped = {
            (day, reason): hits for day, reason, hits in by_reason.annotate(hits=Sum("count"))
        }
        reasons: Counter[str] = Counter()
        for (_, reason), hits in dropped.items():
            reasons[reason] += hits
        count = max(0, (last_day - period.first_day).days + 1)
        return cls(
            tuple(period.first_day + timedelta(days=number) for number in range(count)),
            Counter(dict(counted)),
            Counter(dropped),
            tuple(reason for reason, _ in reasons.most_common()),
        )

    def csv(self) -> str:
        """A line for each day: hits that were counted, those that were not, and these by reason."""
        lines = [csv_text.line(["day", "counted", "not_counted", *self.reasons])]
        for day in self.days:
            dropped = [self.dropped[day, reason] for reason in self.reasons]
            numbers = [self.counted[day], sum(dropped), *dropped]
            lines.append(csv_text.line([day.isoformat()], numbers))
        return "".join(lines)

    @property
    def total(self) -> int:
        """How many were not counted."""
        return self.dropped.total()

    @property
    def share(self) -> float:
        """What part of all hits that is, 0.0 to 1.0."""
        return self.total / (self.total + self.counted.total() or 1)
