"""What can be counted (docs/figures.md, Metrics)."""

from dataclasses import dataclass
from typing import Literal

Unit = Literal["count", "ratio", "share", "seconds", "percent"]


@dataclass(frozen=True)
class Metric:
    """A number of a report; `sql` computes it from the sums that `sql.py` makes per key.

    Units: share is 0.0 to 1.0, percent 0 to 100. Rates over nothing are null.
    """

    name: str
    label: str
    unit: Unit
    sql: str


METRICS = {
    metric.name: metric
    for metric in (
        Metric("visitors", "Visitors", "count", "e.visitors"),
        Metric("visits", "Visits", "count", "e.visits"),
        Metric("pageviews", "Pageviews", "count", "e.pageviews"),
        Metric("events", "Events", "count", "e.events"),
        Metric("views_per_visit", "Views per visit", "ratio", "e.pageviews / nullif(e.visits, 0)"),
        Metric("bounce_rate", "Bounce rate", "share", "v.bounces / nullif(v.visits, 0)"),
        Metric("visit_duration", "Visit duration", "seconds", "v.duration / nullif(v.visits, 0)"),
        Metric("time_on_page", "Time on page", "seconds", "e.time_on_page"),
        Metric("scroll_depth", "Scroll depth", "percent", "e.scroll_depth"),
        Metric("exit_rate", "Exit rate", "share", "coalesce(x.exits, 0) / nullif(e.pageviews, 0)"),
    )
}
