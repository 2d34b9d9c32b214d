"""What raw rows say of events and visits: the same for files of sealed days and for open days."""

from collections.abc import Mapping

from tracking.columns.schema import (
    ALONE,
    ENGAGEMENT_KIND,
    EVENT_COLUMNS,
    EVENT_KIND,
    FIRSTS,
    HOUR,
    MARKED,
    OF_VISITORS,
    OF_VISITS,
    PAGEVIEW_KIND,
    REPEATED,
    SECTION_OF_EVENT,
    SECTION_OF_VISIT,
    SHARED,
    SHARED_LATER,
    TRAITS,
    VISIT_COLUMNS,
)
from tracking.columns.tables import Source, Table

IN_TIME = "moment::HUGEINT * 9223372036854775808 + event"
"""The order of events by moment and id, as one number: pairs take a fifth longer to compare."""

# An engagement signal lengthens its visit; a visit of which there is nothing else is none.
OF_ROWS = {
    "pageviews": f"count(*) FILTER (kind = {PAGEVIEW_KIND})",
    "events": f"count(*) FILTER (kind = {EVENT_KIND})",
    "duration": "(max(moment) - min(moment))::UINTEGER",
    "bounced": f"count(*) FILTER (kind = {PAGEVIEW_KIND}) <= 1"
    f" AND count(*) FILTER (kind = {EVENT_KIND} AND interactive) = 0",
    "entry_page": f"coalesce(arg_min(page, {IN_TIME}) FILTER (kind = {PAGEVIEW_KIND}), '')",
    "exit_page": f"coalesce(arg_max(page, {IN_TIME}) FILTER (kind = {PAGEVIEW_KIND}), '')",
    "day": "any_value(day)",
    "began": "min(moment)",
}
"""What raw rows say of their visits."""
BY_VISIT = f" GROUP BY visit HAVING count(*) FILTER (kind <> {ENGAGEMENT_KIND}) > 0"

HOUR_BIT = f"(1::UINTEGER << ({HOUR}))::UINTEGER"
"""The hour of an event, as a bit."""


def hours_in(bits: str) -> str:
    """The hours whose bits are set, as a list."""
    return f"[hour FOR hour IN range(24) IF ({bits} >> hour) & 1 = 1]::UTINYINT[]"


ENDS = Source(
    {
        "visit": "visit",
        **OF_ROWS,
        **{name: f"any_value({name})" for name in ("visitor", *TRAITS)},
    },
    "raw",
    after=BY_VISIT,
)
"""The visits of the table `raw`, with their visitor and traits."""


def engaged_of(raw: str) -> Source:
    """What engagement signals say of pageviews among these raw rows, by their `event`.

    A signal belongs to the latest pageview of its page in its visit, at or before it.
    """
    return Source(
        {
            "event": "p.event",
            "seconds": "sum(s.seconds)::INTEGER",
            "scroll_depth": "max(s.scroll_depth)",
        },
        f"""(SELECT * FROM {raw} WHERE kind = {ENGAGEMENT_KIND}) AS s
    ASOF JOIN (
        SELECT visit, page, moment, max(event) AS event
        FROM {raw} WHERE kind = {PAGEVIEW_KIND} GROUP BY visit, page, moment
    ) AS p ON s.visit = p.visit AND s.page = p.page AND s.moment >= p.moment""",  # noqa: S608 - constants and a table's name
        after=" GROUP BY p.event",
    )


OF_SIGNALS = ("seconds", "scroll_depth")
OWN = tuple(
    name
    for name in EVENT_COLUMNS
    if name not in {*OF_VISITS, *OF_SIGNALS, "sole"} and not name.endswith("_mark")
)


