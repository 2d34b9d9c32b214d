"""Gives reports the rows of sites and a range of days, as SQL over files."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Any

from django.utils.functional import cached_property

from tracking.columns.check import report_unreadable
from tracking.columns.chunks import NOT_HIDDEN, hidden, raw_sources
from tracking.columns.manifest import (
    EVENTS,
    VISITS,
    ChunkFile,
    Manifest,
    Sealed,
    SealedFile,
    read_manifest,
    read_sealed,
    site_folder,
)
from tracking.columns.schema import (
    EVENT_COLUMNS,
    RAW_COLUMNS,
    SEALED_SCHEMAS,
    VISIT_COLUMNS,
    raw_columns,
)
from tracking.columns.shape import ENDS, HOUR_BIT, hours_in, open_tables
from tracking.columns.tables import Source, Table
from tracking.errors import ReportUnavailable

VISITS_OF_A_PIECE = 650_000
"""With some pages each, told apart by page and visitor, these fit into the memory that there is."""
WITH_ONE_PAGE = 4
"""So many times as many fit when each has one page."""


@dataclass(frozen=True)
class Part:
    """The tables `events` and `visits`, what they are over, and parameters by name.

    The columns are those of `schema.py`; files of earlier schemas have visits' hours in the table
    `timed_visits` alone. Open days have no such table and no marks, and of events their `moment`.
    Visits of sealed days have numbers from `first` to `last`; those of open days have none that are
    dense, and both are None. `version` tells the content of sealed days apart from any other.
    `days` are the first and the last, None of open ones and of those that are to be read all at
    once.
    """

    tables: Mapping[str, Table]
    parameters: Mapping[str, Any]
    first: int | None = None
    last: int | None = None
    version: str = ""
    days: tuple[date, date] | None = None

    def pieces(self, *, with_one_page: bool) -> Sequence[tuple[date, date]]:
        """Its days in ranges of the same length, with not too many visits each.

        What is told apart of each visit may be `with_one_page`, or with any. There are none where
        all days can be read at once, or are open.
        """
        if self.days is None or self.first is None or self.last is None:
            return ()
        most = VISITS_OF_A_PIECE * (WITH_ONE_PAGE if with_one_page else 1)
        number = -(-(self.last - self.first + 1) // most)
        first_day, last_day = self.days
        length = timedelta(days=max(1, -(-((last_day - first_day).days + 1) // number)))
        found = []
        while first_day <= last_day:
            found.append((first_day, min(last_day, first_day + length - timedelta(days=1))))
            first_day += length
        return found if len(found) > 1 else ()


@dataclass(frozen=True)
class Days:
    """What there is of sites and a range of days: which of them are sealed, which are open.

    The files it names may go a minute after the call; whoever finds one missing asks again.
    """

    folder: Path
    manifest: Manifest
    sealed: Mapping[int, Sealed]
    first_day: date
    last_day: date

    @cached_property
    def sealed_part(self) -> Part | None:
        """The days that are sealed; None when there are none."""
        return _sealed_part(self)

    def open_part(self, ends: str = "") -> Part | None:
        """All other days; None when there are none.

        `ends` is the table that has what is asked for of their rows' ENDS, if there is one already.
        """
        if self._raw is None:
            return None
        raw, parameters = self._raw
        made = {} if ends else {"ends": Table([ENDS])}
        return Part({**raw, **made, **open_tables(ends or "ends")}, parameters)

    @cached_property
    def _raw(self) -> tuple[Mapping[str, Table], Mapping[str, Any]] | None:
        return _raw_tables(self)


def days_of(folder: Path, site_ids: Sequence[int], first_day: date, last_day: date) -> Days:
    """The rows of sites' local days, both ends included; the latest committed ones are among them.

    The chunks' list is read first. A day that is sealed in between is then found in both, and its
    chunk number tells the rows apart; read the other way around, it could be in neither. Raises
    ReportUnavailable when a list can't be read, and reports that to upkeep.
    """
    try:
        manifest = read_manifest(folder) or Manifest()
        sealed = {site_id: read_sealed(folder, site_id) for site_id in site_ids}
    except OSError as error:
        report_unreadable(folder)
        raise ReportUnavailable(str(error)) from error
    return Days(folder, manifest, sealed, first_day, last_day)


@dataclass
class _Sources:
    """What together makes the tables of a sealed part, and its parameters."""

    by_table: dict[str, list[Source]] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)

    def add(
        self, site: Path, files: Sequence[SealedFile], shift: int, days: Sequence[date] = ()
    ) -> None:
        """Add rows of files of one schema, of these days alone if any are given."""
        known, where = SEALED_SCHEMAS[files[0].schema], self._within(days)
        events, visits = self._read(site, files, EVENTS), self._read(site, files, VISITS)
        for table, columns, rows in (
            ("events", _columns(EVENT_COLUMNS, {}, shift), events),
            ("visits", _columns(VISIT_COLUMNS, known, shift), visits),
            ("timed_visits", *_timed_visits(known, shift, visits, events)),
        ):
            self.by_table.setdefault(table, []).append(Source(columns, rows, after=where))

    def _read(self, site: Path, files: Sequence[SealedFile], suffix: str) -> str:
        return f"read_parquet({self._bind([str(site / f'{one.name}{suffix}') for one in files])})"

    def _within(self, days: Sequence[date]) -> str:
        if not days:
            return ""
        where = f" WHERE day BETWEEN {self._bind(min(days))} AND {self._bind(max(days))}"
        if (max(days) - min(days)).days >= len(days):
            where += f" AND list_contains({self._bind(list(days))}, day)"
        return where

    def _bind(self, value: Any) -> str:
        name = f"sealed_{len(self.parameters)}"
        self.parameters[name] = value
        return f"${name}"


def _timed_visits(
    known: Mapping[str, str], shift: int, visits: str, events: str
) -> tuple[Mapping[str, str], str]:
    """The columns of visits, and the rows that they are of, with the hours of each.

    Where visits do not know them, they are found out from their events.
    """
    if "hours" not in known:
        return _columns(VISIT_COLUMNS, known, shift), visits
    of_events = (
        f"SELECT visit AS of_visit, bit_or({HOUR_BIT}) AS of_events FROM {events} GROUP BY visit"  # noqa: S608
    )
    return (
        _columns(VISIT_COLUMNS, {**known, "hours": hours_in("of_events")}, shift),
        f"{visits} JOIN ({of_events}) ON of_visit = visit",
    )


def _sealed_part(days: Days) -> Part | None:
    sources = _Sources()
    ranges = []
    end = 0
    for site_id in days.sealed:
        used = _used(days, site_id, SEALED_SCHEMAS)
        if not used:
            continue
        site = site_folder(days.folder, site_id)
        first, last = min(one.first for one in used), max(one.last for one in used)
        # Several sites' numbers are laid end to end.
        shift = end - first if len(days.sealed) > 1 else 0
        whole: dict[int, list[SealedFile]] = {}
        for one, its_days in used.items():
            if len(its_days) == one.holds:
                whole.setdefault(one.schema, []).append(one)
        for files in whole.values():
            sources.add(site, files, shift)
        for one, its_days in used.items():
            if len(its_days) != one.holds:
                sources.add(site, [one], shift, its_days)
        ranges.append((first + shift, last + shift))
        end = last + shift + 1
    if not ranges:
        return None
    return Part(
        {name: Table(some, is_of_files=True) for name, some in sources.by_table.items()},
        sources.parameters,
        ranges[0][0],
        ranges[-1][1],
        blake2b(repr(sorted(sources.parameters.items())).encode()).hexdigest(),
        (days.first_day, days.last_day),
    )


def _columns(columns: Iterable[str], known: Mapping[str, str], shift: int) -> dict[str, str]:
    """What each column is, with visits' and visitors' numbers moved; `known` says it of some."""
    numbers = {"visit", "visitor"} if shift else set()
    moved = {name: f"{name}::BIGINT + {shift}" for name in numbers}
    return {name: name for name in columns} | moved | dict(known)


def _used(days: Days, site_id: int, schemas: Container[int]) -> dict[SealedFile, Sequence[date]]:
    """A site's sealed files of schemas, each with those of its days that are read from it."""
    sealed = days.sealed[site_id]
    again = days.manifest.opened_again(site_id, sealed)
    found: dict[SealedFile, Sequence[date]] = {}
    for file, held in sealed.days_by_file.items():
        used: Sequence[date] = held
        if again or held[0] < days.first_day or held[-1] > days.last_day:
            used = [
                one for one in held if days.first_day <= one <= days.last_day and one not in again
            ]
        if used and file.schema in schemas:
            found[file] = used
    return found


