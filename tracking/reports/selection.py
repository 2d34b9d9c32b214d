"""Which rows a question selects, as SQL over the tables `events` and `visits`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Literal

from tracking.columns.read import Part
from tracking.columns.schema import ALONE, HOUR, MARKED, SHARED, SHARED_LATER
from tracking.columns.tables import with_tables
from tracking.reports.conditions import (
    PATTERNS,
    All,
    AnyOf,
    Condition,
    Did,
    Filter,
    Not,
    conjuncts,
    parts_of,
    scope_of,
)
from tracking.reports.dimensions import OF_A_VISITOR, Dimension, dimension_named

COLUMNS = {
    "event": "name",
    # A row a key; what has no properties has no row.
    "property": "unnest(CASE WHEN props = '' THEN [] ELSE json_keys(props) END)",
}
NUMBERS = {"hour": HOUR, "weekday": "isodow(day)"}
"""Where a dimension's text is not the column of its own name."""

MANY_VALUED = frozenset({"page", "title"})
"""What most events differ in: without some values of it most of them are left."""

OF_PIECE = "day BETWEEN $piece_from AND $piece_to"


@dataclass(frozen=True)
class Bits:
    """A string of bits, one a visit: a blob, in the column of the one row that `query` gives.

    `alone`, if it is not empty, gives that column only, in less time.
    """

    query: str
    column: str
    alone: str = ""


Which = Literal["selected", "first", "lone", "shared"]
"""Of visits with a value that events are marked for: all; of each visitor the first that has it;
those whose visitors have no other with it, and those of all other visitors."""
WHICH_MARKS = {
    "first": (ALONE, SHARED),
    "lone": (ALONE, ALONE),
    "shared": (SHARED, SHARED_LATER),
}
"""The marks that tell of these."""