def open_tables(ends: str) -> dict[str, Table]:
    """The tables `events` and `visits` of open days, and what they are made of.

    They are over the table `raw`, and over one with those columns of ENDS that are asked for.
    """
    of_visits = {"day", "visit", "visitor", "pageviews", "events", *OF_VISITS, *TRAITS}
    events = Source(
        {name: f"r.{name}" for name in (*OWN, "moment", "event")}
        | {name: f"e.{name}" for name in OF_VISITS}
        | {name: f"engaged.{name}" for name in OF_SIGNALS}
        | {"sole": "false"},
        "raw AS r",
        {
            f" JOIN {ends} AS e ON e.visit = r.visit": OF_VISITS.keys(),
            " LEFT JOIN engaged ON engaged.event = r.event": {*OF_SIGNALS},
        },
        f" WHERE r.kind <> {ENGAGEMENT_KIND}",
    )
    visits = Source({name: name for name in sorted(of_visits)} | {"sole": "false"}, ends)
    return {
        "engaged": Table([engaged_of("raw")]),
        "events": Table([events]),
        "visits": Table([visits]),
    }


def numbered_visits(first: int) -> str:
    """Makes the temporary table `numbered`, of all visits in the tables `rows` and `traits`.

    Those that are alike are neighbours, and so are a visitor's.
    """
    order = ", ".join(f"t.{name}" for name in (*OF_VISITORS, "visitor"))
    return f"""
        CREATE OR REPLACE TEMP TABLE numbered AS
        SELECT visit, (min(number) OVER of_visitor)::UINTEGER AS visitor,
            number::UINTEGER AS number, count(*) OVER of_visitor = 1 AS sole, hours,
            sum(bit_count(hours)) OVER of_visitor = bit_count(bit_or(hours) OVER of_visitor)
                AS sole_hours,
            {", ".join(("day", "pageviews", "events", *OF_VISITS))}
        FROM (SELECT e.*, t.visitor,
                row_number() OVER (ORDER BY e.day, {order}, e.began, e.visit) - 1 + {int(first)}
                AS number
            FROM (SELECT visit, {", ".join(f"{sql} AS {name}" for name, sql in OF_ROWS.items())},
                    bit_or({HOUR_BIT}) FILTER (kind <> {ENGAGEMENT_KIND}) AS hours
                FROM rows{BY_VISIT}) AS e
            JOIN traits AS t ON t.visit = e.visit)
        WINDOW of_visitor AS (PARTITION BY visitor)"""  # noqa: S608 - constants


def first_visits() -> str:
    """Makes the temporary table `firsts`, of those visits whose visitor has others.

    A bit says that no earlier visit of the visitor had the value.
    """
    sources = {name: "n" if name in OF_VISITS else "t" for name in FIRSTS}
    bits = " + ".join(
        f"CASE WHEN row_number() OVER (PARTITION BY n.visitor, {sources[name]}.{name}"
        f" ORDER BY n.number) = 1 THEN {bit} ELSE 0 END"
        for name, bit in FIRSTS.items()
    )
    return f"""
        CREATE OR REPLACE TEMP TABLE firsts AS
        SELECT n.visit, {bits} AS firsts
        FROM numbered AS n JOIN traits AS t ON t.visit = n.visit WHERE NOT n.sole"""  # noqa: S608


def sealed_visits() -> str:
    """A day's rows of visits, from `numbered`, `firsts` and `traits`: from $first to $last."""
    sources = {name: f"t.{name}" for name in TRAITS} | {"visit": "n.number"}
    sources["firsts"] = f"coalesce(f.firsts, {sum(FIRSTS.values())})"
    sources["hours"] = hours_in("n.hours")
    return f"""
        SELECT {_columns(VISIT_COLUMNS, sources, "n")}
        FROM (FROM numbered WHERE number BETWEEN $first AND $last) AS n
        JOIN traits AS t ON t.visit = n.visit
        LEFT JOIN firsts AS f ON f.visit = n.visit
        ORDER BY {SECTION_OF_VISIT}, n.number"""  # noqa: S608 - constants


