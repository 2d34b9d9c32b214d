"""Sums of what was selected, for each key: what metrics are made of (docs/figures.md).

An event or a visit belongs to one local day, and so does a visitor: sums of different days add up.

Counting distinct visitors is what takes time, so as few rows as possible are asked for it. Visits
have a row each, and say whether they are their visitor's only one, and the first with each value:
those are counted, and others' visitors are told apart only under a filter that may take some of a
visitor's visits and leave others. Rows by page, title, host name or event are counted by marks in
the same way, as long as nothing else of an event is asked for: a filter on the visit takes all
events of a visit or none. So it is with rows by hour, which a visit knows of itself. Anything else
puts together each visit's events of a key first.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from tracking.columns.schema import (
    ALONE,
    EVENT_KIND,
    FIRSTS,
    HOUR,
    MARKED,
    PAGEVIEW_KIND,
    REPEATED,
    SHARED,
    SHARED_VISIT,
)
from tracking.reports.dimensions import OF_A_VISITOR, PROP, Dimension
from tracking.reports.periods import Interval
from tracking.reports.selection import (
    MANY_VALUED,
    NUMBERS,
    Selection,
    Tables,
    text_of,
)

OF_EVENTS = {
    "pageviews": f"count(*) FILTER (kind = {PAGEVIEW_KIND})",
    "events": f"count(*) FILTER (kind = {EVENT_KIND})",
    "engaged": "sum(seconds)",
    "engaged_pageviews": "count(seconds)",
    "depth": "sum(scroll_depth)",
    "depth_pageviews": "count(scroll_depth)",
}
OF_EACH = ("kind", "seconds", "scroll_depth")
"""What of an event these are made of."""
OF_A_VISIT = {
    "rated": "count(*)",
    "bounces": "count(*) FILTER (bounced)",
    "duration": "sum(duration) / 1000.0",
    "exits": "count(*) FILTER (exit_page <> '')",
}
"""Sums of a visit's own numbers, where each has one row."""
OF_ENDS = frozenset(OF_A_VISIT)
"""By page, sums of a visit's own numbers are in the rows of its entry page and exit page."""
REACHED = {"conversions", "converted"}

OF_DAY = {"week": "date_trunc('week', {})::DATE", "month": "date_trunc('month', {})::DATE"}
"""Buckets of several days, and what they are of a day."""
TIME = {
    "minute": "day::TIMESTAMP + to_minutes(minute)",
    "hour": f"day::TIMESTAMP + to_hours({HOUR})",
    "day": "day",
    **{name: sql.format("day") for name, sql in OF_DAY.items()},
}
"""What a row's bucket is."""


@dataclass(frozen=True)
class Key:
    """What rows are for: `sql` gives it from an event or, where it can, a visit.

    `attribute` is what of an event it is, empty when it is its visit's; `differing` is the
    dimension that a visitor's visits may differ in, empty when they can't. `of_day` is what it is
    of a `{}` that is a day, empty when it is the day itself or more than that says.
    """

    sql: str
    attribute: str = ""
    is_page: bool = False
    differing: str = ""
    of_day: str = ""

    @property
    def by_day(self) -> "Key":
        """The day, where it is made of that, else what it is itself."""
        return replace(self, sql="day", of_day="") if self.of_day else self

    def at(self, place: int) -> "Key":
        """The same in rows that have it already, in the column of this place."""
        return replace(self, sql=f"k{place}", of_day="")

    def of_days(self, place: int) -> "Key":
        """The same in rows that have `by_day` in the column of this place."""
        sql = self.of_day.format(f"k{place}") if self.of_day else f"k{place}"
        return replace(self, sql=sql, of_day="")


NO_KEY = Key("''")
"""What all rows share."""


def keys_of(
    tables: Tables, dimensions: Sequence[Dimension], interval: Interval, since: int | None = None
) -> tuple[Key, ...]:
    """The keys of these dimensions; without any there is one, which all rows share.

    `since` is when a realtime period begins, in milliseconds: its buckets are minutes from then.
    """
    return tuple(_key(tables, one, interval, since) for one in dimensions) or (NO_KEY,)


