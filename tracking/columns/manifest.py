"""Which files count, written so that a reader sees the old list or the new one, never half.

A list has a digest of its own: one that was damaged is found, and never believed.
"""

import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from datetime import date
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeVar

from django.utils.functional import cached_property

from tracking.columns.schema import RAW_SCHEMAS, SCHEMA

NAME = "manifest.json"
EVENTS, VISITS = ".events.parquet", ".visits.parquet"
REMEMBERED_LISTS = 2000

Made = TypeVar("Made")
Day = tuple[int, date]
"""A site's local day."""
Version = tuple[int, int, int]
"""A file's number, when it was written, and its length."""


class DamagedList(OSError):
    """A list of files that is not as it was written, or is gone while its files are there."""


@dataclass(frozen=True)
class ChunkFile:
    """A file of raw rows; `level` says how often they were merged, `digest` what was written.

    It has rows of no day before `first_day`, nor after `last_day`.
    """

    name: str
    level: int
    schema: int = SCHEMA
    digest: str = ""
    first_day: date = date.min
    last_day: date = date.max


@dataclass(frozen=True)
class Reopened:
    """A sealed day whose rows are all in this chunk and later ones, since late events came.

    `at` is when, in seconds since 1970.
    """

    site: int
    day: date
    chunk: int
    at: float


@dataclass(frozen=True)
class SealedFile:
    """Files of one or more days, of events and of visits with numbers from `first` to `last`.

    `holds` is of how many days, also of those that are elsewhere by now; digests are those of what
    was written. In schema 1 it is one file of raw rows.
    """

    name: str
    holds: int = 1
    first: int = 0
    last: int = -1
    events_digest: str = ""
    visits_digest: str = ""
    schema: int = SCHEMA

    @property
    def digests(self) -> dict[str, str]:
        """What each of the files on the disk must have; none for those before digests."""
        if self.schema == 1:
            return {self.name: ""}
        return {self.name + EVENTS: self.events_digest, self.name + VISITS: self.visits_digest}


@dataclass(frozen=True)
class SealedDay:
    """The file a day is in, with its rows of all chunks up to and including `chunk`."""

    file: str
    chunk: int


@dataclass(frozen=True)
class Sealed:
    """A site's sealed days and their files; `next_visit` is a number that no visit has yet."""

    next_visit: int = 0
    files: Mapping[str, SealedFile] = field(default_factory=dict)
    days: Mapping[date, SealedDay] = field(default_factory=dict)

    def file_of(self, day: date) -> SealedFile:
        """The file that a sealed day is in."""
        return self.files[self.days[day].file]

    @cached_property
    def days_by_file(self) -> dict[SealedFile, tuple[date, ...]]:
        """For each file the sealed days that are in it, in their order."""
        found: dict[SealedFile, list[date]] = {}
        for day in sorted(self.days):
            found.setdefault(self.file_of(day), []).append(day)
        return {file: tuple(days) for file, days in found.items()}


@dataclass(frozen=True)
class Manifest:
    """The chunk files, and how far each spool file's events have been copied into them.

    `cursors` maps a spool file's id to the lowest event id that is not copied yet.
    """

    last_chunk: int = 0
    cursors: Mapping[int, int] = field(default_factory=dict)
    chunks: tuple[ChunkFile, ...] = ()
    reopened: tuple[Reopened, ...] = ()

    def is_sealed(self, site_id: int, day: date, sealed: Sealed) -> bool:
        """Whether a day is to be read from its sealed file, and not from chunks."""
        one = sealed.days.get(day)
        return one is not None and one.chunk >= self._reopened_at.get((site_id, day), 0)

    def opened_again(self, site_id: int, sealed: Sealed) -> set[date]:
        """The sealed days that are to be read from chunks for all that."""
        days = {day for site, day in self._reopened_at if site == site_id and day in sealed.days}
        return {day for day in days if not self.is_sealed(site_id, day, sealed)}

    def hidden_up_to(self, site_id: int, day: date, sealed: SealedDay) -> int:
        """The last chunk that a sealed day is not read from: its file, or a later chunk has it."""
        return max(sealed.chunk, self._reopened_at.get((site_id, day), 0) - 1)

    @cached_property
    def _reopened_at(self) -> dict[Day, int]:
        return {(one.site, one.day): one.chunk for one in self.reopened}


def read_manifest(folder: Path) -> Manifest | None:
    """The list of chunks; None when there are no files yet. Raises DamagedList."""
    path = folder / NAME
    try:
        return _manifest(path, _version_of(path))
    except FileNotFoundError as error:
        if any((folder / name).exists() for name in ("chunks", "sites")):
            raise DamagedList(f"{path} is missing") from error
        return None


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Replace the list of chunks."""
    _write(
        folder / NAME,
        {
            "last_chunk": manifest.last_chunk,
            "cursors": manifest.cursors,
            "chunks": [
                (
                    *(one.name, one.level, one.schema, one.digest),
                    *(one.first_day.isoformat(), one.last_day.isoformat()),
                )
                for one in manifest.chunks
            ],
            "reopened": [
                (one.site, one.day.isoformat(), one.chunk, one.at) for one in manifest.reopened
            ],
        },
    )


def site_folder(folder: Path, site_id: int) -> Path:
    """Where a site's sealed days are."""
    return folder / "sites" / str(int(site_id))


