"""What goes with an export, so that its numbers can be understood later."""

from tracking.reports.metrics import METRICS
from tracking.views.report.cards import PANELS
from tracking.views.report.fitting import fitting_metrics
from tracking.views.report.state import HEADLINE, State
from tracking.views.words import condition_words

NOTES = """\
Each file has the rows of a panel of the report page, all of them, with names in its first line.
Numbers are plain: shares are 0 to 1, scroll depth is in percent, times are in seconds, and what
can't be worked out is empty. Countries are codes of ISO 3166-1; an empty text is not known. A text
that a spreadsheet would take for a formula begins with an apostrophe.

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
    named = dict.fromkeys((*HEADLINE, *(n for p in PANELS.values() for n in fitting_metrics(p))))
    lines = [f"{name}: {fact}" for name, fact in facts.items()]
    lines += ["", NOTES, "timeseries.csv: the chart"]
    lines += [f"{panel.name}.csv: {panel.title}" for panel in PANELS.values()]
    lines += ["", *(f"{name}: {METRICS[name].label}" for name in named)]
    return "\n".join(lines) + "\n"
