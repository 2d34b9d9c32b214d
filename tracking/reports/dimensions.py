"""What rows can be grouped by and filtered on, and what each belongs to (docs/figures.md)."""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote, unquote

from tracking.columns.schema import OF_VISITORS
from tracking.errors import InvalidQuery

Scope = Literal["visit", "event"]

PROP = "prop."
LONGEST_PROP = 300


@dataclass(frozen=True)
class Dimension:
    """`label` is for people; `prop` is the key of a custom property, empty for all others."""

    name: str
    label: str
    scope: Scope
    prop: str = ""


DIMENSIONS = {
    dimension.name: dimension
    for dimension in (
        Dimension("page", "Page", "event"),
        Dimension("title", "Title", "event"),
        Dimension("hostname", "Host name", "event"),
        Dimension("event", "Event", "event"),
        Dimension("property", "Property", "event"),
        Dimension("hour", "Hour of the day", "event"),
        Dimension("weekday", "Weekday", "visit"),
        Dimension("time", "Time", "event"),
        Dimension("entry_page", "Entry page", "visit"),
        Dimension("exit_page", "Exit page", "visit"),
        Dimension("source", "Source", "visit"),
        Dimension("referrer", "Referrer", "visit"),
        Dimension("channel", "Channel", "visit"),
        Dimension("utm_source", "Campaign source", "visit"),
        Dimension("utm_medium", "Campaign medium", "visit"),
        Dimension("utm_campaign", "Campaign", "visit"),
        Dimension("utm_content", "Campaign content", "visit"),
        Dimension("utm_term", "Campaign term", "visit"),
        Dimension("country", "Country", "visit"),
        Dimension("region", "Region", "visit"),
        Dimension("city", "City", "visit"),
        Dimension("browser", "Browser", "visit"),
        Dimension("browser_version", "Browser version", "visit"),
        Dimension("system", "System", "visit"),
        Dimension("system_version", "System version", "visit"),
        Dimension("device", "Device", "visit"),
        Dimension("screen", "Screen size", "visit"),
        Dimension("language", "Language", "visit"),
    )
}
"""All but the values of properties: `property` is their keys, of which an event may have several,
and then is in several rows. `time` is the series' dimension, whose buckets the query's interval
says."""

OF_A_VISITOR = frozenset({*OF_VISITORS, "weekday"})
"""What is the same for all of a visitor's visits: it is that of the day's first hit."""

FILTERABLE = frozenset(DIMENSIONS) - {"time", "property"}


def dimension_named(name: str, parameter: str) -> Dimension:
    """The dimension of this name; `prop.plan` is the custom property `plan`.

    A property's key is percent-encoded in its name. Raises InvalidQuery(parameter, ...).
    """
    if name in DIMENSIONS:
        return DIMENSIONS[name]
    key = unquote(name.removeprefix(PROP))
    if not name.startswith(PROP) or not 0 < len(key) <= LONGEST_PROP or "\0" in key:
        raise InvalidQuery(
            parameter, f"{name[:40]!r} is none of {', '.join(DIMENSIONS)} or {PROP}KEY"
        )
    return Dimension(prop_name(key), key, "event", prop=key)


def prop_name(key: str) -> str:
    """The name of the dimension that is a custom property."""
    return PROP + quote(key, safe="")
