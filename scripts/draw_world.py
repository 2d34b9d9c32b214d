"""Draws the world map of reports from Natural Earth's countries.

    npm pack world-atlas@2.0.2 && tar xzf world-atlas-2.0.2.tgz
    python scripts/draw_world.py package > tracking/static/tracking/vendor/natural-earth/world.svg

A country is a path whose id is its ISO 3166-1 alpha-2 code, in the group `world`. Countries that
are too small for the coarse outlines are dots where the finer ones have them.
"""

import json
import sys
from collections.abc import Iterator
from itertools import pairwise
from math import pi, radians
from pathlib import Path
from typing import Any

from babel.core import get_global

Point = tuple[float, float]
Ring = list[tuple[int, int]]

WIDTH, TOP, BOTTOM = 1000, 84.0, -56.5
DOT = 3
ANTARCTICA = "AQ"
WITHOUT_NUMBER = {"Kosovo": "XK", "N. Cyprus": "CY", "Somaliland": "SO"}
"""What the atlas gives no number of ISO 3166-1; the last two are drawn with the state around."""


def projected(longitude: float, latitude: float) -> Point:
    """The Natural Earth projection, by its polynomial; a point of the picture."""
    x, y = _natural_earth(radians(longitude), radians(latitude))
    left, top = _natural_earth(-pi, 0)[0], _natural_earth(0, radians(TOP))[1]
    scale = WIDTH / (-2 * left)
    return (x - left) * scale, (top - y) * scale


def _natural_earth(longitude: float, latitude: float) -> Point:
    square = latitude * latitude
    fourth = square * square
    x = longitude * (
        0.8707
        - 0.131979 * square
        + fourth * (-0.013791 + fourth * (0.003971 * square - 0.001529 * fourth))
    )
    y = latitude * (
        1.007226
        + square * (0.015085 + fourth * (-0.044475 + 0.028874 * square - 0.005916 * fourth))
    )
    return x, y


class Atlas:
    """A TopoJSON file of countries."""

    def __init__(self, path: Path) -> None:
        topology = json.loads(path.read_text())
        self._scale = topology["transform"]["scale"]
        self._move = topology["transform"]["translate"]
        self._arcs = [self._arc(arc) for arc in topology["arcs"]]
        self._countries = topology["objects"]["countries"]["geometries"]

    def _arc(self, steps: list[list[int]]) -> list[Point]:
        points, x, y = [], 0, 0
        for step_x, step_y in steps:
            x, y = x + step_x, y + step_y
            points.append((x * self._scale[0] + self._move[0], y * self._scale[1] + self._move[1]))
        return points

    def countries(self) -> dict[str, list[list[Point]]]:
        """The outlines of each country, by its code; holes are outlines, too."""
        found: dict[str, list[list[Point]]] = {}
        for country in self._countries:
            code = _code_of(country)
            if code and code != ANTARCTICA:
                found.setdefault(code, []).extend(self._outlines(country))
        return found

    def _outlines(self, country: dict[str, Any]) -> Iterator[list[Point]]:
        arcs = country.get("arcs", [])
        for polygon in [arcs] if country["type"] == "Polygon" else arcs:
            for ring in polygon:
                outline: list[Point] = []
                for arc in ring:
                    points = self._arcs[arc] if arc >= 0 else self._arcs[~arc][::-1]
                    outline += points[1:] if outline else points
                yield from _within(outline)


def _within(outline: list[Point]) -> Iterator[list[Point]]:
    """The outline without jumps from one edge of the map to the other: cut in two there."""
    straight = outline[:1]
    for longitude, latitude in outline[1:]:
        turns = round((straight[-1][0] - longitude) / 360)
        straight.append((longitude + 360 * turns, latitude))
    for turn in (-360, 0, 360):
        moved = [(longitude + turn, latitude) for longitude, latitude in straight]
        if piece := _cut(_cut(moved, 180, 1), 180, -1):
            yield piece


def _cut(outline: list[Point], edge: float, sign: int) -> list[Point]:
    """What of an outline lies on this side of a meridian; `sign` is -1 for the one in the west."""
    kept: list[Point] = []
    for (x, y), (next_x, next_y) in pairwise([*outline, *outline[:1]]):
        inside, next_inside = sign * x <= edge, sign * next_x <= edge
        if inside:
            kept.append((x, y))
        if inside != next_inside:
            share = (sign * edge - x) / (next_x - x)
            kept.append((sign * edge, y + share * (next_y - y)))
    return kept


def _code_of(country: dict[str, Any]) -> str:
    number = country.get("id")
    if number is None:
        return WITHOUT_NUMBER.get(country["properties"]["name"], "")
    codes: list[str] = get_global("territory_aliases").get(number, [])
    return codes[0] if codes else ""


def _rounded(outline: list[Point]) -> Ring:
    """The outline on whole points of the picture, each once; empty when nothing is left of it."""
    ring: Ring = []
    for longitude, latitude in outline:
        x, y = projected(longitude, max(BOTTOM, min(TOP, latitude)))
        point = round(x), round(y)
        if not ring or ring[-1] != point:
            ring.append(point)
    return ring[:-1] if len(ring) > 3 else []


def _path(ring: Ring) -> str:
    """A closed path, each point as a step from the one before."""
    (x, y), *rest = ring
    steps = [f"M{x} {y}l"]
    for next_x, next_y in rest:
        step_y = next_y - y
        steps.append(f"{next_x - x}{'' if step_y < 0 else ' '}{step_y}")
        x, y = next_x, next_y
    text = steps[0] + " ".join(steps[1:])
    return text.replace(" -", "-") + "z"


def _dot(outlines: list[list[Point]]) -> str:
    largest = max(outlines, key=len)
    longitude = sum(point[0] for point in largest) / len(largest)
    latitude = sum(point[1] for point in largest) / len(largest)
    x, y = (round(one) for one in projected(longitude, latitude))
    arc = f"a{DOT} {DOT} 0 1 0"
    return f"M{x - DOT} {y}{arc} {2 * DOT} 0{arc}-{2 * DOT} 0z"


def main(folder: Path) -> None:
    """Print the picture."""
    coarse = Atlas(folder / "countries-110m.json").countries()
    fine = Atlas(folder / "countries-50m.json").countries()
    shapes = {}
    for code, outlines in sorted((fine | coarse).items()):
        rings = [ring for ring in map(_rounded, outlines) if ring] if code in coarse else []
        shapes[code] = "".join(map(_path, rings)) if rings else _dot(outlines)
    height = round(projected(0, BOTTOM)[1])
    sys.stdout.write(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}"><g id="world">'
    )
    sys.stdout.writelines(f'<path id="{code}" d="{shape}"/>\n' for code, shape in shapes.items())
    sys.stdout.write("</g></svg>\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
