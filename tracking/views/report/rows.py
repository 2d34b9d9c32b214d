"""A row of a panel: what it says, and where it leads."""

from collections.abc import Sequence

from tracking.reports.conditions import Filter
from tracking.reports.dimensions import dimension_named, prop_name
from tracking.reports.engine import Row
from tracking.reports.metrics import METRICS, Metric
from tracking.templatetags.numbers import metric
from tracking.views.report.cards import Panel, property_panel
from tracking.views.report.state import State
from tracking.views.words import value_text

PAGES = frozenset({"page", "entry_page", "exit_page"})


def label_of(panel: Panel) -> str:
    """What the rows are."""
    return dimension_named(panel.dimensions[-1], "by").label


def shown_metrics(names: Sequence[str]) -> list[Metric]:
    """The metrics of these names."""
    return [METRICS[name] for name in names]


def text_of(panel: Panel, row: Row) -> str:
    """What a row is called: Germany, or Chrome 142."""
    texts = [value_text(name, key) for name, key in zip(panel.dimensions, row.keys, strict=True)]
    return " ".join(dict.fromkeys(texts))


def count_of(panel: Panel, row: Row) -> int:
    """What a row is counted in, which is never a rate and never money."""
    count = row.metrics[panel.metric]
    return count if isinstance(count, int) else 0


def counted(count: int, name: str) -> str:
    """So many of a metric: 1 visitor, or 1,234 visitors."""
    label = METRICS[name].label.lower()
    return f"{metric(count, name)} {label.removesuffix('s') if count == 1 else label}"


def filters_to(panel: Panel, row: Row) -> list[Filter]:
    """The filters that leave nothing but this row."""
    return [
        Filter(name, "is", (key,)) for name, key in zip(panel.dimensions, row.keys, strict=True)
    ]


def key_panel(row: Row) -> Panel:
    """The panel of the values of a row's property."""
    key = row.keys[0]
    return property_panel(key, prop_name(key))


def open_url(state: State, panel: Panel, row: Row) -> str:
    """Where a page itself is, when there is only one site; else empty."""
    site, path = state.subject.site, row.keys[0]
    if site is None or panel.dimensions[0] not in PAGES or not path.startswith("/"):
        return ""
    return site.base_url.rstrip("/") + path
