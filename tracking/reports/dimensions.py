"""What rows can be grouped by and filtered on, and what each belongs to (docs/figures.md)."""

from dataclasses import dataclass
from typing import Literal

Scope = Literal["visit", "event", "time"]


@dataclass(frozen=True)
class Dimension:
    """`sql` is its text value in the rows that `sql.py` selects from; `label` is for people."""

    name: str
    label: str
    scope: Scope
    sql: str


def _visit(name: str, label: str, sql: str = "") -> Dimension:
    return Dimension(name, label, "visit", sql or name)


def _event(name: str, label: str, sql: str = "") -> Dimension:
    return Dimension(name, label, "event", sql or name)


DIMENSIONS = {
    dimension.name: dimension
    for dimension in (
        _event("page", "Page"),
        _event("title", "Title"),
        _event("hostname", "Host name"),
        _event("event", "Event", "name"),
        _event("weekday", "Weekday", "isodow(day)::VARCHAR"),
        _visit("entry_page", "Entry page"),
        _visit("exit_page", "Exit page"),
        _visit("source", "Source"),
        _visit("referrer", "Referrer"),
        _visit("channel", "Channel"),
        _visit("utm_source", "Campaign source"),
        _visit("utm_medium", "Campaign medium"),
        _visit("utm_campaign", "Campaign"),
        _visit("utm_content", "Campaign content"),
        _visit("utm_term", "Campaign term"),
        _visit("country", "Country"),
        _visit("region", "Region"),
        _visit("city", "City"),
        _visit("browser", "Browser"),
        _visit("browser_version", "Browser version"),
        _visit("system", "System"),
        _visit("system_version", "System version"),
        _visit("device", "Device"),
        _visit("screen", "Screen size"),
        _visit("language", "Language"),
        Dimension("hour", "Hour", "time", "hour::VARCHAR"),
        Dimension("day", "Day", "time", "strftime(day, '%Y-%m-%d')"),
        Dimension("month", "Month", "time", "strftime(day, '%Y-%m')"),
    )
}
FILTERABLE = frozenset(name for name, one in DIMENSIONS.items() if one.name not in {"day", "month"})
