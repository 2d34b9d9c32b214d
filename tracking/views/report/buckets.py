"""The buckets of a series as people read them, and the days that they have."""

from datetime import date, timedelta

from babel.dates import format_date

from tracking.reports.periods import Clock, Interval, Period

WEEK = timedelta(days=6)


def is_ahead(key: str, interval: Interval, clock: Clock) -> bool:
    """Whether a bucket lies wholly in the future; those of realtime are counted from now."""
    match interval:
        case "minute":
            minute = f"{clock.today}T{clock.minute // 60:02}:{clock.minute % 60:02}"
            return "T" in key and key > minute
        case "hour":
            return key > f"{clock.today}T{clock.minute // 60:02}"
        case "month":
            return key > f"{clock.today:%Y-%m}"
    return key > f"{clock.today}"


def bucket_label(key: str, interval: Interval) -> str:
    """A bucket's name: 5 min ago, 14:05, 24 Nov 14:00, 24 Nov or Nov 2026."""
    match interval:
        case "minute":
            if "T" in key:
                return key[-5:]
            return f"{key} min ago" if key != "0" else "now"
        case "hour":
            return f"{key[-2:]}:00"
        case "month":
            return format_date(date.fromisoformat(f"{key}-01"), "MMM y", locale="en")
        case "week":
            return f"Week of {format_date(date.fromisoformat(key), 'd MMM', locale='en')}"
    return format_date(date.fromisoformat(key), "d MMM", locale="en")


def bucket_days(key: str, interval: Interval, period: Period) -> tuple[date, date]:
    """The first and the last of the period's days that a bucket has."""
    if interval == "minute" and "T" not in key:
        return period.first_day, period.last_day
    first = date.fromisoformat(f"{key[:7]}-01" if interval == "month" else key[:10])
    last = first
    if interval == "week":
        last = first + WEEK
    elif interval == "month":
        last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return max(first, period.first_day), min(last, period.last_day)