def read_sealed(folder: Path, site_id: int) -> Sealed:
    """The sealed days of a site, as they were listed last. Raises DamagedList."""
    path = site_folder(folder, site_id) / NAME
    try:
        return _sealed(path, _version_of(path))
    except FileNotFoundError as error:
        # There is a list before there are files.
        if any(path.parent.glob("*.parquet")) and not path.exists():
            raise DamagedList(f"{path} is missing") from error
        return Sealed()


def replace_sealed(folder: Path, site_id: int, sealed: Sealed) -> None:
    """Replace the list of a site's sealed days, and remove the files that no day is in any more."""
    before = read_sealed(folder, site_id)
    write_sealed(folder, site_id, sealed)
    used = {one.file for one in sealed.days.values()}
    for name, file in before.files.items():
        for path in file.digests if name not in used else ():
            (site_folder(folder, site_id) / path).unlink(missing_ok=True)


def write_sealed(folder: Path, site_id: int, sealed: Sealed) -> None:
    """Replace the list of a site's sealed days, whatever there is in its place."""
    used = {one.file for one in sealed.days.values()}
    _write(
        site_folder(folder, site_id) / NAME,
        {
            "next_visit": sealed.next_visit,
            "files": [astuple(sealed.files[name]) for name in sorted(used)],
            "days": {
                day.isoformat(): (one.file, one.chunk) for day, one in sorted(sealed.days.items())
            },
        },
    )


def sites_with_files(folder: Path) -> list[int]:
    """The sites that have sealed days."""
    sites = folder / "sites"
    entries = sites.iterdir() if sites.is_dir() else ()
    return sorted(int(entry.name) for entry in entries if entry.name.isdecimal())


def forget_sites(folder: Path, keep: set[int]) -> None:
    """Remove the folders of sites that are gone."""
    for site_id in sites_with_files(folder):
        if site_id not in keep:
            shutil.rmtree(site_folder(folder, site_id))


def digest_of(path: Path) -> str:
    """What tells a file's content apart from any other, in hexadecimal."""
    digest = blake2b(digest_size=16)
    with path.open("rb") as file:
        while some := file.read(1 << 20):
            digest.update(some)
    return digest.hexdigest()


def sync(path: Path) -> None:
    """See that a file, or a folder's list of names, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _version_of(path: Path) -> Version:
    """What tells a list apart from those before and after it; raises FileNotFoundError."""
    # A list is replaced, never changed: another one is another file.
    found = path.stat()
    return found.st_ino, found.st_mtime_ns, found.st_size


@lru_cache(maxsize=4)
def _manifest(path: Path, _version: Version) -> Manifest:
    return _read(path, _manifest_from)


@lru_cache(maxsize=REMEMBERED_LISTS)
def _sealed(path: Path, _version: Version) -> Sealed:
    return _read(path, _sealed_from)


def _manifest_from(found: Mapping[str, Any]) -> Manifest:
    return Manifest(
        last_chunk=int(found["last_chunk"]),
        cursors={int(pk): int(cursor) for pk, cursor in found["cursors"].items()},
        chunks=tuple(_chunk_from(one, found["schema"]) for one in found["chunks"]),
        reopened=tuple(
            Reopened(site, date.fromisoformat(day), chunk, at)
            for site, day, chunk, at in found.get("reopened", ())
        ),
    )


def _chunk_from(found: Sequence[Any], schema: int) -> ChunkFile:
    """A chunk of a list, which once had fewer entries."""
    name, level, *more = found
    known, days = more[:2], more[2:]
    return ChunkFile(_plain(name), level, *(known or (schema,)), *map(date.fromisoformat, days))


def _sealed_from(found: Mapping[str, Any]) -> Sealed:
    days = {
        date.fromisoformat(day): SealedDay(_plain(file), int(chunk))
        for day, (file, chunk) in found["days"].items()
    }
    if found["schema"] == 1:
        files = {one.file: SealedFile(one.file, schema=1) for one in days.values()}
        return Sealed(0, files, days)
    files = {_plain(one[0]): SealedFile(*one) for one in found["files"]}
    return Sealed(found["next_visit"], files, days)


def _plain(name: str) -> str:
    """A file's name; raises ValueError when it leads to another folder."""
    if Path(name).name != name:
        raise ValueError(name)
    return name


def _read(path: Path, make: Callable[[Mapping[str, Any]], Made]) -> Made:
    """What is made of a list; raises DamagedList, and FileNotFoundError."""
    content = path.read_bytes()
    try:
        found = json.loads(content)
        _check(found.pop("digest", None), found)
        return make(found)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise DamagedList(f"{path} is not as it was written") from error


def _check(digest: object, found: Mapping[str, Any]) -> None:
    """Raises ValueError unless a list is of a schema that is known, and as it was written."""
    known = found["schema"] in RAW_SCHEMAS
    # In schema 1 lists had no digest.
    if not known or (found["schema"] > 1 and digest != _digest_of(found)):
        raise ValueError(digest)


def _write(path: Path, content: dict[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = path.with_suffix(".new")
    whole = {"schema": SCHEMA, **content}
    aside.write_text(json.dumps({"digest": _digest_of(whole), **whole}))
    sync(aside)
    aside.replace(path)
    sync(path.parent)


def _digest_of(content: Mapping[str, object]) -> str:
    return blake2b(json.dumps(content).encode(), digest_size=16).hexdigest()