def _raw_tables(days: Days) -> tuple[Mapping[str, Table], Mapping[str, Any]] | None:
    """The table `raw` of days that are not sealed, and what it is made of, with parameters."""
    sites = ", ".join(str(int(site_id)) for site_id in days.sealed)
    where = f" WHERE site IN ({sites}) AND day BETWEEN $first_day AND $last_day"
    values: dict[str, Any] = {"first_day": days.first_day, "last_day": days.last_day}
    tables = {}
    raw = []
    chunks = [
        one
        for one in days.manifest.chunks
        if one.first_day <= days.last_day and days.first_day <= one.last_day
    ]
    if chunks:
        sources, paths = raw_sources(days.folder, chunks)
        tables["chunk_rows"] = Table(sources, is_of_files=True)
        values |= paths
        not_hidden = where
        if sealed := _sealed_within(days, chunks):
            not_hidden += f" AND {NOT_HIDDEN}"
            values |= hidden(sealed)
        columns = {name: f"r.{name}" for name in RAW_COLUMNS}
        raw.append(Source(columns, "chunk_rows AS r", after=not_hidden))
    if old := _of_schema_1(days):
        raw.append(Source(raw_columns(1), "read_parquet($old)", after=where))
        values["old"] = old
    return ({**tables, "raw": Table(raw)}, values) if raw else None


def _sealed_within(days: Days, chunks: Sequence[ChunkFile]) -> list[tuple[int, date, int]]:
    """Sites' sealed days of which these chunks may have rows, each with the last chunk in it."""
    first_day = max(days.first_day, min(one.first_day for one in chunks))
    last_day = min(days.last_day, max(one.last_day for one in chunks))
    return [
        (site_id, day, days.manifest.hidden_up_to(site_id, day, one))
        for site_id, site in days.sealed.items()
        for day, one in site.days.items()
        if first_day <= day <= last_day
    ]


def _of_schema_1(days: Days) -> list[str]:
    """Files of sealed days that hold raw rows, as they once did."""
    return [
        str(site_folder(days.folder, site_id) / file.name)
        for site_id in days.sealed
        for file in _used(days, site_id, {1})
    ]
