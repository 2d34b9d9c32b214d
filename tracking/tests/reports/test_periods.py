"""Periods, how series cut them, and what they are compared with: pure functions of a clock."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tracking.errors import InvalidQuery
from tracking.reports.periods import (
    MOST_BUCKETS,
    MOST_DAYS,
    Clock,
    Interval,
    Period,
    allowed_intervals,
    bucket_keys,
    default_interval,
    needs_match,
    parse_comparison,
    parse_interval,
    parse_period,
)

DAY = timedelta(days=1)
CALENDAR = ("week", "month", "quarter", "year")
INTERVALS: tuple[Interval, ...] = ("minute", "hour", "day", "week", "month")


def clock_on(today: str, *, minute: int = 600, first_day: str | None = None) -> Clock:
    day = date.fromisoformat(today)
    at = datetime(day.year, day.month, day.day, minute // 60, minute % 60, 30, tzinfo=UTC)
    return Clock(at, day, minute, date.fromisoformat(first_day) if first_day else day)


def days_of(period: Period | None) -> str:
    assert period is not None
    return f"{period.first_day}..{period.last_day}"


def compared(
    text: str | None, key: str, clock: Clock, *, match_weekdays: bool = False
) -> Period | None:
    return parse_comparison(text, parse_period(key, clock), clock, match_weekdays=match_weekdays)


def of_days(count: int) -> Period:
    first_day = date(2020, 1, 1)
    return Period("", first_day, first_day + (count - 1) * DAY)


def refused(parameter: str, ask: Callable[..., object], *args: object, **more: object) -> str:
    with pytest.raises(InvalidQuery) as caught:
        ask(*args, **more)
    assert caught.value.parameter == parameter
    return caught.value.reason


# What a URL says, and which days it means.


@pytest.mark.parametrize(
    ("today", "key", "days"),
    [
        ("2026-03-02", "today", "2026-03-02..2026-03-02"),
        ("2026-03-02", "yesterday", "2026-03-01..2026-03-01"),
        ("2024-03-01", "yesterday", "2024-02-29..2024-02-29"),
        ("2026-03-02", "1d", "2026-03-02..2026-03-02"),
        ("2026-03-02", "7d", "2026-02-24..2026-03-02"),
        ("2024-03-02", "7d", "2024-02-25..2024-03-02"),
        ("2026-03-02", "28d", "2026-02-03..2026-03-02"),
        ("2026-03-02", "91d", "2025-12-02..2026-03-02"),
        ("2026-03-02", "999d", "2023-06-08..2026-03-02"),
        ("2026-03-02", "week", "2026-03-02..2026-03-02"),
        ("2026-03-01", "week", "2026-02-23..2026-03-01"),
        ("2027-01-03", "week", "2026-12-28..2027-01-03"),
        ("2026-03-01", "month", "2026-03-01..2026-03-01"),
        ("2024-02-29", "month", "2024-02-01..2024-02-29"),
        ("2026-03-31", "quarter", "2026-01-01..2026-03-31"),
        ("2026-04-01", "quarter", "2026-04-01..2026-04-01"),
        ("2026-12-31", "quarter", "2026-10-01..2026-12-31"),
        ("2026-01-01", "year", "2026-01-01..2026-01-01"),
        ("2024-12-31", "year", "2024-01-01..2024-12-31"),
        ("2026-03-31", "12mo", "2025-04-01..2026-03-31"),
        ("2026-12-01", "12mo", "2026-01-01..2026-12-01"),
        ("2026-03-02", "2024-02-29..2024-02-29", "2024-02-29..2024-02-29"),
        ("2026-03-02", "2026-01-01..2030-01-31", "2026-01-01..2030-01-31"),
        ("2026-03-02", "1970-01-01..1970-01-01", "1970-01-01..1970-01-01"),
        ("2026-03-02", "2100-12-31..2100-12-31", "2100-12-31..2100-12-31"),
    ],
)
def test_a_key_means_days_and_is_kept(today: str, key: str, days: str) -> None:
    period = parse_period(key, clock_on(today))

    assert days_of(period) == days
    assert (period.key, period.since, period.until_minute) == (key, None, None)


def test_realtime_begins_thirty_minutes_ago_which_may_be_yesterday() -> None:
    period = parse_period("realtime", clock_on("2026-03-01", minute=10))

    assert days_of(period) == "2026-02-28..2026-03-01"
    assert period.since == datetime(2026, 2, 28, 23, 40, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("first_day", "days"),
    [
        ("2025-06-07", "2025-06-07..2026-03-02"),
        ("2026-03-02", "2026-03-02..2026-03-02"),
        ("2026-03-03", "2026-03-02..2026-03-02"),
        ("2016-02-24", "2016-02-24..2026-03-02"),
        ("2016-02-23", "2016-02-24..2026-03-02"),
    ],
)
def test_all_begins_with_the_first_numbers_and_has_the_last_3660_days_at_most(
    first_day: str, days: str
) -> None:
    assert days_of(parse_period("all", clock_on("2026-03-02", first_day=first_day))) == days


def test_given_days_may_be_3660_and_not_one_more() -> None:
    clock = clock_on("2026-03-02")
    first = date(2010, 1, 1)
    longest = first + (MOST_DAYS - 1) * DAY

    assert parse_period(f"{first}..{longest}", clock).days == MOST_DAYS
    reason = refused("period", parse_period, f"{first}..{longest + DAY}", clock)
    assert reason == "longer than 3660 days"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2026-01-02..2026-01-01", "it ends before it begins"),
        ("2027-01-01..2026-01-01", "it ends before it begins"),
        ("2026-02-29..2026-03-01", "there is no such day"),
        ("2026-02-01..2026-13-01", "there is no such day"),
        ("0000-01-01..0000-01-02", "there is no such day"),
        ("1969-12-31..1970-01-01", "expected years from 1970 to 2100"),
        ("2100-12-31..2101-01-01", "expected years from 1970 to 2100"),
    ],
)
def test_given_days_that_make_no_period_are_refused_with_the_reason(text: str, reason: str) -> None:
    assert refused("period", parse_period, text, clock_on("2026-03-02")) == reason


ODD_TEXTS = [
    "",
    " today",
    "today\n",
    "TODAY",
    "0d",
    "00d",
    "07d",
    "1000d",
    "-7d",
    "+7d",
    "7.0d",
    "7 d",
    "٣d",
    "7d\n",
    "7d\0",
    "9" * 10_000 + "d",
    "decade",
    "2026-01-01",
    "2026-01-01..",
    "..2026-01-01",
    "2026-1-1..2026-1-2",
    "2026-W01-1..2026-W02-1",
    "٢٠٢٦-01-01..2026-01-31",
    "2026-01-01...2026-01-31",
    "2026-01-01..2026-01-31\n",
    "\ud800",
]


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_odd_texts_are_refused_in_each_place(text: str) -> None:
    clock = clock_on("2026-03-02")

    assert "expected" in refused("period", parse_period, text, clock)
    assert "expected" in refused("compare", compared, text, "7d", clock)
    assert "expected" in refused("interval", parse_interval, text, of_days(7))


# How a series is cut.


@pytest.mark.parametrize(
    ("days", "default"), [(1, "hour"), (2, "day"), (92, "day"), (93, "month"), (3660, "month")]
)
def test_the_default_interval_follows_the_length(days: int, default: str) -> None:
    assert default_interval(of_days(days)) == default
    assert parse_interval(None, of_days(days)) == default


@pytest.mark.parametrize(
    ("days", "allowed"),
    [
        (1, "minute hour day"),
        (2, "hour day"),
        (7, "hour day"),
        (8, "hour day week"),
        (28, "hour day week"),
        (29, "hour day week month"),
        (62, "hour day week month"),
        (63, "day week month"),
        (1100, "day week month"),
        (1101, "week month"),
        (3660, "week month"),
    ],
)
def test_what_is_allowed_follows_the_length(days: int, allowed: str) -> None:
    period = of_days(days)

    assert " ".join(allowed_intervals(period)) == allowed
    for interval in INTERVALS:
        if interval in allowed.split():
            assert parse_interval(interval, period) == interval
        else:
            reason = refused("interval", parse_interval, interval, period)
            assert reason == f"expected {allowed.replace(' ', ' or ')} for such a period"


def test_realtime_is_cut_by_the_minute_alone() -> None:
    period = parse_period("realtime", clock_on("2026-03-02"))

    assert default_interval(period) == parse_interval(None, period) == "minute"
    assert allowed_intervals(period) == ("minute",)
    refused("interval", parse_interval, "hour", period)
    assert bucket_keys(period, "minute") == [str(ago) for ago in range(29, -1, -1)]


@pytest.mark.parametrize(
    ("days", "interval", "keys"),
    [
        ("2024-02-28..2024-03-01", "day", "2024-02-28 2024-02-29 2024-03-01"),
        ("2026-02-28..2026-03-01", "day", "2026-02-28 2026-03-01"),
        ("2026-12-31..2027-01-10", "week", "2026-12-28 2027-01-04"),
        ("2024-12-29..2025-01-06", "week", "2024-12-23 2024-12-30 2025-01-06"),
        ("2026-01-05..2026-01-18", "week", "2026-01-05 2026-01-12"),
        ("2025-12-31..2026-02-01", "month", "2025-12 2026-01 2026-02"),
        ("2026-01-01..2026-01-31", "month", "2026-01"),
    ],
)
def test_days_weeks_and_months_as_buckets(days: str, interval: Interval, keys: str) -> None:
    period = parse_period(days, clock_on("2026-03-02"))

    assert bucket_keys(period, interval) == keys.split()


def test_hours_and_minutes_as_buckets() -> None:
    day = Period("", date(2026, 3, 29), date(2026, 3, 29))
    hours, minutes = bucket_keys(day, "hour"), bucket_keys(day, "minute")

    assert (len(hours), hours[0], hours[9]) == (24, "2026-03-29T00", "2026-03-29T09")
    assert (len(minutes), minutes[545], minutes[-1]) == (
        24 * 60,
        "2026-03-29T09:05",
        "2026-03-29T23:59",
    )


def test_hours_of_62_days_are_all_there_and_of_more_no_more() -> None:
    assert len(bucket_keys(of_days(62), "hour")) == MOST_BUCKETS
    assert bucket_keys(of_days(3660), "hour") == bucket_keys(of_days(62), "hour")


# What it is compared with.


@pytest.mark.parametrize(
    ("today", "key", "days"),
    [
        ("2026-03-02", "today", "2026-03-01..2026-03-01"),
        ("2026-03-02", "yesterday", "2026-02-28..2026-02-28"),
        ("2026-03-02", "7d", "2026-02-17..2026-02-23"),
        ("2026-03-02", "28d", "2026-01-06..2026-02-02"),
        ("2026-03-02", "12mo", "2024-04-30..2025-03-31"),
        ("2026-03-02", "2024-02-01..2024-02-29", "2024-01-03..2024-01-31"),
        ("2026-03-04", "week", "2026-02-23..2026-02-25"),
        ("2027-01-01", "week", "2026-12-21..2026-12-25"),
        ("2026-03-28", "month", "2026-02-01..2026-02-28"),
        ("2026-03-29", "month", "2026-02-01..2026-02-28"),
        ("2024-03-29", "month", "2024-02-01..2024-02-29"),
        ("2026-01-31", "month", "2025-12-01..2025-12-31"),
        ("2026-05-15", "quarter", "2026-01-01..2026-02-14"),
        ("2026-06-30", "quarter", "2026-01-01..2026-03-31"),
        ("2026-02-10", "quarter", "2025-10-01..2025-11-10"),
        ("2026-03-02", "year", "2025-01-01..2025-03-02"),
        ("2025-03-02", "year", "2024-01-01..2024-03-01"),
        ("2024-12-31", "year", "2023-01-01..2023-12-31"),
    ],
)
def test_previous_is_as_long_and_ends_with_what_it_belongs_to(
    today: str, key: str, days: str
) -> None:
    assert days_of(compared("previous", key, clock_on(today))) == days


@pytest.mark.parametrize(
    ("key", "days"),
    [
        ("today", "2025-03-02..2025-03-02"),
        ("month", "2025-03-01..2025-03-02"),
        ("all", "2024-06-07..2025-03-02"),
        ("2024-02-29..2024-02-29", "2023-02-28..2023-02-28"),
        ("2024-02-01..2024-02-29", "2023-02-01..2023-02-28"),
        ("2025-02-01..2025-03-01", "2024-02-01..2024-03-01"),
        ("2026-01-01..2026-01-31", "2025-01-01..2025-01-31"),
    ],
)
def test_year_has_the_same_dates_a_year_earlier(key: str, days: str) -> None:
    clock = clock_on("2026-03-02", first_day="2025-06-07")

    assert days_of(compared("year", key, clock)) == days


@pytest.mark.parametrize(
    ("text", "key", "days"),
    [
        ("previous", "today", "2026-02-25..2026-02-25"),
        ("previous", "7d", "2026-02-19..2026-02-25"),
        ("previous", "8d", "2026-02-11..2026-02-18"),
        ("previous", "28d", "2026-01-08..2026-02-04"),
        ("previous", "30d", "2025-12-30..2026-01-28"),
        ("previous", "month", "2026-02-22..2026-02-25"),
        ("year", "today", "2025-03-05..2025-03-05"),
        ("year", "2024-02-29..2024-03-01", "2023-03-02..2023-03-03"),
    ],
)
def test_matched_weekdays_move_by_whole_weeks(text: str, key: str, days: str) -> None:
    clock = clock_on("2026-03-04")

    assert days_of(compared(text, key, clock, match_weekdays=True)) == days


def test_given_days_are_compared_as_they_are() -> None:
    clock = clock_on("2026-03-02")

    assert compared("2024-02-01..2024-02-29", "7d", clock) == Period(
        "2024-02-01..2024-02-29", date(2024, 2, 1), date(2024, 2, 29)
    )


def test_no_comparison_is_none_whatever_the_period() -> None:
    clock = clock_on("2026-03-02")

    for key in ("realtime", "all", "7d"):
        for match_weekdays in (False, True):
            assert compared(None, key, clock, match_weekdays=match_weekdays) is None


def test_what_can_not_be_compared_is_refused() -> None:
    clock = clock_on("2026-03-02", first_day="2025-01-01")
    days = "2026-01-01..2026-01-07"

    for text in ("previous", "year", days):
        assert refused("compare", compared, text, "realtime", clock) == "realtime has none"
    for match_weekdays in (False, True):
        refused("compare", compared, "previous", "all", clock, match_weekdays=match_weekdays)
    refused("match", compared, days, "7d", clock, match_weekdays=True)
    refused("compare", compared, "2026-01-07..2026-01-01", "7d", clock)


@pytest.mark.parametrize("minute", [0, 1439])
@pytest.mark.parametrize("text", ["previous", "year"])
@pytest.mark.parametrize("match_weekdays", [False, True])
@pytest.mark.parametrize(
    ("key", "cut"),
    [
        ("today", True),
        ("month", True),
        ("2026-02-25..2026-03-02", True),
        ("2026-02-25..2026-03-01", False),
        ("2026-03-03..2026-03-09", False),
        ("yesterday", False),
    ],
)
def test_a_period_that_goes_on_is_compared_to_the_minute(
    minute: int, text: str, match_weekdays: bool, key: str, cut: bool
) -> None:
    period = compared(
        text, key, clock_on("2026-03-02", minute=minute), match_weekdays=match_weekdays
    )

    assert period is not None
    assert period.until_minute == (minute if cut else None)


def test_whole_days_are_compared_when_there_are_fewer_or_more_of_them() -> None:
    cut_off = compared("previous", "month", clock_on("2026-03-29"))
    leap_day_less = compared("year", "month", clock_on("2024-02-29"))
    leap_day_more = compared("year", "2025-02-20..2025-03-05", clock_on("2025-03-05"))

    for period in (cut_off, leap_day_less, leap_day_more):
        assert period is not None
        assert period.until_minute is None
    whole = compared("previous", "month", clock_on("2026-03-28", minute=7))
    assert whole is not None
    assert whole.until_minute == 7


def test_of_days_to_come_only_those_that_passed_are_compared() -> None:
    clock = clock_on("2026-03-10", minute=90)

    previous = compared("previous", "2026-03-01..2026-03-31", clock)
    year = compared("year", "2026-03-01..2026-03-31", clock)

    assert previous == Period("previous", date(2026, 1, 29), date(2026, 2, 7), until_minute=90)
    assert year == Period("year", date(2025, 3, 1), date(2025, 3, 10), until_minute=90)


# What holds for every period.

days_1970_to_2099 = st.dates(date(1970, 1, 1), date(2099, 12, 31))


@st.composite
def clocks(draw: st.DrawFn) -> Clock:
    today = draw(days_1970_to_2099.filter(lambda day: day.year > 1980))
    minute = draw(st.integers(0, 1439))
    at = datetime(today.year, today.month, today.day, minute // 60, minute % 60, tzinfo=UTC)
    return Clock(at, today, minute, draw(days_1970_to_2099))


@st.composite
def given_days(draw: st.DrawFn, around: date) -> str:
    near = st.integers(-400, 30).map(lambda days: around + days * DAY)
    first = min(draw(days_1970_to_2099 | near), date(2100, 12, 1))
    last = first + DAY * draw(st.integers(0, 400) | st.integers(0, MOST_DAYS - 1))
    return f"{first}..{min(last, date(2100, 12, 31))}"


@st.composite
def periods(draw: st.DrawFn) -> tuple[Period, Clock]:
    """Any but realtime, with the clock that it was read by."""
    clock = draw(clocks())
    named = st.sampled_from(["today", "yesterday", *CALENDAR, "12mo", "all"])
    text = draw(named | st.integers(1, 999).map(lambda n: f"{n}d") | given_days(clock.today))
    return parse_period(text, clock), clock


@given(periods())
def test_every_period_is_in_order_bounded_and_reads_back(case: tuple[Period, Clock]) -> None:
    period, clock = case

    assert 1 <= period.days <= MOST_DAYS
    assert parse_period(period.key, clock) == period


@given(periods())
def test_the_default_interval_is_allowed(case: tuple[Period, Clock]) -> None:
    period, _ = case

    assert default_interval(period) in allowed_intervals(period)
    for interval in allowed_intervals(period):
        assert parse_interval(interval, period) == interval


@given(periods())
def test_buckets_cover_the_period_in_order_without_gaps(case: tuple[Period, Clock]) -> None:
    period, _ = case
    for interval in allowed_intervals(period):
        spans = [span(key, interval) for key in bucket_keys(period, interval)]
        midnight, next_midnight = moment(period.first_day), moment(period.last_day + DAY)

        assert len(spans) <= MOST_BUCKETS
        assert all(end == start for (_, end), (start, _) in pairwise(spans))
        assert spans[0][0] <= midnight < spans[0][1]
        assert spans[-1][0] < next_midnight <= spans[-1][1]


def moment(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def span(key: str, interval: Interval) -> tuple[datetime, datetime]:
    """A bucket's start, and its end, which is not in it."""
    text = {"month": f"{key}-01", "hour": f"{key}:00"}.get(interval, key)
    start = datetime.fromisoformat(text).replace(tzinfo=UTC)
    if interval == "month":
        return start, (start + timedelta(days=31)).replace(day=1)
    lengths = {"minute": 1, "hour": 60, "day": 60 * 24, "week": 60 * 24 * 7}
    if interval == "week":
        assert start.weekday() == 0
    return start, start + timedelta(minutes=lengths[interval])


