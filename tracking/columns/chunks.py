"""Copies what was committed since the last time into a small file, and merges small files.

Event ids are (spool file's id << 32) + offset, and the events of one spool file are committed in
that order. So how far each spool file has been copied tells exactly what is new, even when several
workers commit at once.

An event of a day that is sealed opens it again: the same chunk has all of the day's rows, and the
list of chunks says so. From then on readers take the day from chunks, until it is sealed anew.
"""

import os
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from time import time
from typing import Any

import duckdb
from django.db.models import Q, QuerySet

from tracking.columns import duck
from tracking.columns.files import write_parquet
from tracking.columns.manifest import (
    ChunkFile,
    Day,
    Manifest,
    Reopened,
    read_sealed,
    write_manifest,
)
from tracking.columns.record import drop_uncopied, events_of_days, load
from tracking.columns.schema import RAW_COLUMNS, raw_columns
from tracking.columns.tables import Source, Table
from tracking.models import Engagement, Event, SpoolFile
from tracking.records import event_id

# Of the spool, about 40,000 hits: a bound on the time that one chunk takes, and on its memory.
MOST_BYTES_AT_ONCE = 16 * 1024 * 1024
MERGED_AT_ONCE = 8
# A reader may have read the list just before a file went from it; a writer names it afterwards.
GRACE_SECONDS = 60.0
IN_ORDER = "ORDER BY site, day, moment, event"
NOT_HIDDEN = """NOT EXISTS (
    SELECT 1 FROM (
        SELECT unnest($hidden_sites::INTEGER[]) AS site, unnest($hidden_days::DATE[]) AS day,
            unnest($hidden_chunks::INTEGER[]) AS chunk
    ) AS h WHERE h.site = r.site AND h.day = r.day AND r.chunk <= h.chunk)"""
"""Whether a raw row `r` is in no sealed file; `hidden` gives the values of the parameters."""


def write_chunk(folder: Path, manifest: Manifest) -> Manifest:
    """Copy what is new, or as much as goes at once; returns the manifest as it then is."""
    cursors = dict(manifest.cursors)
    places = Q()
    left = MOST_BYTES_AT_ONCE
    for pk, offset in SpoolFile.objects.order_by("pk").values_list("pk", "offset"):
        first = cursors.get(pk, event_id(pk, 0))
        end = min(event_id(pk, offset), first + left)
        if end > first:
            places |= Q(pk__gte=first, pk__lt=end)
            cursors[pk] = end
            left -= end - first
    if not places:
        return manifest
    copied = replace(manifest, last_chunk=manifest.last_chunk + 1, cursors=cursors)
    changed = _with_rows(folder, copied, places)
    write_manifest(folder, changed)
    return changed


def merge_chunks(folder: Path, manifest: Manifest) -> Manifest:
    """Merge the files of each level that has enough of them into one of the next."""
    for level in sorted({chunk.level for chunk in manifest.chunks}):
        files = [chunk for chunk in manifest.chunks if chunk.level == level]
        if len(files) >= MERGED_AT_ONCE:
            manifest = _merged(folder, manifest, files, level + 1)
    return manifest


def drop_sealed_rows(folder: Path, manifest: Manifest, gone: Sequence[Day] = ()) -> Manifest:
    """Rewrite all chunks as one file, without the rows that sealed days hold.

    `gone` are days of sites that are dropped all the same.
    """
    if not manifest.chunks:
        return manifest
    level = max(chunk.level for chunk in manifest.chunks)
    manifest = _merged(folder, manifest, list(manifest.chunks), level, gone)
    still_open = tuple(
        one
        for one in manifest.reopened
        if one.day in (days := read_sealed(folder, one.site).days)
        and days[one.day].chunk < one.chunk
    )
    if still_open != manifest.reopened:
        manifest = replace(manifest, reopened=still_open)
        write_manifest(folder, manifest)
    return manifest


def remove_unlisted(folder: Path, manifest: Manifest) -> None:
    """Remove chunk files that are in no list any more, once no reader can still want them.

    With them go the rows that a kill left on their way from the database.
    """
    listed = {chunk.name for chunk in manifest.chunks}
    for entry in (*(folder / "chunks").glob("*"), *(folder / duck.SPILL).glob("*.csv")):
        if entry.name not in listed and time() - entry.stat().st_mtime > GRACE_SECONDS:
            entry.unlink(missing_ok=True)


def forget_cursors(manifest: Manifest, kept: set[int]) -> Manifest:
    """The manifest without the cursors of spool files whose rows are gone."""
    return replace(manifest, cursors={pk: at for pk, at in manifest.cursors.items() if pk in kept})


def raw_sources(
    folder: Path, files: Sequence[ChunkFile]
) -> tuple[list[Source], dict[str, list[str]]]:
    """These files' raw rows, and the values of parameters."""
    paths: dict[str, list[str]] = {}
    sources: dict[str, Source] = {}
    for chunk in files:
        name = f"chunks_{chunk.schema}"
        paths.setdefault(name, []).append(str(folder / "chunks" / chunk.name))
        sources[name] = Source(raw_columns(chunk.schema), f"read_parquet(${name})")
    return list(sources.values()), paths


