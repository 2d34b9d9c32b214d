"""The filters of a report as its page shows them."""

from collections.abc import Sequence
from dataclasses import replace

from django.urls import reverse

from tracking.reports.conditions import Condition, Did, Filter, Not, Operator
from tracking.views.report.drafts import Draft
from tracking.views.report.state import State
from tracking.views.words import condition_words, filter_words, short_values

OPPOSITES: dict[Operator, Operator] = {
    "is": "is_not",
    "contains": "does_not_contain",
    "matches": "does_not_match",
    "is_set": "is_not_set",
}
OPPOSITES |= {opposite: operator for operator, opposite in OPPOSITES.items()}


def chips_of(state: State) -> list[dict[str, str]]:
    """The filters, each with the link that takes it away.

    What the editor can say also has links that turn it around and that edit it; its words are in
    three pieces then, `label`, `operator` and `values`, of which any but the second may be empty.
    """
    found = []
    for place, one in enumerate(state.filters):
        chip = {"words": condition_words(one), "remove_url": state.url(filters=_put(state, place))}
        if Draft.of(one) is not None:
            label, operator, values = _pieces(one)
            chip |= {"label": label, "operator": operator, "values": values}
            chip["turn_url"] = state.url(filters=_put(state, place, _turned(one)))
            chip["edit_url"] = editor_url(state, place)
        found.append(chip)
    return found


def editor_url(state: State, place: int | None = None) -> str:
    """Where a filter is added, or the one in this place edited."""
    edit = "" if place is None else f"&edit={place}"
    return reverse("tracking:conditions", args=[state.subject.key]) + state.url() + edit


def placed(state: State, place: int | None, one: Condition) -> tuple[Condition, ...]:
    """The filters with this one in a place, or behind them."""
    return (*state.filters, one) if place is None else _put(state, place, one)


def _put(state: State, place: int, *new: Condition) -> tuple[Condition, ...]:
    """The filters with others, or none, in a place."""
    before: Sequence[Condition] = state.filters[:place]
    return (*before, *new, *state.filters[place + 1 :])


def _turned(one: Condition) -> Condition:
    """The opposite: of what visits did, that they did not."""
    match one:
        case Filter():
            return replace(one, operator=OPPOSITES[one.operator])
        case Not():
            return one.of
    return Not(one)


def _pieces(one: Condition) -> tuple[str, str, str]:
    """A chip's words: before its operator, the operator, and what follows, cut where it is long."""
    match one:
        case Filter():
            label, operator, _ = filter_words(one)
            return label, operator, short_values(one)
        case Did(of=Filter() as inside):
            return "", "did", " ".join(filter(None, _pieces(inside)))
        case Not(of=did):
            return "", "did not", _pieces(did)[2]
    return "", "", condition_words(one)
