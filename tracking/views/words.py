"""Conditions and values as people read them."""

from tracking.reports.conditions import All, AnyOf, Condition, Did, Filter, Not
from tracking.reports.dimensions import dimension_named
from tracking.templatetags.numbers import LOCALE, UNKNOWN, country_name

WEEKDAYS = {str(number + 1): LOCALE.days["format"]["wide"][number] for number in range(7)}
"""From Monday on."""
HOURS = {str(hour): f"{hour}:00" for hour in range(24)}
NAMES = {"country": LOCALE.territories, "weekday": WEEKDAYS, "hour": HOURS}
"""By dimension, what people read for values that are stored as something else."""
SHOWN_VALUES = 3


def weekday_short(number: str) -> str:
    """A weekday in a few letters."""
    name: str = LOCALE.days["format"]["abbreviated"][int(number) - 1]
    return name


def condition_words(condition: Condition) -> str:
    """A condition in one line: `Country is Austria or did not Event is Sign up`."""
    match condition:
        case Filter():
            return " ".join(part for part in filter_words(condition) if part)
        case All():
            return " and ".join(map(_inside, condition.of))
        case AnyOf():
            return " or ".join(map(_inside, condition.of))
        case Did():
            return f"did {_inside(condition.of)}"
        case Not(of=Did() as did):
            return f"did not {_inside(did.of)}"
        case Not():
            return f"not {_inside(condition.of)}"


def filter_words(one: Filter) -> tuple[str, str, str]:
    """A filter's dimension, operator and values; the last may be empty."""
    return (
        dimension_named(one.dimension, "filter").label,
        one.operator.replace("_", " "),
        ", ".join(value_text(one.dimension, value) for value in one.values),
    )


def value_text(dimension: str, value: str) -> str:
    """A dimension's value as people read it."""
    match dimension:
        case "country":
            return country_name(value)
        case "weekday" | "hour":
            return NAMES[dimension].get(value, value) or UNKNOWN
    return value or UNKNOWN


def value_named(dimension: str, text: str) -> str:
    """The value that people read as this text: the code of a country, the number of a weekday."""
    wanted = text.casefold()
    names = NAMES.get(dimension, {})
    return next((value for value, name in names.items() if name.casefold() == wanted), text)


def short_values(one: Filter) -> str:
    """A filter's values, the first two and how many more when they are more than three."""
    texts = [value_text(one.dimension, value) for value in one.values]
    if len(texts) <= SHOWN_VALUES:
        return ", ".join(texts)
    shown = texts[: SHOWN_VALUES - 1]
    return f"{', '.join(shown)} and {len(texts) - len(shown)} more"


def _inside(part: Condition) -> str:
    """A part of a longer condition, in parentheses where its end would not be clear."""
    words = condition_words(part)
    is_group = isinstance(part, All | AnyOf) and len(part.of) > 1
    return f"({words})" if is_group else words
