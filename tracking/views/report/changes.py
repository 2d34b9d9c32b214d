"""How a number changed, in words and signs."""

from dataclasses import dataclass

from tracking.reports.metrics import METRICS, Number
from tracking.templatetags.numbers import percent, whole

FEWER_IS_BETTER = frozenset({"bounce_rate", "exit_rate"})


@dataclass(frozen=True)
class Change:
    """A change against the comparison: `text` is `18%` or `3 pts`, `words` are to be heard.

    `direction` is up, down or same; `feel` is good, bad or empty.
    """

    text: str
    words: str
    direction: str
    feel: str


def change_of(metric: str, value: Number, before: Number) -> Change | None:
    """The change of a metric; None over nothing, and for what is no number.

    A share changes by percentage points, anything else by percent of what it was.
    """
    if not isinstance(value, int | float) or not isinstance(before, int | float):
        return None
    if METRICS[metric].unit == "share":
        size = round(100 * (value - before))
        text = f"{whole(abs(size))}\N{NO-BREAK SPACE}pts"
    elif before:
        size = round(100 * (value - before) / before)
        text = percent(abs(size) / 100)
    else:
        return None
    if size == 0:
        return Change(text, "unchanged", "same", "")
    direction = "up" if size > 0 else "down"
    is_good = (size > 0) != (metric in FEWER_IS_BETTER)
    return Change(text, f"{direction} {text}", direction, "good" if is_good else "bad")
