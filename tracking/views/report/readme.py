"""What goes with an export, so that its numbers can be understood later."""

from collections.abc import Mapping

from tracking.reports.metrics import METRICS, Unit
from tracking.views.report.cards import PANELS, Panel, card_of
from tracking.views.report.fitting import fitting_metrics
from tracking.views.report.state import HEADLINE, State
from tracking.views.words import condition_words

UNITS: dict[Unit, str] = {
    "count": "",
    "ratio": "",
    "share": ", 0 to 1",
    "seconds": " in seconds, the average",
    "percent": " in percent, the average",
    "money": ", a column for each currency",
}
NOTES = """\
Each file has all rows of a panel of the report page, and names in its first line. A number that
can't be worked out is empty, and so is a text that is not known. Countries are codes of ISO 3166-1.
A text that a spreadsheet would take for a formula begins with an apostrophe.

Visitors are daily: somebody who comes on two days counts on each.
"""
FILTERED = (
    "filtered.csv: hits of each day that were counted and not counted, by reason; "
    "filters don't apply to it"
)


def readme(state: State, panels: Mapping[str, Panel], left_out: int) -> str:
    """Site, period, filters, zone, when it was made, and what the files have.

    `panels` are by the names of their files; so many properties are `left_out`.
    """
    subject, period, compared = state.subject, state.period, state.query.compared
    zone = subject.zone
    facts = {
        "Of": ", ".join(f"{site.name} <{site.base_url}>" for site in subject.sites),
        "Period": f"{period.first_day} to {period.last_day} ({period.key})",
        "Compared": f"{compared.first_day} to {compared.last_day}" if compared else "with nothing",
        "Filters": "; ".join(map(condition_words, state.filters)) or "none",
        "Time zone": zone.key,
        "Made": f"{state.clock.at.astimezone(zone):%Y-%m-%d %H:%M}",
    }
    metrics = dict.fromkeys((*HEADLINE, *(n for p in panels.values() for n in fitting_metrics(p))))
    lines = [f"{name}: {fact}" for name, fact in facts.items()]
    lines += ["", NOTES, "timeseries.csv: the chart, bucket by bucket"]
    lines += [
        f"{name}.csv: {card_of(panel).title}: {_title(panel)}" for name, panel in panels.items()
    ]
    lines.append(FILTERED)
    if left_out:
        lines += ["", f"Values of {left_out} more of the keys in property.csv are left out."]
    lines += [
        "",
        *(f"{name}: {METRICS[name].label}{UNITS[METRICS[name].unit]}" for name in metrics),
    ]
    return "\n".join(lines) + "\n"


def _title(panel: Panel) -> str:
    """What a panel has; a property's key may have any letters in it, those of new lines, too."""
    return panel.title if panel.name in PANELS else f"values of {' '.join(panel.title.split())}"