def passed_days(period: Period, clock: Clock) -> int:
    """How many of its days have begun; all of them when none has."""
    if period.first_day > clock.today:
        return period.days
    return (min(period.last_day, clock.today) - period.first_day).days + 1


@given(periods(), st.booleans())
def test_previous_ends_before_the_period_begins_and_is_as_long(
    case: tuple[Period, Clock], match_weekdays: bool
) -> None:
    period, clock = case
    assume(period.key != "all")
    before = parse_comparison("previous", period, clock, match_weekdays=match_weekdays)

    assert before is not None
    assert before.last_day < period.first_day
    if match_weekdays or period.key not in CALENDAR:
        assert before.days == passed_days(period, clock)
    else:
        assert before.days == min(period.days, (period.first_day - before.first_day).days)


@given(periods(), st.sampled_from(["previous", "year"]))
def test_matched_weekdays_match_on_every_day(case: tuple[Period, Clock], text: str) -> None:
    period, clock = case
    assume((text, period.key) != ("previous", "all"))
    before = parse_comparison(text, period, clock, match_weekdays=True)

    assert before is not None
    moved = (period.first_day - before.first_day).days
    assert moved % 7 == 0
    assert before.days == passed_days(period, clock)
    if text == "previous":
        assert period.days <= moved < period.days + 7
    else:
        assert moved == 364


