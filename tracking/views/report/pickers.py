"""The menus of the report's period and of what it is compared with."""

from datetime import date, timedelta
from typing import Any

from tracking.errors import InvalidQuery
from tracking.reports.periods import Period, needs_match, parse_comparison
from tracking.reports.wording import WEEKDAYS
from tracking.views.report.numbers import period_words
from tracking.views.report.state import COMPARE, NO_COMPARISON, State

PERIODS = (
    {"today": "Today", "yesterday": "Yesterday"},
    {"7d": "Last 7 days", "28d": "Last 28 days", "30d": "Last 30 days", "91d": "Last 91 days"},
    {"week": "This week", "month": "This month", "quarter": "This quarter", "year": "This year"},
    {"12mo": "Last 12 months", "all": "All time"},
)
LABELS = {key: label for group in PERIODS for key, label in group.items()} | {
    "realtime": "Last 30 minutes"
}
COMPARISONS = {"previous": "Period before", "year": "Same period a year ago"}
DAY = timedelta(days=1)


def period_picker(state: State) -> dict[str, Any]:
    """The groups of the menu, what it says, and the periods right before and after."""
    period = state.period
    return {
        "label": LABELS.get(period.key) or period_words(period),
        "groups": [
            [
                {"key": key, "label": label, "url": state.url(period=key)}
                for key, label in group.items()
            ]
            for group in PERIODS
        ],
        "kept": state.kept("period", "interval", *([COMPARE] if _has_own_days(state) else [])),
        "previous_url": _shifted_url(state, -1),
        "next_url": _shifted_url(state, 1),
    }


def _shifted_url(state: State, steps: int) -> str:
    """The URL of the period as long as this one, right before or after it; empty for none."""
    period, today = state.period, state.clock.today
    if period.since is not None or period.key == "all":
        return ""
    first, last = _shifted(period, steps)
    if first > today:
        return ""
    key = f"{first}..{last}"
    try:
        # What no report can show is not offered.
        parse_comparison(key, period, state.clock, match_weekdays=False)
    except InvalidQuery:
        return ""
    return state.url(period=key)


def _shifted(period: Period, steps: int) -> tuple[date, date]:
    """Whole months move by months, anything else by its number of days."""
    first, last = period.first_day, period.last_day
    is_month = period.key == "month" or (
        first.day == 1 and (last + DAY).day == 1 and period.days <= 31
    )
    if is_month:
        begin = (first - DAY).replace(day=1) if steps < 0 else (first + 31 * DAY).replace(day=1)
        return begin, (begin + 31 * DAY).replace(day=1) - DAY
    return first + steps * period.days * DAY, last + steps * period.days * DAY


def comparison_picker(state: State) -> dict[str, Any] | None:
    """What the period can be compared with; None where there is nothing."""
    compared = state.query.compared
    if state.period.since is not None:
        return None
    kinds = [kind for kind in COMPARISONS if kind == "year" or state.period.key != "all"]
    matched = compared is not None and needs_match(state.period, compared)
    return {
        "label": _comparison_label(compared),
        "days": period_words(compared) if compared else "",
        "options": [
            *(
                {
                    "label": COMPARISONS[kind],
                    "url": state.url(compare=kind, match=WEEKDAYS if matched else ""),
                    "is_chosen": compared is not None and compared.key == kind,
                }
                for kind in kinds
            ),
            {
                "label": "Nothing",
                "url": state.url(compare=NO_COMPARISON),
                "is_chosen": compared is None,
            },
        ],
        "kept": state.kept(COMPARE, "match"),
        "match_url": state.url(compare=compared.key, match="" if matched else WEEKDAYS)
        if compared and compared.key in COMPARISONS
        else "",
        "is_matched": matched,
        "toggle_url": state.url(compare=NO_COMPARISON if compared else kinds[0]),
        "first_day": compared.first_day if compared else None,
        "last_day": compared.last_day if compared else None,
    }


def _has_own_days(state: State) -> bool:
    compared = state.query.compared
    return compared is not None and compared.key not in COMPARISONS


def _comparison_label(compared: Period | None) -> str:
    if compared is None:
        return "Compare"
    return {"previous": "vs period before", "year": "vs a year ago"}.get(
        compared.key, f"vs {period_words(compared)}"
    )