def _key(tables: Tables, dimension: Dimension, interval: Interval, since: int | None) -> Key:
    if dimension.name == "time":
        if interval == "minute" and since is not None:
            # Clocks of servers differ: an event may be some minutes ahead of the one who asks.
            return Key(
                f"greatest(0, least(29, 29 - (moment - {int(since)}) // 60000))",
                "moment",
                differing="moment",
            )
        attribute = {"minute": "minute", "hour": "hour"}.get(interval, "")
        return Key(TIME[interval], attribute, differing=attribute, of_day=OF_DAY.get(interval, ""))
    # Numbers are told apart sooner than texts, and become texts at the end.
    sql = NUMBERS.get(dimension.name) or text_of(tables, dimension)
    if dimension.scope == "visit":
        return Key(sql, differing="" if dimension.name in OF_A_VISITOR else dimension.name)
    is_page = dimension.name == "page"
    return Key(sql, dimension.name, is_page, differing=dimension.name)


def sums_query(
    tables: Tables, keys: Sequence[Key], selection: Selection, wanted: AbstractSet[str]
) -> str:
    """A query for the columns k0, k1 ... and the wanted sums, a row a key; adds what it needs."""
    attributes = {key.attribute for key in keys if key.attribute}
    if not attributes:
        if (
            wanted == {"visitors"}
            and keys == (NO_KEY,)
            and selection.attributes
            and not selection.pin
            and tables.part.first is not None
        ):
            return f"SELECT {NO_KEY.sql} AS k0, * FROM ({selection.visitors_of_events})"  # noqa: S608
        if selection.pin and selection.attributes and wanted & OF_EVENTS.keys():
            return _by_mark(keys, selection, wanted, selection.pin.mark)
        return _by_visit(keys, selection, wanted)
    if attributes == {"hour"} and not selection.attributes and tables.part.first is not None:
        return _by_hour(keys, selection, wanted)
    only = min(attributes)
    is_marked = only in MARKED and tables.part.first is not None
    if is_marked and attributes | selection.attributes == {only}:
        return _by_mark(keys, selection, wanted, f"{only}_mark")
    if (
        is_marked
        and attributes == {only}
        and only in MANY_VALUED
        and selection.left_out
        and not (only == "page" and wanted & OF_ENDS)
    ):
        return _by_value(tables, keys, selection, wanted, only)
    return _by_pair(tables, keys, selection, wanted)


def _by_visit(keys: Sequence[Key], selection: Selection, wanted: AbstractSet[str]) -> str:
    """Rows by attributes of visits: every selected visit is in one of them."""
    found: list[str] = []
    counts = {"visits": "count(*)"} | OF_A_VISIT
    lone = ""
    if "visitors" in wanted:
        visitors = visitors_of_visits(keys, selection)
        lone = visitors.lone_of_selected if wanted != {"visitors"} else ""
        found = _counted_apart(keys, visitors, with_others=bool(lone))
        if wanted == {"visitors"}:
            return _added(len(keys), found, wanted)
    if not selection.attributes:
        counts |= {"pageviews": "sum(pageviews)", "events": "sum(events)"}
    of_visits = _some(counts, wanted)
    of_events = _some({name: sql for name, sql in OF_EVENTS.items() if name not in counts}, wanted)
    rows = f"visits WHERE {selection.visit}"
    if lone:
        found.append(_with_lone(keys, lone, of_visits, rows))
    # Where no sum is asked for, the keys are.
    elif of_visits or not of_events:
        found.append(_grouped(keys, of_visits, rows))
    if of_events:
        found.append(_grouped(keys, of_events, f"events WHERE {selection.event}"))
    return _added(len(keys), found, wanted)


def _counted_apart(keys: Sequence[Key], visitors: "Visitors", *, with_others: bool) -> list[str]:
    """Queries for visitors; those who count by themselves may be counted with others' sums."""
    found = []
    if visitors.apart:
        found.append(_told_apart(keys, f"visits WHERE {visitors.apart}"))
    if visitors.all_together:
        found.append(f"SELECT {NO_KEY.sql} AS k0, {visitors.all_together} AS visitors")
    elif visitors.lone and not with_others:
        found.append(_grouped(keys, {"visitors": "count(*)"}, f"visits WHERE {visitors.lone}"))
    return found


def _with_lone(keys: Sequence[Key], lone: str, sums: Mapping[str, str], rows: str) -> str:
    """Sums of rows by key, and visitors: as many as there are rows for which `lone` holds."""
    again = {name: f"sum({name})" for name in sums} | {"visitors": "sum(lone) FILTER ({})"}
    return _chosen(keys, lone, {"lone": "count(*)", **sums}, again, rows)


