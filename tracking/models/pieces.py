"""Cuts long lists: a database takes only so many parameters in one statement."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

ASKED_AT_ONCE = 500

Item = TypeVar("Item")


def pieces(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """The items in order, at most `size` at a time."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
