"""What stands in the files that reports read, and how files of earlier schemas are read.

Raw rows are in chunks: an event, or an engagement signal, with its visit's attributes. A sealed
day has two files, of its events and of its visits, whose rows say of each other what is worth
knowing beforehand.
"""

SCHEMA = 3
"""The number of this schema. It stands beside each file's name, and in the file itself."""

PAGEVIEW_KIND, EVENT_KIND, ENGAGEMENT_KIND = 1, 2, 3

OF_VISITORS = (
    *("country", "region", "city"),
    *("browser", "browser_version", "system", "system_version", "device"),
)
"""What is the same for all of a visitor's visits of a day; files are in this order, by which most
neighbours are alike."""
TRAITS = (
    *("referrer", "source", "channel"),
    *("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term"),
    *("country", "region", "city"),
    *("browser", "browser_version", "system", "system_version", "device", "screen", "language"),
)
TRAIT_COLUMNS = dict.fromkeys(TRAITS, "VARCHAR")

RAW_COLUMNS = {
    "chunk": "INTEGER",
    "kind": "TINYINT",
    "site": "INTEGER",
    "event": "BIGINT",
    "visit": "BIGINT",
    "visitor": "BIGINT",
    "day": "DATE",
    "minute": "SMALLINT",  # of the local day, 0 to 1439
    "moment": "BIGINT",  # milliseconds since 1970, UTC
    "name": "VARCHAR",
    "page": "VARCHAR",
    "hostname": "VARCHAR",
    "title": "VARCHAR",
    "props": "VARCHAR",
    "interactive": "BOOLEAN",
    "seconds": "INTEGER",
    "scroll_depth": "TINYINT",
    "revenue": "BIGINT",  # millionths of the currency's unit
    "currency": "VARCHAR",
} | TRAIT_COLUMNS

OF_VISITS = {
    "entry_page": "VARCHAR",
    "exit_page": "VARCHAR",
    "bounced": "BOOLEAN",
    "duration": "UINTEGER",  # milliseconds
}
"""What is known of a visit once its events are, and stands with each of them."""

HOUR = "minute // 60"
"""The hour of the day of an event, and of a raw row."""

MARKED = {
    "page": "page",
    "title": "title",
    "hostname": "hostname",
    "event": "name",
}
"""Attributes of an event for which a mark says how it counts, and what they are in a row."""

REPEATED, ALONE, SHARED, SHARED_LATER = 0, 1, 2, 4
"""Not the first event of its visit with this value; the first, and no other visit of the visitor
has one; the first, and it is the first of several visits that have one; the first, and an earlier
visit of the visitor has one, too."""

FIRSTS = {
    name: 1 << place
    for place, name in enumerate(
        (
            *("entry_page", "exit_page", "referrer", "source", "channel"),
            *("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term"),
            *("screen", "language"),
        )
    )
}
"""The bits of a visit's `firsts`: whether it is its visitor's first with this value."""

MARK_COLUMNS = {f"{name}_mark": "UTINYINT" for name in MARKED}

SHARED_VISIT = "NOT sole"
SECTION_OF_EVENT = f"""CASE WHEN greatest({", ".join(MARK_COLUMNS)}) >= {SHARED} THEN 2
    WHEN kind = {EVENT_KIND} OR props <> '' THEN 1 ELSE 0 END"""
SECTION_OF_VISIT = f"CASE WHEN {SHARED_VISIT} THEN 1 ELSE 0 END"
"""The section of its file in which a row of a sealed day stands.

The last is of rows that may be among several in which their visitor counts once. Before it come
events that are no plain pageviews. Whoever asks for either passes over groups of all other rows.
"""

# Visits are numbered, so that a set of them is a string of bits; a visitor has the lowest number of
# its visits. Numbers are a site's own, and a day that is sealed again gets new ones. A day's visits
# that are alike have numbers, and rows, next to each other: files are a sixth smaller for it.
_SEALED_COLUMNS = {
    "day": "DATE",
    "visit": "UINTEGER",
    "visitor": "UINTEGER",
    "sole": "BOOLEAN",  # the visitor's only visit
}
EVENT_COLUMNS = (
    _SEALED_COLUMNS
    | {
        "minute": "SMALLINT",
        "kind": "TINYINT",
        "name": "VARCHAR",
        "page": "VARCHAR",
        "hostname": "VARCHAR",
        "title": "VARCHAR",
        "props": "VARCHAR",
        "seconds": "INTEGER",  # of all signals that belong to this pageview; null without any
        "scroll_depth": "TINYINT",
        "revenue": "BIGINT",
        "currency": "VARCHAR",
    }
    | MARK_COLUMNS
    | OF_VISITS
    | TRAIT_COLUMNS
)
VISIT_COLUMNS = (
    _SEALED_COLUMNS
    | {"pageviews": "UINTEGER", "events": "UINTEGER", "firsts": "USMALLINT"}
    | {
        "hours": "UTINYINT[]",  # of the local day, in which the visit has events
        "sole_hours": "BOOLEAN",  # no two visits of the visitor have an hour in common
    }
    | OF_VISITS
    | TRAIT_COLUMNS
)

RAW_SCHEMAS: dict[int, dict[str, str]] = {
    # It kept hours alone, and neither minutes nor revenue.
    1: {"minute": "hour::SMALLINT * 60", "revenue": "NULL::BIGINT", "currency": "''"},
    2: {},
    3: {},
}
"""For each schema, what raw rows have in the place of columns that the schema did not know."""

SEALED_SCHEMAS: dict[int, dict[str, str]] = {
    # Hours stood in the rows of events alone.
    2: {"hours": "NULL::UTINYINT[]", "sole_hours": "false"},
    3: {},
}
"""For each schema with files of events and visits, what these visits have in such a place."""


def raw_columns(schema: int) -> dict[str, str]:
    """What a raw row's columns are, as SQL over a file of this schema."""
    return {name: name for name in RAW_COLUMNS} | RAW_SCHEMAS[schema]
