"""Filters as a segment keeps them: the texts that a URL has, one a filter."""

from collections.abc import Iterable

from tracking.errors import InvalidQuery
from tracking.reports.condition_text import condition_text, parse_condition
from tracking.reports.conditions import Condition, condition_of


def stored_texts(filters: Iterable[Condition]) -> list[str]:
    """What stored_filters reads."""
    return [condition_text(one) for one in filters]


def stored_filters(texts: object) -> tuple[Condition, ...]:
    """The filters of stored texts, checked like those of a URL: each alone and all together.

    Raises InvalidQuery for what was never stored by stored_texts, or means nothing any more.
    """
    if not isinstance(texts, list) or not texts:
        raise InvalidQuery("filter", "expected a list of at least one filter")
    for text in texts:
        if not isinstance(text, str):
            raise InvalidQuery("filter", f"{text!r:.40} is no text")
    filters = tuple(dict.fromkeys(map(parse_condition, texts)))
    condition_of(filters)
    return filters
