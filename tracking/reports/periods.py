"""Which local days a report is about."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from tracking.errors import InvalidQuery

FIRST_YEAR, LAST_YEAR = 1970, 2100
MOST_DAYS = 3660
MOST_DAILY_BUCKETS = 92


@dataclass(frozen=True)
class Period:
    """A range of local days, both ends included, and how the URL says it."""

    key: str
    first_day: date
    last_day: date

    @property
    def interval(self) -> str:
        """The dimension of its time series: hour, day or month."""
        days = (self.last_day - self.first_day).days + 1
        if days == 1:
            return "hour"
        return "day" if days <= MOST_DAILY_BUCKETS else "month"


def parse_period(text: str, today: date) -> Period:
    """The period of `today`, `yesterday`, `7d`, `30d`, `month`, `12mo` or `2026-01-01..2026-01-31`.

    `today` is the site's local day. Raises InvalidQuery("period", ...).
    """
    match text:
        case "today":
            return Period(text, today, today)
        case "yesterday":
            return Period(text, today - timedelta(days=1), today - timedelta(days=1))
        case "month":
            return Period(text, today.replace(day=1), today)
        case "12mo":
            return Period(text, _months_back(today, 11), today)
    if days := re.fullmatch(r"([1-9]\d{0,2})d", text, re.ASCII):
        return Period(text, today - timedelta(days=int(days[1]) - 1), today)
    if days := re.fullmatch(r"(\d{4}-\d\d-\d\d)\.\.(\d{4}-\d\d-\d\d)", text, re.ASCII):
        return _custom(text, days[1], days[2])
    raise InvalidQuery(
        "period", "expected today, yesterday, 7d, 30d, month, 12mo or 2026-01-01..2026-01-31"
    )


def _custom(text: str, first: str, last: str) -> Period:
    try:
        first_day, last_day = date.fromisoformat(first), date.fromisoformat(last)
    except ValueError:
        raise InvalidQuery("period", "there is no such day") from None
    if not FIRST_YEAR <= first_day.year <= last_day.year <= LAST_YEAR:
        raise InvalidQuery("period", f"expected years from {FIRST_YEAR} to {LAST_YEAR}, in order")
    if last_day < first_day:
        raise InvalidQuery("period", "it ends before it begins")
    if (last_day - first_day).days >= MOST_DAYS:
        raise InvalidQuery("period", f"longer than {MOST_DAYS} days")
    return Period(text, first_day, last_day)


def _months_back(day: date, months: int) -> date:
    """The first day of the month that lies this many months before the day's."""
    count = day.year * 12 + day.month - 1 - months
    return date(count // 12, count % 12 + 1, 1)
