"""Which local days a report is about, how a series cuts them, what they are compared with."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Literal

from tracking.errors import InvalidQuery

Interval = Literal["minute", "hour", "day", "week", "month"]

FIRST_YEAR, LAST_YEAR = 1970, 2100
MOST_DAYS = 3660
MOST_DAILY_BUCKETS = 92
REALTIME_MINUTES = 30
NOW_MINUTES = 5
"""Whoever did something within these is there now."""

LENGTHS: dict[Interval, tuple[int, int]] = {
    "minute": (1, 1),
    "hour": (1, 62),
    "day": (1, 1100),
    "week": (8, MOST_DAYS),
    "month": (29, MOST_DAYS),
}
"""The least and the most days that a period may have to be cut by an interval."""

MOST_BUCKETS = 62 * 24
"""As many as an allowed interval can have: the hours of 62 days."""

DAY = timedelta(days=1)
WEEK_DAYS = 7
# 52 weeks: the day a year ago that is nearest and has the same weekday.
WEEKS_OF_A_YEAR = timedelta(weeks=52)

PERIODS = (
    "realtime, today, yesterday, 7d (1d to 999d), week, month, quarter, year, 12mo, all "
    "or 2026-01-01..2026-01-31"
)
COMPARISONS = "previous, year or 2026-01-01..2026-01-31"


@dataclass(frozen=True)
class Clock:
    """When a report is asked for, as its site sees it.

    `at` is aware, in UTC; `today` and `minute` (of the day, 0 to 1439) are local to the site.
    `first_day` is the first with numbers, today when there is none.
    """

    at: datetime
    today: date
    minute: int
    first_day: date


@dataclass(frozen=True)
class Period:
    """A range of local days, both ends included, and how the URL says it.

    With `since`, in realtime only, events count from that instant on. With `until_minute`, in
    compared periods only, those of the last day count before that local minute of the day.
    """

    key: str
    first_day: date
    last_day: date
    since: datetime | None = None
    until_minute: int | None = None

    @property
    def days(self) -> int:
        """How many days it touches."""
        return (self.last_day - self.first_day).days + 1


def parse_period(text: str, clock: Clock) -> Period:
    """The period that a URL's text (see PERIODS) means now. Raises InvalidQuery("period", ...).

    `week`, `month`, `quarter` and `year` are those of today and end today, as `12mo` does, which
    begins with a month. `all` has the last MOST_DAYS days at most.
    """
    today = clock.today
    if text == "realtime":
        return last_minutes(clock, REALTIME_MINUTES)
    if text == "yesterday":
        return Period(text, today - DAY, today - DAY)
    first_day = _first_day_until_today(text, clock)
    if first_day is not None:
        return Period(text, first_day, today)
    return _custom("period", text, expected=PERIODS)


def last_minutes(clock: Clock, minutes: int) -> Period:
    """The minutes up to now: at most REALTIME_MINUTES, which is as many as there are buckets of."""
    # They may begin before midnight.
    since = clock.at - timedelta(minutes=minutes)
    return Period("realtime", clock.today - DAY, clock.today, since=since)


def _first_day_until_today(text: str, clock: Clock) -> date | None:
    today = clock.today
    match text:
        case "today":
            return today
        case "week" | "month" | "quarter" | "year":
            return _start(text, today)
        case "12mo":
            return _months_back(today, 11)
        case "all":
            return max(min(clock.first_day, today), today - (MOST_DAYS - 1) * DAY)
    days = re.fullmatch(r"([1-9]\d{0,2})d", text, re.ASCII)
    return today - (int(days[1]) - 1) * DAY if days else None


def _custom(parameter: str, text: str, *, expected: str) -> Period:
    days = re.fullmatch(r"(\d{4}-\d\d-\d\d)\.\.(\d{4}-\d\d-\d\d)", text, re.ASCII)
    if not days:
        raise InvalidQuery(parameter, f"expected {expected}")
    try:
        first_day, last_day = date.fromisoformat(days[1]), date.fromisoformat(days[2])
    except ValueError:
        raise InvalidQuery(parameter, "there is no such day") from None
    if last_day < first_day:
        raise InvalidQuery(parameter, "it ends before it begins")
    if first_day.year < FIRST_YEAR or last_day.year > LAST_YEAR:
        raise InvalidQuery(parameter, f"expected years from {FIRST_YEAR} to {LAST_YEAR}")
    period = Period(text, first_day, last_day)
    if period.days > MOST_DAYS:
        raise InvalidQuery(parameter, f"longer than {MOST_DAYS} days")
    return period


def default_interval(period: Period) -> Interval:
    """How a series is cut when nobody says: into few enough buckets to be looked at."""
    if period.since is not None:
        return "minute"
    if period.days == 1:
        return "hour"
    return "day" if period.days <= MOST_DAILY_BUCKETS else "month"


def allowed_intervals(period: Period) -> tuple[Interval, ...]:
    """What the period's series may be cut by, shortest first; the default is among them."""
    if period.since is not None:
        return ("minute",)
    return tuple(
        interval for interval, (least, most) in LENGTHS.items() if least <= period.days <= most
    )


