"""The keyboard shortcuts of the report page: keys, and the links that they follow."""

from django.urls import reverse

from tracking.views.report.pickers import LABELS
from tracking.views.report.state import State

PERIOD_KEYS = {
    "t": "today",
    "y": "yesterday",
    "w": "7d",
    "m": "30d",
    "q": "91d",
    "l": "12mo",
    "a": "all",
}


def shortcuts_of(state: State, toggle_url: str) -> list[dict[str, str]]:
    """What can be reached with one key from this page, in the order of the help sheet.

    `toggle_url` turns the comparison on or off; it is empty where there is none.
    """
    found = [
        {"key": key, "label": LABELS[period], "url": state.url(period=period)}
        for key, period in PERIOD_KEYS.items()
    ]
    report_url = reverse("tracking:report", args=[state.subject.key])
    found.append({"key": "r", "label": "Realtime", "url": f"{report_url}realtime/"})
    if toggle_url:
        label = "Compare with nothing" if state.query.compared else "Compare"
        found.append({"key": "c", "label": label, "url": toggle_url})
    if state.filters:
        found.append({"key": "x", "label": "Clear all filters", "url": state.unfiltered_url})
    return [*found, {"key": "s", "label": "All sites", "url": reverse("tracking:sites")}]
