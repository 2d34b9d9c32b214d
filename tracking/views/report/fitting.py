"""Which metrics say something about a panel's rows."""

from tracking.reports.dimensions import PROP
from tracking.views.report.cards import Panel

OF_VISITS = (
    *("visitors", "visits", "pageviews"),
    *("views_per_visit", "bounce_rate", "visit_duration"),
)
OF_PAGES = (
    *("visitors", "visits", "pageviews"),
    *("bounce_rate", "time_on_page", "scroll_depth", "exit_rate"),
)
OF_VIEWS = ("visitors", "visits", "pageviews", "time_on_page", "scroll_depth")
FITTING = {
    "page": OF_PAGES,
    "title": OF_VIEWS,
    "hostname": OF_VIEWS,
    "event": ("events", "visitors", "visits"),
    "property": ("visitors", "events", "visits"),
}
"""By dimension, where they are others than those of visits."""


def fitting_metrics(panel: Panel) -> tuple[str, ...]:
    """All metrics that fit the panel's dimensions; the first says how large a row is."""
    name = "property" if panel.name.startswith(PROP) else panel.dimensions[0]
    return FITTING.get(name, OF_VISITS)
