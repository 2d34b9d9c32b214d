"""Gives reports the rows of sites and a range of days, as SQL over files."""

from collections.abc import Container, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any

from tracking.columns.check import report_unreadable
from tracking.columns.chunks import NOT_HIDDEN, hidden, raw_rows
from tracking.columns.manifest import (
    EVENTS,
    VISITS,
    Manifest,
    Sealed,
    SealedFile,
    read_manifest,
    read_sealed,
    site_folder,
)
from tracking.columns.schema import EVENT_COLUMNS, SEALED_SCHEMAS, VISIT_COLUMNS, raw_row
from tracking.columns.shape import HOUR_BIT, ends_of, hours_in, open_tables
from tracking.errors import ReportUnavailable

VISITS_OF_A_PIECE = 650_000
"""With some pages each, told apart by page and visitor, these fit into the memory that there is."""
WITH_ONE_PAGE = 4
"""So many times as many fit when each has one page."""


@dataclass(frozen=True)
class Part:
    """Tables `events` and `visits` as common table expressions, with their parameters by name.

    The columns are those of `schema.py`; files of earlier schemas have visits' hours in the table
    `timed_visits` alone. Open days have no such table and no marks, of events only what is asked
    for, and an event's `moment`. Visits of sealed days have numbers from `first` to `last`; those
    of open days have none that are dense, and both are None. `version` tells the content of sealed
    days apart from any other. `days` are the first and the last, None of open ones and of those
    that are to be read all at once.
    """

    tables: str
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

    def open_part(self, names: AbstractSet[str], ends: str = "") -> Part | None:
        """All other days; `names` are the columns of events that are asked for.

        `ends` is the table that has `ends_of` their rows, if there is one already.
        """
        rows = self.open_rows
        if rows is None:
            return None
        tables = {"raw": rows.query} | ({} if ends else {"ends": ends_of("raw")})
        tables |= open_tables("raw", ends or "ends", names)
        named = ", ".join(f"{name} AS ({query})" for name, query in tables.items())
        return Part(named, rows.parameters)

    @cached_property
    def open_rows(self) -> "Rows | None":
        """The raw rows of all other days; None when there are none."""
        return _open_rows(self)


@dataclass(frozen=True)
class Rows:
    """A query for raw rows, and its parameters by name."""

    query: str
    parameters: Mapping[str, Any]


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
class _Arms:
    """Queries over files that together make the tables of a sealed part."""

    events: list[str] = field(default_factory=list)
    visits: list[str] = field(default_factory=list)
    timed_visits: list[str] = field(default_factory=list)
    parameters: dict[str, Any] = field(default_factory=dict)

    def add(
        self, site: Path, files: Sequence[SealedFile], shift: int, days: Sequence[date] = ()
    ) -> None:
        """Add rows of files of one schema, of these days alone if any are given."""
        number = len(self.events)
        where = ""
        if days:
            where = f" WHERE day BETWEEN $from_{number} AND $to_{number}"
            self.parameters |= {f"from_{number}": min(days), f"to_{number}": max(days)}
            if (max(days) - min(days)).days >= len(days):
                where += f" AND list_contains($days_{number}, day)"
                self.parameters[f"days_{number}"] = list(days)
        known = SEALED_SCHEMAS[files[0].schema]
        events, visits = f"read_parquet($events_{number})", f"read_parquet($visits_{number})"
        self.parameters |= {
            f"{name}_{number}": [str(site / f"{one.name}{suffix}") for one in files]
            for name, suffix in (("events", EVENTS), ("visits", VISITS))
        }
        for arms, columns, rows in (
            (self.events, _columns(EVENT_COLUMNS, {}, shift), events),
            (self.visits, _columns(VISIT_COLUMNS, known, shift), visits),
            (self.timed_visits, *_timed_visits(known, shift, visits, events)),
        ):
            arms.append(f"SELECT {columns} FROM {rows}{where}")  # noqa: S608 - constants


def _timed_visits(
    known: Mapping[str, str], shift: int, visits: str, events: str
) -> tuple[str, str]:
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
    arms = _Arms()
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
            arms.add(site, files, shift)
        for one, its_days in used.items():
            if len(its_days) != one.holds:
                arms.add(site, [one], shift, its_days)
        ranges.append((first + shift, last + shift))
        end = last + shift + 1
    if not ranges:
        return None
    return Part(
        # Read anew by each that asks, for the columns and rows that it wants.
        f"events AS NOT MATERIALIZED ({' UNION ALL '.join(arms.events)}),"
        f" visits AS NOT MATERIALIZED ({' UNION ALL '.join(arms.visits)}),"
        f" timed_visits AS NOT MATERIALIZED ({' UNION ALL '.join(arms.timed_visits)})",
        arms.parameters,
        ranges[0][0],
        ranges[-1][1],
        blake2b(repr(sorted(arms.parameters.items())).encode()).hexdigest(),
        (days.first_day, days.last_day),
    )


def _columns(columns: Iterable[str], known: Mapping[str, str], shift: int) -> str:
    """The columns, with visits' and visitors' numbers moved; `known` says what some are made of."""
    numbers = {"visit", "visitor"} if shift else set()
    moved = {name: f"{name}::BIGINT + {shift}" for name in numbers}
    sources = {**moved, **known}
    return ", ".join(f"{sources[name]} AS {name}" if name in sources else name for name in columns)


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


def _open_rows(days: Days) -> Rows | None:
    arms, values = _chunk_rows(days)
    if old := _of_schema_1(days):
        arms.append(f"SELECT {raw_row(1)} FROM read_parquet($old)")  # noqa: S608 - constants
        values["old"] = old
    if not arms:
        return None
    sites = ", ".join(str(int(site_id)) for site_id in days.sealed)
    raw = (
        f"SELECT * FROM ({' UNION ALL '.join(arms)})"  # noqa: S608 - constants and numbers
        f" WHERE site IN ({sites}) AND day BETWEEN $first_day AND $last_day"
    )
    values |= {"first_day": days.first_day, "last_day": days.last_day}
    return Rows(raw, values)


def _chunk_rows(days: Days) -> tuple[list[str], dict[str, Any]]:
    """Queries for what of chunks is not in sealed files, and their parameters."""
    chunks = [
        one
        for one in days.manifest.chunks
        if one.first_day <= days.last_day and days.first_day <= one.last_day
    ]
    rows, parameters = raw_rows(days.folder, chunks)
    if not rows:
        return [], {}
    first_day = max(days.first_day, min(one.first_day for one in chunks))
    last_day = min(days.last_day, max(one.last_day for one in chunks))
    sealed = [
        (site_id, day, days.manifest.hidden_up_to(site_id, day, one))
        for site_id, site in days.sealed.items()
        for day, one in site.days.items()
        if first_day <= day <= last_day
    ]
    if not sealed:
        return [rows], dict(parameters)
    query = f"SELECT * FROM ({rows}) AS r WHERE {NOT_HIDDEN}"  # noqa: S608 - constants and names
    return [query], {**parameters, **hidden(sealed)}


def _of_schema_1(days: Days) -> list[str]:
    """Files of sealed days that hold raw rows, as they once did."""
    return [
        str(site_folder(days.folder, site_id) / file.name)
        for site_id in days.sealed
        for file in _used(days, site_id, {1})
    ]
