"""What goes with an export, so that its numbers can be understood later."""

from tracking.reports.metrics import METRICS, Unit
from tracking.views.report.cards import CARDS, PANELS
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


def readme(state: State) -> str:
    """Site, period, filters, zone, when it was made, and what the files have."""
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
    metrics = dict.fromkeys((*HEADLINE, *(n for p in PANELS.values() for n in fitting_metrics(p))))
    lines = [f"{name}: {fact}" for name, fact in facts.items()]
    lines += ["", NOTES, "timeseries.csv: the chart, bucket by bucket"]
    lines += [
        f"{panel.name}.csv: {card.title}: {panel.title}"
        for card in CARDS.values()
        for panel in card.panels
    ]
    lines += [
        "",
        *(f"{name}: {METRICS[name].label}{UNITS[METRICS[name].unit]}" for name in metrics),
    ]
    return "\n".join(lines) + "\n"
