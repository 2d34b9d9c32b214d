"""The wide rows that chunks and sealed days hold: an event with all its visit's attributes."""

SCHEMA = 1
"""The number of this schema; it stands in every manifest, and other numbers are rebuilt."""

PAGEVIEW_KIND, EVENT_KIND, ENGAGEMENT_KIND = 1, 2, 3

OWN_COLUMNS = {
    "chunk": "INTEGER",
    "kind": "TINYINT",
    "site": "INTEGER",
    "event": "BIGINT",
    "visit": "BIGINT",
    "visitor": "BIGINT",
    "day": "DATE",
    "hour": "TINYINT",
    "moment": "BIGINT",  # milliseconds since 1970, UTC
    "name": "VARCHAR",
    "page": "VARCHAR",
    "hostname": "VARCHAR",
    "title": "VARCHAR",
    "props": "VARCHAR",
    "interactive": "BOOLEAN",
    "seconds": "INTEGER",
    "scroll_depth": "TINYINT",
}
TRAITS = (
    *("referrer", "source", "channel"),
    *("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term"),
    *("country", "region", "city"),
    *("browser", "browser_version", "system", "system_version", "device", "screen", "language"),
)
COLUMNS = OWN_COLUMNS | dict.fromkeys(TRAITS, "VARCHAR")

EMPTY = "SELECT " + ", ".join(f"NULL::{kind} AS {name}" for name, kind in COLUMNS.items())
EMPTY += " WHERE false"