@given(periods())
def test_year_keeps_the_dates_and_is_a_day_off_at_most(case: tuple[Period, Clock]) -> None:
    period, clock = case
    before = parse_comparison("year", period, clock, match_weekdays=False)

    assert before is not None
    assert before.first_day.year == period.first_day.year - 1
    assert before.first_day.month == period.first_day.month
    assert before.first_day.day == period.first_day.day or period.first_day.day == 29
    assert abs(before.days - passed_days(period, clock)) <= 1


@given(periods(), st.sampled_from(["previous", "year"]), st.booleans())
def test_the_minute_is_that_of_the_clock_just_when_both_are_as_long_and_it_goes_on(
    case: tuple[Period, Clock], text: str, match_weekdays: bool
) -> None:
    period, clock = case
    assume((text, period.key) != ("previous", "all"))
    before = parse_comparison(text, period, clock, match_weekdays=match_weekdays)

    assert before is not None
    goes_on = period.first_day <= clock.today <= period.last_day
    as_long = before.days == passed_days(period, clock)
    assert before.until_minute == (clock.minute if goes_on and as_long else None)


@given(periods(), st.sampled_from(["previous", "year"]), st.booleans())
def test_a_compared_period_reads_back_from_its_key_and_whether_weekdays_match(
    case: tuple[Period, Clock], text: str, match_weekdays: bool
) -> None:
    period, clock = case
    assume((text, period.key) != ("previous", "all"))
    before = parse_comparison(text, period, clock, match_weekdays=match_weekdays)

    assert before is not None
    again = needs_match(period, before)
    assert match_weekdays or not again
    assert parse_comparison(before.key, period, clock, match_weekdays=again) == before


def test_given_days_to_compare_with_need_no_match() -> None:
    clock = clock_on("2026-03-02")
    days = compared("2026-01-01..2026-01-07", "7d", clock)

    assert days is not None
    assert not needs_match(parse_period("7d", clock), days)


@given(st.text() | st.text("0123456789d.-", max_size=24), clocks())
def test_any_text_is_a_period_or_refused_by_its_parameter(text: str, clock: Clock) -> None:
    for parameter, ask in (
        ("period", lambda: parse_period(text, clock)),
        ("compare", lambda: compared(text, "7d", clock)),
        ("interval", lambda: parse_interval(text, of_days(1))),
    ):
        blamed = parameter
        try:
            ask()
        except InvalidQuery as error:
            blamed = error.parameter
        assert blamed == parameter
