"""What raw rows say of events and visits: the same for files of sealed days and for open days."""

from collections.abc import Set as AbstractSet

from tracking.columns.schema import (
    ALONE,
    ENGAGEMENT_KIND,
    EVENT_COLUMNS,
    EVENT_KIND,
    MARKED,
    OF_VISITS,
    PAGEVIEW_KIND,
    REPEATED,
    SHARED,
    TRAITS,
    UNMARKED,
    VISIT_COLUMNS,
)

# An engagement signal lengthens its visit; a visit of which there is nothing else is none.
ENDS = f"""
    SELECT visit,
        count(*) FILTER (kind = {PAGEVIEW_KIND}) AS pageviews,
        count(*) FILTER (kind = {EVENT_KIND}) AS events,
        (max(moment) - min(moment))::UINTEGER AS duration,
        count(*) FILTER (kind = {PAGEVIEW_KIND}) <= 1
            AND count(*) FILTER (kind = {EVENT_KIND} AND interactive) = 0 AS bounced,
        coalesce(arg_min(page, (moment, event)) FILTER (kind = {PAGEVIEW_KIND}), '') AS entry_page,
        coalesce(arg_max(page, (moment, event)) FILTER (kind = {PAGEVIEW_KIND}), '') AS exit_page,
        any_value(day) AS day, any_value(visitor) AS visitor, min(moment) AS began,
        {", ".join(f"any_value({name}) AS {name}" for name in TRAITS)}
    FROM raw GROUP BY visit HAVING count(*) FILTER (kind <> {ENGAGEMENT_KIND}) > 0"""  # noqa: S608

# A signal belongs to the latest pageview of its page in its visit, at or before it.
ENGAGED = f"""
    SELECT p.event AS event, sum(s.seconds)::INTEGER AS seconds, max(s.scroll_depth) AS scroll_depth
    FROM (SELECT * FROM raw WHERE kind = {ENGAGEMENT_KIND}) AS s
    ASOF JOIN (
        SELECT visit, page, moment, max(event) AS event
        FROM raw WHERE kind = {PAGEVIEW_KIND} GROUP BY visit, page, moment
    ) AS p ON s.visit = p.visit AND s.page = p.page AND s.moment >= p.moment
    GROUP BY p.event"""  # noqa: S608 - constants

OWN = tuple(
    name
    for name in EVENT_COLUMNS
    if name not in {*OF_VISITS, "sole", "seconds", "scroll_depth"} and not name.endswith("_mark")
)


def open_tables(raw: str, names: AbstractSet[str]) -> str:
    """Tables `raw`, `ends`, `events` and `visits` of open days, over a query for raw rows.

    `names` are the columns of `events` that are asked for: what gives others is left out.
    """
    columns = [f"r.{name}" for name in OWN]
    columns += ["r.moment", "false AS sole", *(f"{UNMARKED} AS {name}_mark" for name in MARKED)]
    joins = ""
    if names & OF_VISITS.keys():
        columns += [f"ends.{name}" for name in OF_VISITS]
        joins += " JOIN ends ON ends.visit = r.visit"
    if names & {"seconds", "scroll_depth"}:
        columns += ["engaged.seconds", "engaged.scroll_depth"]
        joins += " LEFT JOIN engaged ON engaged.event = r.event"
    else:
        columns += ["NULL::INTEGER AS seconds", "NULL::TINYINT AS scroll_depth"]
    return f"""
        raw AS ({raw}),
        ends AS ({ENDS}),
        engaged AS ({ENGAGED}),
        events AS (
            SELECT {", ".join(columns)} FROM raw AS r{joins} WHERE r.kind <> {ENGAGEMENT_KIND}
        ),
        visits AS (SELECT *, false AS sole FROM ends)"""  # noqa: S608 - constants


def numbered_visits(first: int) -> str:
    """Makes the temporary table `numbered`, of all visits in the table `raw`."""
    return f"""
        CREATE OR REPLACE TEMP TABLE numbered AS
        SELECT * EXCLUDE (visitor, number),
            number::UINTEGER AS number,
            (min(number) OVER of_visitor)::UINTEGER AS visitor,
            count(*) OVER of_visitor = 1 AS sole
        FROM (SELECT *, row_number() OVER (ORDER BY day, began, visit) - 1 + {int(first)} AS number
            FROM ({ENDS}))
        WINDOW of_visitor AS (PARTITION BY visitor)"""  # noqa: S608 - constants


def sealed_visits() -> str:
    """The rows of a day's file of visits, from `numbered`."""
    names = ", ".join("number AS visit" if name == "visit" else name for name in VISIT_COLUMNS)
    kinds = ", ".join(f"{name}::{kind} AS {name}" for name, kind in VISIT_COLUMNS.items())
    return f"SELECT {kinds} FROM (SELECT {names} FROM numbered) ORDER BY visit"  # noqa: S608


def marks() -> str:
    """Makes the temporary table `marks`, of all events in the table `raw`."""
    values = {name: "minute // 60" if name == "hour" else name for name in MARKED}
    columns = ", ".join(_mark(name) for name in MARKED)
    windows = ", ".join(
        f"{name}_of_visit AS (PARTITION BY visit, {name} ORDER BY moment, event),"
        f" {name}_of_visitor AS (PARTITION BY visitor, {name})"
        for name in MARKED
    )
    return f"""
        CREATE OR REPLACE TEMP TABLE marks AS
        SELECT event, {columns} FROM (
            SELECT r.event, r.moment, n.number AS visit, n.visitor, n.sole,
                {", ".join(f"r.{value} AS {name}" for name, value in values.items())}
            FROM raw AS r JOIN numbered AS n ON n.visit = r.visit
            WHERE r.kind <> {ENGAGEMENT_KIND}
        ) WINDOW {windows}"""  # noqa: S608 - constants


def sealed_events() -> str:
    """The rows of a day's file of events, from `raw`, `numbered` and `marks`."""
    of_visit = {"visit": "n.number", "visitor": "n.visitor", "sole": "n.sole"}
    of_visit |= {name: f"n.{name}" for name in OF_VISITS}
    others = {"seconds": "g.seconds", "scroll_depth": "g.scroll_depth"}
    others |= {f"{name}_mark": f"m.{name}_mark" for name in MARKED}
    sources = {name: f"r.{name}" for name in EVENT_COLUMNS} | of_visit | others
    columns = ", ".join(
        f"{sources[name]}::{kind} AS {name}" for name, kind in EVENT_COLUMNS.items()
    )
    return f"""
        SELECT {columns}
        FROM raw AS r
        JOIN numbered AS n ON n.visit = r.visit
        JOIN marks AS m ON m.event = r.event
        LEFT JOIN ({ENGAGED}) AS g ON g.event = r.event
        WHERE r.kind <> {ENGAGEMENT_KIND}
        ORDER BY n.number, r.moment, r.event"""  # noqa: S608 - constants


def _mark(name: str) -> str:
    return f"""
        CASE WHEN row_number() OVER {name}_of_visit > 1 THEN {REPEATED}
            WHEN sole OR min(visit) OVER {name}_of_visitor = max(visit) OVER {name}_of_visitor
            THEN {ALONE} ELSE {SHARED} END::UTINYINT AS {name}_mark"""
