"""Which files count, written so that a reader sees the old list or the new one, never half."""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from tracking.columns.schema import SCHEMA

NAME = "manifest.json"


@dataclass(frozen=True)
class ChunkFile:
    """A file of chunk rows; `level` says how often its rows were merged."""

    name: str
    level: int


@dataclass(frozen=True)
class Manifest:
    """The chunk files, and how far each spool file's events have been copied into them.

    `cursors` maps a spool file's id to the lowest event id that is not copied yet.
    """

    last_chunk: int = 0
    cursors: Mapping[int, int] = field(default_factory=dict)
    chunks: tuple[ChunkFile, ...] = ()


@dataclass(frozen=True)
class SealedDay:
    """A day's own file, which holds its rows of all chunks up to and including `chunk`."""

    name: str
    chunk: int


def read_manifest(folder: Path) -> Manifest | None:
    """The list of chunks; None when there is none that this version can use."""
    found = _read(folder / NAME)
    if found is None:
        return None
    return Manifest(
        last_chunk=found["last_chunk"],
        cursors={int(pk): cursor for pk, cursor in found["cursors"].items()},
        chunks=tuple(ChunkFile(name, level) for name, level in found["chunks"]),
    )


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Replace the list of chunks."""
    _write(
        folder / NAME,
        {
            "last_chunk": manifest.last_chunk,
            "cursors": manifest.cursors,
            "chunks": [(chunk.name, chunk.level) for chunk in manifest.chunks],
        },
    )


def site_folder(folder: Path, site_id: int) -> Path:
    """Where a site's sealed days are."""
    return folder / "sites" / str(int(site_id))


def read_sealed(folder: Path, site_id: int) -> dict[date, SealedDay]:
    """The sealed days of a site."""
    found = _read(site_folder(folder, site_id) / NAME) or {"days": {}}
    return {
        date.fromisoformat(day): SealedDay(name, chunk)
        for day, (name, chunk) in found["days"].items()
    }


def write_sealed(folder: Path, site_id: int, days: Mapping[date, SealedDay]) -> None:
    """Replace the list of a site's sealed days."""
    listed = {day.isoformat(): (one.name, one.chunk) for day, one in sorted(days.items())}
    _write(site_folder(folder, site_id) / NAME, {"days": listed})


def sync(path: Path) -> None:
    """See that a file, or a folder's list of names, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def forget_sites(folder: Path, keep: set[int]) -> None:
    """Remove the folders of sites that are gone."""
    sites = folder / "sites"
    for entry in sites.iterdir() if sites.is_dir() else ():
        if entry.name.isdecimal() and int(entry.name) not in keep:
            shutil.rmtree(entry)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    return found if isinstance(found, dict) and found.get("schema") == SCHEMA else None


def _write(path: Path, content: dict[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = path.with_suffix(".new")
    aside.write_text(json.dumps({"schema": SCHEMA, **content}))
    sync(aside)
    aside.replace(path)
    sync(path.parent)
