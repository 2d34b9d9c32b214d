"""Bars that are stacked of parts, as rectangles of an SVG."""

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import TypedDict

HEIGHT = 100
BAR, STEP = 8, 10
"""How wide a bar is, and how far from the last one it begins, in units of the drawing."""


class Part(TypedDict):
    """A rectangle, in texts that no locale changes; the lowest part of a bar has place 1."""

    place: int
    x: str
    y: str
    width: str
    height: str


class Stacks(TypedDict):
    """What is drawn in which box, and how much the highest bar is."""

    box: str
    bars: list[list[Part]]
    most: int


def stacks(bars: Sequence[Sequence[int]]) -> Stacks:
    """Bars of such parts, from the ground up; the largest is as high as the box."""
    most = max(map(sum, bars), default=0)
    return {
        "box": f"0 0 {max(1, len(bars)) * STEP} {HEIGHT}",
        "bars": [
            _stacked(number * STEP + (STEP - BAR) // 2, parts, most)
            for number, parts in enumerate(bars)
        ],
        "most": most,
    }


def _stacked(x: int, parts: Sequence[int], most: int) -> list[Part]:
    """Edges are rounded, not heights, so that no gaps are between the parts."""
    edges = [
        round(HEIGHT * (1 - height / (most or 1)), 1) for height in accumulate(parts, initial=0)
    ]
    return [
        {
            "place": place,
            "x": f"{x}",
            "y": f"{top:.1f}",
            "width": f"{BAR}",
            "height": f"{bottom - top:.1f}",
        }
        for place, (bottom, top) in enumerate(pairwise(edges), 1)
        if top < bottom
    ]