def marks() -> str:
    """Makes the temporary table `marks`, of all events in the table `rows`.

    Of a visit's events with the same value any one can be the first: they are selected together.
    """
    firsts = ", ".join(
        f"{name}_firsts AS (SELECT min(pk) AS pk, any_value(visitor) AS visitor,"  # noqa: S608
        f" any_value(sole) AS sole, {name} AS value FROM events GROUP BY visit, {name})"
        for name in MARKED
    )
    nothing = ", ".join(f"{REPEATED} AS {name}_mark" for name in MARKED)
    columns = ", ".join(f"max({name}_mark)::UTINYINT AS {name}_mark" for name in MARKED)
    return f"""
        CREATE OR REPLACE TEMP TABLE marks AS
        WITH events AS MATERIALIZED (
            SELECT r.event AS pk, n.number AS visit, n.visitor, n.sole,
                {", ".join(f"r.{value} AS {name}" for name, value in MARKED.items())}
            FROM rows AS r JOIN numbered AS n ON n.visit = r.visit
            WHERE r.kind <> {ENGAGEMENT_KIND}
        ), {firsts}
        SELECT pk, {columns} FROM ({" UNION ALL BY NAME ".join(_marks_of(n) for n in MARKED)}
            UNION ALL BY NAME SELECT pk, {nothing} FROM events)
        GROUP BY pk"""  # noqa: S608 - constants


def joined_events() -> tuple[str, str]:
    """Make the temporary table `joined`, of events with all but their visit's `traits`."""
    own = ", ".join(f"r.{name}" for name in OWN if name not in {*TRAITS, "visit", "visitor"})
    engaged = engaged_of("rows").query({"event", *OF_SIGNALS})
    return (
        f"CREATE OR REPLACE TEMP TABLE engaged AS {engaged}",
        f"""
        CREATE OR REPLACE TEMP TABLE joined AS
        SELECT {own}, r.visit, r.moment, r.event, n.number, n.visitor, n.sole,
            {", ".join(f"n.{name}" for name in OF_VISITS)}, m.* EXCLUDE (pk),
            g.seconds, g.scroll_depth
        FROM rows AS r
        JOIN numbered AS n ON n.visit = r.visit
        JOIN marks AS m ON m.pk = r.event
        LEFT JOIN engaged AS g ON g.event = r.event
        WHERE r.kind <> {ENGAGEMENT_KIND}
        ORDER BY n.number""",  # noqa: S608 - constants
    )


def sealed_events() -> str:
    """A day's rows of events, from `joined` and `traits`: of visits from $first to $last."""
    sources = {name: f"t.{name}" for name in TRAITS} | {"visit": "j.number"}
    return f"""
        SELECT {_columns(EVENT_COLUMNS, sources, "j")}
        FROM (FROM joined WHERE number BETWEEN $first AND $last) AS j
        JOIN traits AS t ON t.visit = j.visit
        ORDER BY {SECTION_OF_EVENT}, j.number, j.moment, j.event"""  # noqa: S608 - constants


def _columns(kinds: Mapping[str, str], sources: Mapping[str, str], otherwise: str) -> str:
    """Typed columns from the tables that have them, or from the other one."""
    return ", ".join(
        f"{sources.get(name, f'{otherwise}.{name}')}::{kind} AS {name}"
        for name, kind in kinds.items()
    )


def _marks_of(name: str) -> str:
    """The first events of visits with a value; only some visitors' values need a second look."""
    others = ", ".join(f"{REPEATED} AS {other}_mark" for other in MARKED if other != name)
    return f"""
        SELECT pk, {ALONE} AS {name}_mark, {others} FROM {name}_firsts WHERE sole
        UNION ALL BY NAME
        SELECT pk, CASE WHEN count(*) OVER of_value = 1 THEN {ALONE}
            WHEN min(pk) OVER of_value = pk THEN {SHARED} ELSE {SHARED_LATER} END AS {name}_mark,
            {others}
        FROM {name}_firsts WHERE NOT sole
        WINDOW of_value AS (PARTITION BY visitor, value)"""  # noqa: S608 - constants
