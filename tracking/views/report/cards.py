"""What the report page consists of: cards, and the panels that are their tabs."""

from dataclasses import dataclass
from typing import Literal

from tracking.errors import InvalidQuery
from tracking.reports.conditions import is_text
from tracking.reports.dimensions import PROP, dimension_named

Kind = Literal["rows", "map", "hours", "keys"]


@dataclass(frozen=True)
class Panel:
    """What one tab shows: rows of `dimensions`, counted in `metric`, drawn as `kind` says.

    `name` is what the tab is called in a URL, and is unique among all cards. `also` is counted
    beside the metric. A panel that is `under` another is a tab of that tab, where it is called
    `short`. `empty` are the words for no rows; with `only_set`, what is unknown is no row.
    """

    name: str
    title: str
    dimensions: tuple[str, ...]
    metric: str = "visitors"
    kind: Kind = "rows"
    also: tuple[str, ...] = ()
    under: str = ""
    short: str = ""
    only_set: bool = False
    empty: str = "Nothing in this period."

    @property
    def top(self) -> str:
        """The name of the panel whose tab is open when this one is shown."""
        return self.under or self.name

    @property
    def details(self) -> str:
        """The name of the panel whose details are its own."""
        return "country" if self.kind == "map" else self.name


@dataclass(frozen=True)
class Card:
    """A box of the page; the first of its panels shows unless the URL names another."""

    name: str
    title: str
    panels: tuple[Panel, ...]

    def panel(self, names: tuple[str, ...]) -> Panel:
        """The panel that is shown when these tabs are chosen."""
        own = (panel_named(name) for name in names)
        return next((one for one in own if one and card_of(one) is self), self.panels[0])


def _by(dimension: str, title: str, short: str = "") -> Panel:
    return Panel(dimension, title, (dimension,), short=short)


def _tagged(dimension: str, title: str, short: str) -> Panel:
    """A panel of a campaign tag, which most visits have none of."""
    return Panel(
        dimension,
        title,
        (dimension,),
        under="" if dimension == "utm_campaign" else "utm_campaign",
        short=short,
        only_set=True,
        empty="No visit of this period came with such a campaign tag.",
    )


def _version(product: str, title: str) -> Panel:
    """A panel of versions, which say nothing without the name of what has them."""
    name = f"{product}_version"
    return Panel(name, title, (product, name), under=product, short="Versions")


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
                _tagged("utm_campaign", "Campaigns", "Name"),
                _tagged("utm_source", "Campaign sources", "Source"),
                _tagged("utm_medium", "Campaign media", "Medium"),
                _tagged("utm_term", "Campaign terms", "Term"),
                _tagged("utm_content", "Campaign contents", "Content"),
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
                _by("hostname", "Hosts"),
            ),
        ),
        Card(
            "places",
            "Where visitors are",
            (
                _by("country", "Countries"),
                _by("region", "Regions"),
                _by("city", "Cities"),
                Panel("map", "Map", ("country",), kind="map"),
            ),
        ),
        Card(
            "technology",
            "What visitors use",
            (
                _by("browser", "Browsers", short="Names"),
                _version("browser", "Browser versions"),
                _by("system", "Systems", short="Names"),
                _version("system", "System versions"),
                _by("device", "Devices"),
                _by("screen", "Sizes"),
                _by("language", "Languages"),
            ),
        ),
        Card(
            "events",
            "What visitors do",
            (
                Panel(
                    *("event", "Events", ("event",), "events"),
                    also=("visitors",),
                    empty="No custom events in this period.",
                ),
                Panel(
                    *("property", "Properties", ("property",), "visitors", "keys"),
                    also=("events",),
                    short="All",
                    empty="No event of this period has properties.",
                ),
            ),
        ),
        Card(
            "hours",
            "When visitors come",
            (Panel("hours", "Hours", ("weekday", "hour"), kind="hours"),),
        ),
    )
}
"""By name, in the page's order."""

PANELS = {panel.name: panel for card in CARDS.values() for panel in card.panels}
"""By name; beside them there is one for each property, which only a site's events know."""


def panel_named(name: str) -> Panel | None:
    """The panel of this name, which may be a property's, such as `prop.plan`; None for no panel."""
    if name in PANELS or not name.startswith(PROP) or not is_text(name):
        return PANELS.get(name)
    try:
        dimension = dimension_named(name, "tab")
    except InvalidQuery:
        return None
    return property_panel(dimension.prop, dimension.name)


def property_panel(key: str, name: str) -> Panel:
    """The panel of a property's values; `name` is that of its dimension."""
    return Panel(
        *(name, key, (name,)),
        also=("events",),
        under="property",
        short=key,
        only_set=True,
        empty="No event of this period has this property.",
    )


def card_of(panel: Panel) -> Card:
    """The card that a panel is a tab of."""
    return next(
        card for card in CARDS.values() if any(one.name == panel.top for one in card.panels)
    )