@dataclass(frozen=True)
class Visitors:
    """How visitors of selected visits are counted in rows.

    `lone` holds for visits that count for a visitor each, and is empty when none is known to.
    `lone_of_selected` says the same of visits that are known to be selected, and is empty when
    others count, too. `apart` holds for all others whose visitors are counted once in a row; it is
    empty when there are none. `all_together` is their number where there is one row and it is known
    sooner, else it is empty.
    """

    lone: str = ""
    lone_of_selected: str = ""
    apart: str = ""
    all_together: str = ""


def visitors_of_visits(keys: Sequence[Key], selection: Selection) -> Visitors:
    """How visitors of selected visits are counted in rows of these keys."""
    if selection.tables.part.first is None:
        # Of open days nothing is known beforehand.
        return Visitors(apart=selection.visit)
    differing = {key.differing for key in keys if key.differing}
    bit = FIRSTS.get(min(differing)) if len(differing) == 1 else None
    if not differing and not selection.differing:
        # A visitor has the number of one of its visits.
        return Visitors(f"{selection.visit} AND visit = visitor", "visit = visitor")
    if not differing and selection.pin:
        first = selection.pin.has("first")
        return Visitors(first, first)
    if keys == (NO_KEY,):
        return Visitors(all_together=selection.visitors)
    if not differing:
        return Visitors(selection.of_each_visitor)
    if bit is not None and selection.differing <= differing:
        first = f"firsts & {bit} <> 0"
        return Visitors(f"{selection.visit} AND {first}", first)
    if selection.pin:
        lone = selection.pin.has("lone")
        return Visitors(lone, lone, f"{SHARED_VISIT} AND {selection.pin.has('shared')}")
    return Visitors(f"sole AND {selection.visit}", "sole", f"{SHARED_VISIT} AND {selection.visit}")


def _by_mark(keys: Sequence[Key], selection: Selection, wanted: AbstractSet[str], mark: str) -> str:
    """Rows of events by marks of one attribute, where nothing else of events is asked for."""
    differing = {key.differing for key in keys if key.differing} | selection.differing
    is_told_apart = "visitors" in wanted and len(differing) > 1
    # Comparisons take a third of what lists of marks do; events of sealed days are all marked.
    lone = f"= {ALONE}" if is_told_apart else f"BETWEEN {ALONE} AND {SHARED}"
    is_of_pages = any(key.is_page for key in keys)
    if wanted == {"visitors"}:
        rows = f"events WHERE {mark} {lone} AND {selection.event}"
        found = [_grouped(keys, {"visitors": "count(*)"}, rows)]
    else:
        of_visits = {} if is_of_pages else _some(OF_A_VISIT, wanted)
        of_events = _some(OF_EVENTS, wanted)
        # Marks are tested sooner than whether a visit is selected.
        test = selection.event if of_events else f"{mark} > {REPEATED} AND {selection.event}"
        rows = f"events WHERE {test}"
        found = [_summed_by_mark(keys, mark, lone, of_events, of_visits, rows)]
    if is_told_apart:
        found.append(_told_apart(keys, f"events WHERE {mark} >= {SHARED} AND {selection.event}"))
    if is_of_pages:
        found += _of_ends(keys, f"visits WHERE {selection.visit}", wanted, each="")
    return _added(len(keys), found, wanted)


def _summed_by_mark(
    keys: Sequence[Key],
    mark: str,
    lone: str,
    of_events: dict[str, str],
    of_visits: dict[str, str],
    rows: str,
) -> str:
    """Sums of rows by key, where marks say which count for a visit, and `lone` for a visitor."""
    first = f"FILTER ({{}} > {REPEATED})"
    sums = {"visits": f"sum(visits) {first}", "visitors": f"sum(visits) FILTER ({{}} {lone})"}
    sums |= {name: f"sum({name})" for name in of_events}
    sums |= {name: f"sum({name}) {first}" for name in of_visits}
    return _chosen(keys, mark, {"visits": "count(*)"} | of_events | of_visits, sums, rows)


