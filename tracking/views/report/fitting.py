"""Which metrics say something about a panel's rows."""

from tracking.reports.dimensions import dimension_named
from tracking.reports.metrics import REVENUE
from tracking.views.report.cards import Panel

OF_VISITS = ("visits", "pageviews", "views_per_visit", "bounce_rate", "visit_duration")
OF_PAGES = ("visits", "pageviews", "bounce_rate", "time_on_page", "scroll_depth", "exit_rate")
OF_EVENTS = ("visits", "events", REVENUE)


def fitting_metrics(panel: Panel) -> tuple[str, ...]:
    """All metrics that fit the panel's dimensions; the one that it is ordered by comes first."""
    if panel.metric == "events" or any(dimension_named(one, "by").prop for one in panel.dimensions):
        others: tuple[str, ...] = OF_EVENTS
    else:
        others = OF_PAGES if {"page", "title"} & set(panel.dimensions) else OF_VISITS
    return tuple(dict.fromkeys((panel.metric, "visitors", *others)))
