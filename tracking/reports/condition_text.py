"""Conditions as a URL says them, `or(country:is:DE;page:matches:/a/*)`, and as people do."""

import re
from typing import cast
from urllib.parse import quote, unquote

from tracking.errors import InvalidQuery
from tracking.reports.conditions import (
    MOST_DEPTH,
    MOST_PARTS,
    MOST_VALUES,
    WITHOUT_VALUES,
    All,
    AnyOf,
    Condition,
    Did,
    Filter,
    Not,
    Operator,
    errors_under,
)

WORDS: dict[str, Operator] = {
    "is not set": "is_not_set",
    "is set": "is_set",
    "is not": "is_not",
    "is": "is",
    "contains": "contains",
    "does not contain": "does_not_contain",
    "matches": "matches",
    "does not match": "does_not_match",
}
"""How people say operators. `is not` comes before `is`, which it begins with."""


def parse_condition(text: str) -> Condition:
    """The condition of one URL parameter, whose own percent-encoding is gone.

    A filter is `country:is:DE,AT`, its values percent-encoded once more, or `country:is_set:`;
    around it stand `and(..;..)`, `or(..;..)`, `not(..)` and `did(..)`.
    Raises InvalidQuery("filter", ...).
    """
    tokens = _Tokens(text)
    condition = _condition(tokens, depth=1)
    if tokens.next:
        raise InvalidQuery("filter", f"{tokens.next[:40]!r} follows its end")
    return condition


def condition_text(condition: Condition) -> str:
    """What parse_condition reads."""
    match condition:
        case Filter():
            values = ",".join(quote(value, safe="") for value in condition.values)
            return f"{condition.dimension}:{condition.operator}:{values}"
        case All():
            return f"and({';'.join(map(condition_text, condition.of))})"
        case AnyOf():
            return f"or({';'.join(map(condition_text, condition.of))})"
        case Not():
            return f"not({condition_text(condition.of)})"
        case Did():
            return f"did({condition_text(condition.of)})"


def condition_from_words(text: str) -> Condition:
    """Read `country is DE, AT`, `page does not match /a/*`, `did not event is Sign up`.

    A value has no comma and no space around it. Raises InvalidQuery("where", ...).
    """
    text = text.strip()
    with errors_under("where"):
        if text.startswith("did not "):
            return Not(Did(_filter_from_words(text.removeprefix("did not "))))
        if text.startswith("did "):
            return Did(_filter_from_words(text.removeprefix("did ")))
        return _filter_from_words(text)


class _Tokens:
    """Parentheses, semicolons and the texts between them, one after the other."""

    def __init__(self, text: str) -> None:
        self._rest = re.finditer(r"[();]|[^();]+", text)
        self.next = ""
        self.take()

    def take(self) -> str:
        """The next token, which is gone then; empty at the end."""
        taken, following = self.next, next(self._rest, None)
        self.next = following[0] if following else ""
        return taken


def _condition(tokens: _Tokens, depth: int) -> Condition:
    # A text may nest deeper than Python can recurse.
    if depth > MOST_DEPTH:
        raise InvalidQuery("filter", f"more than {MOST_DEPTH} deep")
    token = tokens.take()
    if tokens.next != "(":
        return _filter(token)
    return _group(token, _parts(tokens, depth))


def _parts(tokens: _Tokens, depth: int) -> tuple[Condition, ...]:
    """What stands in parentheses."""
    parts: list[Condition] = []
    while not parts or tokens.next == ";":
        if len(parts) == MOST_PARTS:
            raise InvalidQuery("filter", f"more than {MOST_PARTS} conditions in a group")
        tokens.take()  # the opening parenthesis, or a semicolon
        parts.append(_condition(tokens, depth + 1))
    if tokens.take() != ")":
        raise InvalidQuery("filter", "a closing parenthesis is missing")
    return tuple(parts)


def _group(word: str, parts: tuple[Condition, ...]) -> Condition:
    match word, parts:
        case "and", _:
            return All(parts)
        case "or", _:
            return AnyOf(parts)
        case "not", (part,):
            return Not(part)
        case "did", (part,):
            return Did(part)
        case "not" | "did", _:
            raise InvalidQuery("filter", f"{word} takes one condition")
    raise InvalidQuery("filter", f"{word[:40]!r} is none of and, or, not and did")


def _filter(text: str) -> Filter:
    dimension, _, rest = text.partition(":")
    operator, colon, values = rest.partition(":")
    if not colon:
        raise InvalidQuery("filter", "expected country:is:DE")
    if operator in WITHOUT_VALUES and not values:
        return Filter(dimension, cast("Operator", operator))
    # One more than there may be is enough to be refused.
    found = tuple(unquote(value) for value in values.split(",", MOST_VALUES))
    return Filter(dimension, cast("Operator", operator), found)


def _filter_from_words(text: str) -> Filter:
    dimension, _, rest = text.strip().partition(" ")
    rest = rest.strip()
    for words, operator in WORDS.items():
        if operator in WITHOUT_VALUES and rest == words:
            return Filter(dimension, operator)
        if operator not in WITHOUT_VALUES and rest.startswith(f"{words} "):
            values = rest.removeprefix(words).split(",", MOST_VALUES)
            return Filter(dimension, operator, tuple(value.strip() for value in values))
    raise InvalidQuery("where", "expected words like: country is DE, AT")
