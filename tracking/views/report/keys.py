"""The keyboard shortcuts of the report page: keys, and the links that they follow."""

from django.urls import reverse

from tracking.reports.conditions import Condition
from tracking.views.report.state import NO_COMPARISON, State

PERIOD_KEYS = {
    "r": ("realtime", "Realtime"),
    "t": ("today", "Today"),
    "y": ("yesterday", "Yesterday"),
    "w": ("7d", "Last 7 days"),
    "m": ("30d", "Last 30 days"),
    "q": ("91d", "Last 91 days"),
    "l": ("12mo", "Last 12 months"),
    "a": ("all", "All time"),
}
NO_FILTERS: tuple[Condition, ...] = ()


def shortcuts_of(state: State) -> list[dict[str, str]]:
    """What can be reached with one key from this page, in the order of the help sheet."""
    found = [
        {"key": key, "label": label, "url": state.url(period=period)}
        for key, (period, label) in PERIOD_KEYS.items()
    ]
    if state.period.key not in {"realtime", "all"}:
        found.append({"key": "c", **_comparison(state)})
    if state.filters:
        found.append(
            {"key": "x", "label": "Clear all filters", "url": state.url(filters=NO_FILTERS)}
        )
    return [*found, {"key": "s", "label": "All sites", "url": reverse("tracking:sites")}]


def _comparison(state: State) -> dict[str, str]:
    if state.query.compared is None:
        return {"label": "Compare with the period before", "url": state.url(compare="previous")}
    return {"label": "Compare with nothing", "url": state.url(compare=NO_COMPARISON)}
