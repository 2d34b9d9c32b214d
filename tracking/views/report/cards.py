"""What the report page consists of: cards, and the panels that are their tabs."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["rows", "map", "hours"]


@dataclass(frozen=True)
class Panel:
    """What one tab shows: rows of `dimensions`, counted in `metric`, drawn as `kind` says.

    `name` is what the tab is called in a URL, and is unique among all cards.
    """

    name: str
    title: str
    dimensions: tuple[str, ...]
    metric: str = "visitors"
    kind: Kind = "rows"


@dataclass(frozen=True)
class Card:
    """A box of the page; the first of its panels shows unless the URL names another."""

    name: str
    title: str
    panels: tuple[Panel, ...]

    def panel(self, names: tuple[str, ...]) -> Panel:
        """The panel that is shown when these tabs are chosen."""
        return next((one for one in self.panels if one.name in names), self.panels[0])


def _by(dimension: str, title: str) -> Panel:
    return Panel(dimension, title, (dimension,))


CARDS = {
    card.name: card
    for card in (
        Card(
            "sources",
            "Where visits come from",
            (
                _by("channel", "Channels"),
                _by("source", "Sources"),
                _by("referrer", "Referrers"),
                _by("utm_campaign", "Campaigns"),
            ),
        ),
        Card(
            "pages",
            "What is looked at",
            (
                _by("page", "Pages"),
                _by("entry_page", "Entry"),
                _by("exit_page", "Exit"),
                _by("title", "Titles"),
            ),
        ),
        Card(
            "places",
            "Where visitors are",
            (
                _by("country", "Countries"),
                _by("region", "Regions"),
                _by("city", "Cities"),
            ),
        ),
        Card(
            "technology",
            "What visitors use",
            (
                _by("browser", "Browsers"),
                _by("system", "Systems"),
                _by("device", "Devices"),
                _by("screen", "Sizes"),
                _by("language", "Languages"),
            ),
        ),
        Card("events", "What visitors do", (Panel("event", "Events", ("event",), "events"),)),
        Card(
            "hours",
            "When visitors come",
            (Panel("hours", "Hours", ("weekday", "hour"), kind="hours"),),
        ),
    )
}
"""By name, in the page's order."""

PANELS = {panel.name: panel for card in CARDS.values() for panel in card.panels}