def _chosen(
    keys: Sequence[Key],
    by: str,
    each: Mapping[str, str],
    sums: Mapping[str, str],
    rows: str,
) -> str:
    """Sums by key, made of `each` of rows by key and by one more value, their `{}`.

    What is chosen by that value is so from a few sums, not from all rows.
    """
    by_value = _grouped([*(key.by_day for key in keys), Key(by)], each, rows)
    own = {name: sql.format(f"k{len(keys)}") for name, sql in sums.items()}
    return _grouped([key.of_days(number) for number, key in enumerate(keys)], own, f"({by_value})")


def _by_hour(keys: Sequence[Key], selection: Selection, wanted: AbstractSet[str]) -> str:
    """Rows by hour, where whole visits of sealed days are selected: these know their hours."""
    # Their rows have the hour itself, and no minute.
    of_hours = [replace(key, sql=key.sql.replace(HOUR, "hour")) for key in keys]
    found = []
    if "visitors" in wanted:
        lone = _in_hours(f"sole_hours AND {selection.visit}")
        apart = _in_hours(f"NOT sole_hours AND {selection.visit}")
        found.append(_grouped(of_hours, {"visitors": "count(*)"}, lone))
        found.append(_told_apart(of_hours, apart))
    of_visits = _some({"visits": "count(*)"} | OF_A_VISIT, wanted)
    of_events = _some(OF_EVENTS, wanted)
    # Where no sum is asked for, the keys are.
    if of_visits or not (found or of_events):
        found.append(_grouped(of_hours, of_visits, _in_hours(selection.visit)))
    if of_events:
        found.append(_grouped(keys, of_events, f"events WHERE {selection.event}"))
    return _added(len(keys), found, wanted)


def _in_hours(test: str) -> str:
    """The visits for which this holds, a row for each `hour` in which they have events."""
    return f"(SELECT *, unnest(hours) AS hour FROM timed_visits WHERE {test})"  # noqa: S608


def _by_value(
    tables: Tables,
    keys: Sequence[Key],
    selection: Selection,
    wanted: AbstractSet[str],
    attribute: str,
) -> str:
    """Rows by a marked attribute of events, where few events are left out for others of theirs.

    Marks tell of values that no such event has, as of other pages' titles. Only of the rest each
    visit's events are put together.
    """
    value = MARKED[attribute]
    left_out = tables.of_piece(f"({selection.left_out})")
    mixed = tables.add("mixed", f"SELECT DISTINCT {value} AS value FROM events WHERE {left_out}")  # noqa: S608
    is_mixed = f"IN (SELECT value FROM {mixed})"  # noqa: S608 - a name of ours
    whole = selection.of_visits
    marked = _by_mark(
        keys, replace(whole, event=tables.of_piece(whole.event)), wanted, f"{attribute}_mark"
    )
    place = [key.attribute for key in keys].index(attribute)
    some = replace(selection, event=f"{selection.event} AND {value} {is_mixed}")
    found = [
        f"SELECT * FROM ({marked}) WHERE NOT k{place} {is_mixed}",  # noqa: S608
        _by_pair(tables, keys, some, wanted),
    ]
    return _added(len(keys), found, wanted)


def _by_pair(
    tables: Tables, keys: Sequence[Key], selection: Selection, wanted: AbstractSet[str]
) -> str:
    """Rows by any attributes of events: first the events of each visit that have the same key."""
    names = ", ".join(f"{key.sql} AS k{number}" for number, key in enumerate(keys))
    grouped = ", ".join(f"k{number}" for number in range(len(keys)))
    same = [key.at(number) for number, key in enumerate(keys)]
    event = selection.event
    if not any(key.attribute.startswith(PROP) for key in keys):
        # Most events have no properties: all that have some are put together at once.
        event = tables.of_piece(event, with_one_page=selection.is_of_one_page)
    if wanted == {"visitors"}:
        return _told_apart(keys, f"events WHERE {event}")
    of_events = _some(OF_EVENTS, wanted)
    own = {name: f"any_value({name})" for name in _needed(wanted)}
    columns = ["visit", *own, *(one for one in OF_EACH if one in " ".join(of_events.values()))]
    rows = f"(SELECT {names}, {', '.join(columns)} FROM events WHERE {event})"  # noqa: S608
    pairs = tables.add(
        "pairs",
        f"SELECT {', '.join([grouped, 'visit', *_named(own), *_named(of_events)])}"  # noqa: S608
        f" FROM {rows} GROUP BY {grouped}, visit",
    )
    counts = {"visits": "count(*)", "visitors": "count(*) FILTER (sole)"}
    counts |= {name: f"sum({name})" for name in OF_EVENTS}
    found = [_grouped(same, _some(counts, wanted), pairs)]
    if "visitors" in wanted:
        found.append(_told_apart(same, f"{pairs} WHERE {SHARED_VISIT}"))
    if any(key.is_page for key in keys):
        found += _of_ends(same, rows, wanted, each="DISTINCT ")
    elif of_visits := _some(OF_A_VISIT, wanted):
        found.append(_grouped(same, of_visits, pairs))
    return _added(len(keys), found, wanted)


