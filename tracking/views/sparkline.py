"""A small line that shows how a number went, as points of an SVG."""

from collections.abc import Sequence
from typing import TypedDict

WIDTH, HEIGHT = 120, 32
TOP = 2
"""Room for half of the line's width above the highest point."""


class Sparkline(TypedDict):
    """Points of the finished days' line, of the last day's dashed one, and of what is below."""

    line: str
    open: str
    area: str
    least: int
    most: int


def sparkline(values: Sequence[int]) -> Sparkline:
    """The line of at least two values, oldest first; the last one is of a day that is not over."""
    most = max(values)
    step = WIDTH / (len(values) - 1)
    points = [
        f"{index * step:.1f},{_height(value, most):.1f}" for index, value in enumerate(values)
    ]
    return {
        "line": " ".join(points[:-1]),
        "open": " ".join(points[-2:]),
        "area": " ".join((f"0,{HEIGHT}", *points, f"{WIDTH},{HEIGHT}")),
        "least": min(values),
        "most": most,
    }


def _height(value: int, most: int) -> float:
    """Counted from the top, as SVG does; the line of nothing lies on the ground."""
    ground = HEIGHT - 1
    return ground - (ground - TOP) * value / most if most else ground