def parse_interval(text: str | None, period: Period) -> Interval:
    """The interval of this name, or the default. Raises InvalidQuery("interval", ...)."""
    if text is None:
        return default_interval(period)
    allowed = allowed_intervals(period)
    for interval in allowed:
        if interval == text:
            return interval
    raise InvalidQuery("interval", f"expected {' or '.join(allowed)} for such a period")


def bucket_keys(period: Period, interval: Interval) -> list[str]:
    """The buckets of the period's series, oldest first; the period may cut the first and the last.

    Minutes are `2026-03-02T09:05`, in realtime how many ago, `29` to `0`; hours `2026-03-02T09`,
    24 a day whatever clocks do; days `2026-03-02`; weeks their Monday's day; months `2026-03`.
    There are MOST_BUCKETS at most, which cuts off none where the interval is allowed. A compared
    period may be far longer than that, but what it has beyond its partner's last is never shown.
    """
    if period.since is not None:
        return [str(ago) for ago in reversed(range(REALTIME_MINUTES))]
    return list(islice(_bucket_keys(period, interval), MOST_BUCKETS))


def _bucket_keys(period: Period, interval: Interval) -> Iterator[str]:
    days = (period.first_day + number * DAY for number in range(period.days))
    match interval:
        case "month":
            yield from dict.fromkeys(f"{day:%Y-%m}" for day in days)
        case "week":
            yield from dict.fromkeys(f"{_start('week', day)}" for day in days)
        case "day":
            yield from (f"{day}" for day in days)
        case "hour":
            yield from (f"{day}T{hour:02}" for day in days for hour in range(24))
        case "minute":
            for day in days:
                yield from (f"{day}T{hour:02}:{m:02}" for hour in range(24) for m in range(60))


def parse_comparison(
    text: str | None, period: Period, clock: Clock, *, match_weekdays: bool
) -> Period | None:
    """The period to compare with, whose key is the text (see COMPARISONS); None for no text.

    `previous` is as many days right before, for `week`, `month`, `quarter` and `year` from the
    start of the one before and not past its end. `year` has the same dates a year earlier. With
    `match_weekdays` either is moved by whole weeks instead: the fewest that keep `previous` from
    overlapping, 52 for `year`.

    Of a period that goes on, what has passed is compared with just as much, to the minute; with
    whole days where the two have different numbers of days.

    Raises InvalidQuery("compare", ...), or ("match", ...) for given days with `match_weekdays`.
    """
    if text is None:
        return None
    if period.since is not None:
        raise InvalidQuery("compare", "realtime has none")
    if text not in {"previous", "year"}:
        given = _custom("compare", text, expected=COMPARISONS)
        if match_weekdays:
            raise InvalidQuery("match", "only previous and year can be moved to match weekdays")
        return given
    if text == "previous" and period.key == "all":
        raise InvalidQuery("compare", "nothing comes before all")
    return _moved(text, period, clock, match_weekdays=match_weekdays)


def needs_match(period: Period, compared: Period) -> bool:
    """Whether parse_comparison gives this compared period only with `match_weekdays`."""
    if compared.key not in {"previous", "year"}:
        return False
    return compared.first_day != _moved_day(compared.key, period, match_weekdays=False)


def _moved(key: str, period: Period, clock: Clock, *, match_weekdays: bool) -> Period:
    goes_on = period.first_day <= clock.today <= period.last_day
    last_passed = clock.today if goes_on else period.last_day
    first_day = _moved_day(key, period, match_weekdays=match_weekdays)
    last_day = first_day + (last_passed - period.first_day)
    if key == "year" and not match_weekdays:
        last_day = _a_year_before(last_passed)
    if key == "previous":
        last_day = min(last_day, period.first_day - DAY)
    equal = last_day - first_day == last_passed - period.first_day
    until_minute = clock.minute if goes_on and equal else None
    return Period(key, first_day, last_day, until_minute=until_minute)


def _moved_day(key: str, period: Period, *, match_weekdays: bool) -> date:
    """The first day of the period that comes before, or lies a year back."""
    first_day = period.first_day
    if key == "year":
        return first_day - WEEKS_OF_A_YEAR if match_weekdays else _a_year_before(first_day)
    if match_weekdays:
        return first_day - -(-period.days // WEEK_DAYS) * WEEK_DAYS * DAY
    if period.key in {"week", "month", "quarter", "year"}:
        return _start(period.key, first_day - DAY)
    return first_day - period.days * DAY


def _start(unit: str, day: date) -> date:
    """The first day of the day's week (its Monday), month, quarter or year."""
    match unit:
        case "week":
            return day - day.weekday() * DAY
        case "month":
            return day.replace(day=1)
        case "quarter":
            return _months_back(day, (day.month - 1) % 3)
        case _:
            return day.replace(month=1, day=1)


def _months_back(day: date, months: int) -> date:
    """The first day of the month that lies this many months before the day's."""
    count = day.year * 12 + day.month - 1 - months
    return date(count // 12, count % 12 + 1, 1)


def _a_year_before(day: date) -> date:
    """The same date a year earlier; 28 February for the 29th."""
    if (day.month, day.day) == (2, 29):
        day -= DAY
    return day.replace(year=day.year - 1)
