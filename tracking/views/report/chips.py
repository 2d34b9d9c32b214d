"""The filters of a report as its page shows them."""

from dataclasses import replace

from tracking.reports.conditions import Filter, Operator
from tracking.views.report.state import State
from tracking.views.words import condition_words, filter_words

OPPOSITES: dict[Operator, Operator] = {
    "is": "is_not",
    "contains": "does_not_contain",
    "matches": "does_not_match",
    "is_set": "is_not_set",
}
OPPOSITES |= {opposite: operator for operator, opposite in OPPOSITES.items()}


def chips_of(state: State) -> list[dict[str, str]]:
    """The filters, each with the link that takes it away; single ones also can be turned around."""
    found = []
    for one in state.filters:
        others = tuple(other for other in state.filters if other != one)
        chip = {"words": condition_words(one), "remove_url": state.url(filters=others)}
        if isinstance(one, Filter):
            label, operator, values = filter_words(one)
            turned = replace(one, operator=OPPOSITES[one.operator])
            turn_url = state.url(filters=(*others, turned))
            chip |= {"label": label, "operator": operator, "values": values, "turn_url": turn_url}
        found.append(chip)
    return found
