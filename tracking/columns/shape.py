"""What raw rows say of events and visits: the same for files of sealed days and for open days."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

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

IN_TIME = "moment::HUGEINT * 9223372036854775808 + event"
"""The order of events by moment and id, as one number: pairs take a fifth longer to compare."""

# An engagement signal lengthens its visit; a visit of which there is nothing else is none.
OF_ROWS = f"""
        count(*) FILTER (kind = {PAGEVIEW_KIND}) AS pageviews,
        count(*) FILTER (kind = {EVENT_KIND}) AS events,
        (max(moment) - min(moment))::UINTEGER AS duration,
        count(*) FILTER (kind = {PAGEVIEW_KIND}) <= 1
            AND count(*) FILTER (kind = {EVENT_KIND} AND interactive) = 0 AS bounced,
        coalesce(arg_min(page, {IN_TIME}) FILTER (kind = {PAGEVIEW_KIND}), '') AS entry_page,
        coalesce(arg_max(page, {IN_TIME}) FILTER (kind = {PAGEVIEW_KIND}), '') AS exit_page,
        any_value(day) AS day, min(moment) AS began"""


HOUR_BIT = f"(1::UINTEGER << ({HOUR}))::UINTEGER"
"""The hour of an event, as a bit."""


def hours_in(bits: str) -> str:
    """The hours whose bits are set, as a list."""
    return f"[hour FOR hour IN range(24) IF ({bits} >> hour) & 1 = 1]::UTINYINT[]"


def ends_of(raw: str, attributes: AbstractSet[str] = frozenset(TRAITS)) -> str:
    """A query for the visits of these raw rows, by their `visit`, with their visitor.

    Of their traits they have those that are among the attributes.
    """
    names = ["visitor", *(name for name in TRAITS if name in attributes)]
    return f"""
    SELECT visit, {OF_ROWS},
        {", ".join(f"any_value({name}) AS {name}" for name in names)}
    FROM {raw} GROUP BY visit HAVING count(*) FILTER (kind <> {ENGAGEMENT_KIND}) > 0"""  # noqa: S608 - constants and a table's name


def engaged_of(raw: str) -> str:
    """A query for what engagement signals say of pageviews among these raw rows, by their `event`.

    A signal belongs to the latest pageview of its page in its visit, at or before it.
    """
    return f"""
    SELECT p.event AS event, sum(s.seconds)::INTEGER AS seconds, max(s.scroll_depth) AS scroll_depth
    FROM (SELECT * FROM {raw} WHERE kind = {ENGAGEMENT_KIND}) AS s
    ASOF JOIN (
        SELECT visit, page, moment, max(event) AS event
        FROM {raw} WHERE kind = {PAGEVIEW_KIND} GROUP BY visit, page, moment
    ) AS p ON s.visit = p.visit AND s.page = p.page AND s.moment >= p.moment
    GROUP BY p.event"""  # noqa: S608 - as above


OWN = tuple(
    name
    for name in EVENT_COLUMNS
    if name not in {*OF_VISITS, "sole", "seconds", "scroll_depth"} and not name.endswith("_mark")
)

ALWAYS = frozenset(
    {*("day", "visit", "visitor", "minute", "kind", "name", "props", "revenue", "currency")}
)
"""Of these, what open days' events have whether they are asked for or not."""


def open_tables(raw: str, ends: str, names: AbstractSet[str]) -> dict[str, str]:
    """Queries for the tables `events` and `visits` of open days, and for what they are made of.

    Each is over those before it, the first over the tables of raw rows and of `ends_of` these.
    `names` are the columns of `events` that are asked for: to plan with others takes longer than to
    read some thousand rows, and some of them have to be joined.
    """
    columns = [f"r.{name}" for name in OWN if name in ALWAYS or name in names]
    columns += ["r.moment", "r.event", "false AS sole"]
    tables = {}
    joins = ""
    if names & OF_VISITS.keys():
        columns += [f"e.{name}" for name in OF_VISITS]
        joins += f" JOIN {ends} AS e ON e.visit = r.visit"
    if names & {"seconds", "scroll_depth"}:
        columns += ["engaged.seconds", "engaged.scroll_depth"]
        joins += " LEFT JOIN engaged ON engaged.event = r.event"
        tables["engaged"] = engaged_of(raw)
    else:
        columns += ["NULL::INTEGER AS seconds", "NULL::TINYINT AS scroll_depth"]
    return tables | {
        "events": f"SELECT {', '.join(columns)} FROM {raw} AS r{joins}"  # noqa: S608 - constants
        f" WHERE r.kind <> {ENGAGEMENT_KIND}",
        "visits": f"SELECT *, false AS sole FROM {ends}",  # noqa: S608 - a table's name
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
            FROM (SELECT visit, {OF_ROWS},
                    bit_or({HOUR_BIT}) FILTER (kind <> {ENGAGEMENT_KIND}) AS hours
                FROM rows GROUP BY visit
                HAVING count(*) FILTER (kind <> {ENGAGEMENT_KIND}) > 0) AS e
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
    return (
        f"CREATE OR REPLACE TEMP TABLE engaged AS {engaged_of('rows')}",
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