def _raw_rows(folder: Path, files: Sequence[ChunkFile]) -> tuple[str, dict[str, list[str]]]:
    """A query for all of them, and the values of its parameters."""
    sources, parameters = raw_sources(folder, files)
    return Table(sources).query(RAW_COLUMNS.keys()), parameters


def hidden(sealed: Sequence[tuple[int, date, int]]) -> dict[str, list[Any]]:
    """Parameters of NOT_HIDDEN: sites' days that are sealed up to and including a chunk."""
    return {
        "hidden_sites": [site for site, _, _ in sealed],
        "hidden_days": [day for _, day, _ in sealed],
        "hidden_chunks": [chunk for _, _, chunk in sealed],
    }


def days_in_chunks(folder: Path, manifest: Manifest) -> list[tuple[int, date, int]]:
    """The (site, day) pairs that chunks have rows of, each with the last such chunk's number."""
    if not manifest.chunks:
        return []
    rows, parameters = _raw_rows(folder, manifest.chunks)
    with duck.cursor(folder) as cursor:
        return cursor.execute(
            f"SELECT site, day, max(chunk) FROM ({rows}) GROUP BY ALL ORDER BY ALL",  # noqa: S608
            parameters,
        ).fetchall()


def _with_rows(folder: Path, manifest: Manifest, places: Q) -> Manifest:
    """The manifest with a file of the rows in these places, if there are any."""
    with duck.cursor(folder) as cursor:
        load(cursor, *_at(places), manifest.last_chunk)
        found = cursor.execute("SELECT DISTINCT site, day FROM rows ORDER BY ALL").fetchall()
        if not found:
            return manifest
        late = [
            (site_id, day)
            for site_id, day in found
            if manifest.is_sealed(site_id, day, read_sealed(folder, site_id))
        ]
        rows = _with_whole_days(cursor, manifest, late) if late else "raw"
        written = _written(cursor, folder, f"SELECT * FROM {rows}", {}, manifest.last_chunk)  # noqa: S608
    reopened = {(one.site, one.day): one for one in manifest.reopened}
    reopened |= {day: Reopened(*day, manifest.last_chunk, time()) for day in late}
    return replace(
        manifest,
        chunks=(*manifest.chunks, written),
        reopened=tuple(reopened.values()),
    )


def _at(places: Q) -> "tuple[QuerySet[Event], QuerySet[Engagement]]":
    return Event.objects.filter(places), Engagement.objects.filter(places)


def _with_whole_days(
    cursor: duckdb.DuckDBPyConnection, manifest: Manifest, days: Sequence[Day]
) -> str:
    """A table of the rows in `raw`, but with all copied rows of these days; returns its name."""
    cursor.execute("CREATE OR REPLACE TEMP TABLE collected AS FROM raw")
    for site_id, day in days:
        load(cursor, *events_of_days(site_id, [day]), manifest.last_chunk)
        drop_uncopied(cursor, manifest.cursors)
        cursor.execute("DELETE FROM collected WHERE site = ? AND day = ?", [site_id, day])
        cursor.execute("INSERT INTO collected BY NAME FROM raw")
    return "collected"


def _merged(
    folder: Path,
    manifest: Manifest,
    files: list[ChunkFile],
    level: int,
    gone: Sequence[Day] = (),
) -> Manifest:
    rows, parameters = _raw_rows(folder, files)
    with duck.cursor(folder) as cursor:
        sites = cursor.execute(f"SELECT DISTINCT site FROM ({rows})", parameters).fetchall()  # noqa: S608
        sealed = [
            (site, day, manifest.hidden_up_to(site, day, one))
            for (site,) in sites
            for day, one in read_sealed(folder, site).days.items()
        ]
        sealed += [(site, day, manifest.last_chunk) for site, day in gone]
        # Rows that a sealed day holds have no further use here.
        kept_rows = f"SELECT * FROM ({rows}) AS r WHERE {NOT_HIDDEN}"  # noqa: S608
        values = parameters | hidden(sealed)
        written = _written(cursor, folder, kept_rows, values, manifest.last_chunk, level)
    kept = tuple(chunk for chunk in manifest.chunks if chunk not in files)
    changed = replace(manifest, chunks=(*kept, written))
    write_manifest(folder, changed)
    for chunk in files:
        with suppress(OSError):
            os.utime(folder / "chunks" / chunk.name)
    return changed


def _written(
    cursor: duckdb.DuckDBPyConnection,
    folder: Path,
    rows: str,
    parameters: Mapping[str, Any],
    number: int,
    level: int = 0,
) -> ChunkFile:
    """A new file of raw rows."""
    merged = f"m{level}-" if level else ""
    name = f"{number:010d}-{merged}{secrets.token_hex(4)}.parquet"
    path = folder / "chunks" / name
    digest = write_parquet(cursor, f"{rows} {IN_ORDER}", parameters, path)
    query = "SELECT min(day), max(day) FROM read_parquet(?)"
    [(first_day, last_day)] = cursor.execute(query, [str(path)]).fetchall()
    if first_day is None:
        # A file without rows has none of any day.
        first_day, last_day = date.max, date.min
    return ChunkFile(name, level, digest=digest, first_day=first_day, last_day=last_day)