NEEDED = {
    "visitors": ("visitor", "sole"),
    "bounces": ("bounced", "duration", "entry_page"),
    "duration": ("bounced", "duration", "entry_page"),
    "rated": ("bounced", "duration", "entry_page"),
    "exits": ("bounced", "duration", "exit_page"),
}
"""What of a visit, which stands with each of its events, a sum is made of."""


def _needed(wanted: AbstractSet[str]) -> list[str]:
    return sorted({column for name in wanted for column in NEEDED.get(name, ())})


def _named(sums: Mapping[str, str]) -> list[str]:
    return [f"{sql} AS {name}" for name, sql in sums.items()]


def _of_ends(keys: Sequence[Key], rows: str, wanted: AbstractSet[str], each: str) -> list[str]:
    """By page, a visit is rated in the row of its entry page, and left from that of its exit.

    `each` is what makes one row of each visit, if there are several.
    """
    found = []
    rated = {name: sql for name, sql in OF_A_VISIT.items() if name != "exits"}
    for sums, page in ((rated, "entry_page"), ({"exits": "count(*)"}, "exit_page")):
        some = _some(sums, wanted)
        if some:
            ended = [replace(key, sql=page) if key.is_page else key for key in keys]
            names = ", ".join(f"{key.sql} AS k{number}" for number, key in enumerate(ended))
            visits = f"(SELECT {each}{names}, visit, bounced, duration FROM {rows})"  # noqa: S608
            same = [key.at(number) for number, key in enumerate(keys)]
            page_key = next(f"k{number}" for number, key in enumerate(keys) if key.is_page)
            found.append(_grouped(same, some, f"{visits} WHERE {page_key} <> ''"))
    return found


def _some(sums: dict[str, str], wanted: AbstractSet[str]) -> dict[str, str]:
    return {name: sql for name, sql in sums.items() if name in wanted}


def _grouped(keys: Sequence[Key], sums: Mapping[str, str], rows: str) -> str:
    """Sums of rows by key.

    Those of buckets are made of days' sums: which bucket a day is in, is worked out once a day.
    """
    if any(key.of_day for key in keys):
        each = _grouped([key.by_day for key in keys], sums, rows)
        again = {name: f"sum({name})" for name in sums}
        return _grouped(
            [key.of_days(number) for number, key in enumerate(keys)], again, f"({each})"
        )
    names = [f"{key.sql} AS k{number}" for number, key in enumerate(keys)]
    columns = ", ".join([*names, *_named(sums)])
    places = ", ".join(str(number + 1) for number in range(len(keys)))
    return f"SELECT {columns} FROM {rows} GROUP BY {places}"  # noqa: S608 - constants and parameters


def _told_apart(keys: Sequence[Key], rows: str) -> str:
    """The distinct visitors of rows by key."""
    names = ", ".join(f"{key.sql} AS k{number}" for number, key in enumerate(keys))
    columns = ", ".join(f"k{number}" for number in range(len(keys)))
    each = f"SELECT {names}, visitor FROM {rows}"  # noqa: S608 - as above
    pairs = f"SELECT {columns}, visitor FROM ({each}) GROUP BY {columns}, visitor"  # noqa: S608
    return f"SELECT {columns}, count(*) AS visitors FROM ({pairs}) GROUP BY {columns}"  # noqa: S608


def _added(keys: int, queries: Sequence[str], wanted: AbstractSet[str]) -> str:
    """The rows of all queries, those with the same key added up."""
    names = ", ".join(f"k{number}" for number in range(keys))
    sums = ", ".join(f"coalesce(sum({name}), 0) AS {name}" for name in sorted(wanted))
    return f"SELECT {names}, {sums} FROM ({' UNION ALL BY NAME '.join(queries)}) GROUP BY {names}"  # noqa: S608