@dataclass
class Tables:
    """The tables of one statement so far: a part's, and those of `expressions` over them.

    `variables` are to be set before it, in their order.
    """

    part: Part
    expressions: list[str] = field(default_factory=list)
    parameters: dict[str, Any] = field(default_factory=dict)
    variables: dict[str, Bits] = field(default_factory=dict)
    _bound: dict[Any, str] = field(default_factory=dict)
    _pieces: Sequence[tuple[date, date]] = ()

    @classmethod
    def of(cls, part: Part) -> "Tables":
        """Those of the part alone."""
        return cls(part, [], dict(part.parameters))

    def bind(self, value: Any) -> str:
        """A parameter with this value, the same each time."""
        name = self._bound.setdefault(value, f"p{len(self.parameters)}")
        self.parameters[name] = value
        return f"${name}"

    def statement(self, query: str) -> str:
        """A query over these tables, with what it names of them."""
        return with_tables(self.part.tables, query, self.expressions)

    def add(self, name: str, query: str) -> str:
        """One more table; returns its name, made different from all others."""
        name = f"{name}_{len(self.expressions)}"
        self.expressions.append(f"{name} AS MATERIALIZED ({query})")
        return name

    def of_piece(self, test: str, *, with_one_page: bool = False) -> str:
        """A test for rows of sealed days, restricted to one of the part's pieces.

        The statement is then carried out for each: what is told apart in it fits into memory. All
        tests in one statement are of the same pieces.
        """
        self._pieces = self.part.pieces(with_one_page=with_one_page)
        return f"{test} AND {OF_PIECE}" if self._pieces else test

    def pieces_of(self, sql: str) -> Sequence[tuple[date, date]]:
        """The pieces that a statement is to be carried out for; none for all days at once."""
        return self._pieces if OF_PIECE in sql else ()

    def visits_with(self, event: str, mark: str = "", which: Which = "selected") -> str:
        """Whether a row's visit has an event for which this holds.

        Where that is one value of what events are marked for, `mark` is the mark's name. Of
        numbered visits `which` then says which of those with the value are meant.
        """
        if not mark or self.part.first is None:
            return self.among(f"SELECT visit FROM events WHERE {event}")  # noqa: S608
        # One reading tells all of them.
        columns = "".join(
            f", (bit_or(bits) FILTER (mark IS NULL OR mark IN {marks}))::BLOB AS {name}"
            for name, marks in WHICH_MARKS.items()
        )
        query = (
            f"SELECT bit_or(bits)::BLOB AS selected{columns}"  # noqa: S608
            f" FROM (SELECT NULL AS mark, {self._no_bits} AS bits UNION ALL"
            f" SELECT {mark} AS mark, {self._bits_in('visit')} AS bits FROM events"
            f" WHERE {event} GROUP BY mark)"
        )
        alone = ""
        if which == "selected":
            alone = self._bits_of(f"SELECT visit FROM events WHERE {event}").query  # noqa: S608
        return self._is_in(Bits(query, which, alone))

    def among(self, visits: str) -> str:
        """Whether a row's visit is among those that a query gives.

        Of numbered visits that is a string of bits, and else a set: bits take a tenth of the time.
        """
        if self.part.first is None:
            found = self.add("found", f"SELECT visit FROM ({visits}) GROUP BY visit")  # noqa: S608
            return f"visit IN (SELECT visit FROM {found})"  # noqa: S608 - a name of ours
        return self._is_in(self._bits_of(visits))

    def count_of(self, visits: str) -> str:
        """How many different visits a query gives, of numbered ones."""
        return f"bit_count(getvariable('{self._variable(self._bits_of(visits))}')::BIT)"

    def count_in(self, column: str, rows: str) -> str:
        """A query for how many different numbers of visits stand in a column of numbered rows."""
        bits = self._bits_in(column)
        return f"SELECT coalesce(bit_count({bits}), 0) AS visitors FROM {rows}"  # noqa: S608 - as above

    def _bits_of(self, visits: str) -> Bits:
        bits = f"coalesce({self._bits_in('visit')}, {self._no_bits})::BLOB"
        return Bits(f"SELECT {bits} AS selected FROM ({visits})", "selected")  # noqa: S608 - queries of ours

    @property
    def _begin(self) -> int:
        """The visit of the first bit.

        Where numbers begin near zero it is that: to move them takes a fifth of a look-up's time.
        """
        part = self.part
        assert part.first is not None  # noqa: S101 - asked of numbered visits alone
        assert part.last is not None  # noqa: S101
        return part.first if part.first * 8 > part.last else 0

    @property
    def _length(self) -> int:
        """The length of strings of bits: whole bytes, as blobs are filled up to these in front."""
        assert self.part.last is not None  # noqa: S101 - as above
        return ((self.part.last - self._begin) // 8 + 1) * 8

    def _bits_in(self, column: str) -> str:
        """An aggregate: a string with the bits of the visits that a column has."""
        return f"bitstring_agg({column}, {self._begin}, {self._begin + self._length - 1})"

    @property
    def _no_bits(self) -> str:
        return f"bitstring('0', {self._length})"

    def _is_in(self, bits: Bits) -> str:
        """Whether a row's visit has its bit set."""
        place = f"(visit - {self._begin})" if self._begin else "visit"
        return f"get_bit(getvariable('{self._variable(bits)}'), {place}::INTEGER) = 1"

    def _variable(self, bits: Bits) -> str:
        """The name of the variable that has them: a subquery would be joined."""
        alone = bits.alone and with_tables(self.part.tables, bits.alone)
        bits = replace(bits, query=with_tables(self.part.tables, bits.query), alone=alone)
        name = next((one for one, other in self.variables.items() if other == bits), "")
        if not name:
            name = f"visits_{len(self.variables)}"
            self.variables[name] = bits
        return name


@dataclass(frozen=True)
class Pin:
    """The one value of a marked attribute that visits are selected for, beside what is a visitor's.

    Marks of the events with that value, for which `wanted` holds, then tell of these visits and
    their visitors. `others` is what else holds for rows of either table.
    """

    tables: Tables
    mark: str
    wanted: str
    others: Sequence[str]

    def has(self, which: Which) -> str:
        """Whether a visit is selected, and one of these."""
        return " AND ".join([*self.others, self.tables.visits_with(self.wanted, self.mark, which)])


@dataclass(frozen=True)
class Selection:
    """What holds for selected rows of `events`: `event`, and of `visits`: `visit`.

    A visit is selected when at least one of its events is. `attributes` are those of events that
    make the difference; when there are none, whole visits are selected. `differing` are the
    dimensions in which a visitor's visits may be told apart by it. `pin` is there when marks of
    events tell all of that.
    """

    tables: Tables
    event: str
    attributes: frozenset[str]
    differing: frozenset[str]
    conditions: Sequence[Condition]
    pin: Pin | None = None

    @property
    def of_visits(self) -> "Selection":
        """The same without what is asked of events by themselves."""
        return select(self.tables, [one for one in self.conditions if scope_of(one) == "visit"])

    @property
    def left_out(self) -> str:
        """Holds for events that are not selected although their visit may be.

        It is empty where these may be most events.
        """
        of_events = [one for one in self.conditions if scope_of(one) == "event"]
        if self.attributes <= MANY_VALUED and all(map(_leaves_out, of_events)):
            return " OR ".join(f"NOT {expression(self.tables, one)}" for one in of_events)
        return ""

    @property
    def is_of_one_page(self) -> bool:
        """Whether all selected events are of one page."""
        return self.pin is not None and self.attributes == {"page"}

    @property
    def visit(self) -> str:
        """Whether a visit is selected; what is to be known of its events is looked up once."""
        if self.pin:
            return self.pin.has("selected")
        return self.tables.visits_with(self.event) if self.attributes else self.event

    @property
    def of_each_visitor(self) -> str:
        """Holds for one visit of each visitor with a selected one, of sealed days.

        It is the one whose number is the visitor's: it may itself be left out.
        """
        return f"visit = visitor AND {self.tables.among(self._visitors)}"

    @property
    def visitors(self) -> str:
        """How many visitors of sealed days have a selected visit."""
        return self.tables.count_of(self._visitors)

    @property
    def visitors_of_events(self) -> str:
        """A query for the same, without the visits, where nothing else asks for them."""
        return self.tables.count_in("visitor", f"events WHERE {self.event}")

    @property
    def _visitors(self) -> str:
        # A visitor has the number of one of its visits.
        return f"SELECT visitor AS visit FROM visits WHERE {self.visit}"  # noqa: S608 - constants and parameters


def select(
    tables: Tables, conditions: Sequence[Condition], bounds: Mapping[str, str] | None = None
) -> Selection:
    """The selection of what all of these hold for.

    `bounds` are SQL that holds for events, too, by the attribute that it is on.
    """
    bounds = bounds or {}
    tests = [*(expression(tables, one) for one in conditions), *bounds.values()]
    # To look a visit up takes longest.
    event = " AND ".join(sorted(tests, key=lambda sql: "getvariable" in sql))
    attributes = frozenset(one for condition in conditions for one in _event_attributes(condition))
    attributes |= bounds.keys()
    differing = frozenset(one for condition in conditions for one in _differing(condition))
    pin = None if bounds or tables.part.first is None else _pin(tables, conditions)
    return Selection(tables, event or "true", attributes, differing | attributes, conditions, pin)


def _pin(tables: Tables, conditions: Sequence[Condition]) -> Pin | None:
    parts = [part for condition in conditions for part in conjuncts(condition)]
    of_events = [one for one in parts if isinstance(one, Did) or scope_of(one) == "event"]
    others = [one for one in parts if one not in of_events]
    if len(of_events) != 1 or any(True for one in others for _ in _differing(one)):
        return None
    [one] = of_events
    wanted = one.of if isinstance(one, Did) else one
    mark = _mark_of(wanted)
    if not mark:
        return None
    sql = [expression(tables, one) for one in others]
    return Pin(tables, mark, expression(tables, wanted), sql)


def _leaves_out(condition: Condition) -> bool:
    """Whether it leaves out what has some values, and takes all else."""
    return isinstance(condition, Filter) and condition.operator in NEGATED - {"is_not_set"}


def _mark_of(condition: Condition) -> str:
    """The name of the mark that tells of visits with an event for which this holds, if one does."""
    match condition:
        case Filter(dimension, "is", (_,)) if dimension in MARKED:
            return f"{dimension}_mark"
    return ""


def expression(tables: Tables, condition: Condition) -> str:
    """Whether a condition holds for a row; one on whole visits does for rows of `visits`, too."""
    match condition:
        case Filter():
            return _filter(tables, condition)
        case Not():
            return f"NOT {expression(tables, condition.of)}"
        case Did():
            return tables.visits_with(expression(tables, condition.of), _mark_of(condition.of))
        case All():
            return f"({' AND '.join(expression(tables, one) for one in condition.of)})"
        case AnyOf():
            return f"({' OR '.join(expression(tables, one) for one in condition.of)})"


def text_of(tables: Tables, dimension: Dimension) -> str:
    """A row's text in this dimension, empty where it has none."""
    if dimension.prop:
        quoted = dimension.prop.replace("\\", "\\\\").replace('"', '\\"')
        path = tables.bind(f'$."{quoted}"')
        # Most events have no properties: their text is not read as JSON.
        return f"CASE WHEN props = '' THEN '' ELSE coalesce(props ->> {path}, '') END"
    if dimension.name in NUMBERS:
        return f"({NUMBERS[dimension.name]})::VARCHAR"
    return COLUMNS.get(dimension.name, dimension.name)


def _filter(tables: Tables, one: Filter) -> str:
    dimension = dimension_named(one.dimension, "filter")
    test = _test(tables, one, text_of(tables, dimension))
    if one.operator in NEGATED:
        return f"NOT {test}"
    if dimension.prop and all(value.strip("*") for value in one.values):
        # Most events have none: of those nothing but that is read.
        return f"(props <> '' AND {test})"
    return test


def _test(tables: Tables, one: Filter, text: str) -> str:
    """What a filter says, or what it says is not so."""
    if one.operator in {"is_set", "is_not_set"}:
        return f"({text} <> '')"
    is_glob = one.operator in PATTERNS
    values = [tables.bind(_like(value) if is_glob else value) for value in one.values]
    if one.operator in {"is", "is_not"}:
        return f"({text} IN ({', '.join(values)}))"
    if is_glob:
        tests = [f"{text} LIKE {value} ESCAPE '\\'" for value in values]
    else:
        tests = [f"contains(lower({text}), lower({value}))" for value in values]
    return f"({' OR '.join(tests)})"


NEGATED = frozenset({"is_not", "does_not_contain", "does_not_match", "is_not_set"})


def _like(glob: str) -> str:
    """A pattern of LIKE for a glob, in which only `*` and `?` mean something else."""
    escaped = "".join(f"\\{letter}" if letter in "\\%_" else letter for letter in glob)
    return escaped.replace("*", "%").replace("?", "_")


def _event_attributes(condition: Condition) -> Iterator[str]:
    """The dimensions of events that a condition is about, outside of what a visit did."""
    if scope_of(condition) == "visit":
        return
    if isinstance(condition, Filter):
        yield condition.dimension
    for one in parts_of(condition):
        yield from _event_attributes(one)


def _differing(condition: Condition) -> Iterator[str]:
    """The dimensions in a condition that visits of one visitor may differ in."""
    if isinstance(condition, Filter) and condition.dimension not in OF_A_VISITOR:
        yield condition.dimension
    elif isinstance(condition, Did):
        yield "did"
    else:
        for one in parts_of(condition):
            yield from _differing(one)
