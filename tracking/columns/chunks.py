"""Copies what was committed since the last time into a small file, and merges small files.

Event ids are (spool file's id << 32) + offset, and the events of one spool file are committed in
that order. So how far each spool file has been copied tells exactly what is new, even when several
workers commit at once.
"""

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from time import time

from tracking.columns import duck
from tracking.columns.manifest import (
    ChunkFile,
    Manifest,
    read_sealed,
    write_manifest,
)
from tracking.columns.rows import copy_to_parquet, wide_rows, write_parquet
from tracking.models import Engagement, Event, SpoolFile
from tracking.records import event_id

# About 40,000 hits: a bound on the memory that one chunk takes.
MOST_BYTES_OF_A_FILE = 16 * 1024 * 1024
MERGED_AT_ONCE = 8
# A reader may have read the list just before a file went from it.
GRACE_SECONDS = 60.0


def write_chunk(folder: Path, manifest: Manifest) -> Manifest:
    """Copy what is new into a chunk; returns the manifest as it then is."""
    number = manifest.last_chunk + 1
    cursors = dict(manifest.cursors)
    chunks = list(manifest.chunks)
    for pk, offset in SpoolFile.objects.order_by("pk").values_list("pk", "offset"):
        first = cursors.get(pk, event_id(pk, 0))
        end = min(event_id(pk, offset), first + MOST_BYTES_OF_A_FILE)
        if end == first:
            continue
        ids = {"pk__gte": first, "pk__lt": end}
        rows = wide_rows(
            Event.objects.filter(**ids), Engagement.objects.filter(**ids), chunk=number
        )
        cursors[pk] = end
        if rows:
            name = f"{number:010d}-{pk}-{secrets.token_hex(4)}.parquet"
            write_parquet(folder, folder / "chunks" / name, rows)
            chunks.append(ChunkFile(name, 0))
    if cursors == manifest.cursors:
        return manifest
    changed = Manifest(number, cursors, tuple(chunks))
    write_manifest(folder, changed)
    return changed


def merge_chunks(folder: Path, manifest: Manifest) -> Manifest:
    """Merge the files of each level that has enough of them into one of the next."""
    for level in sorted({chunk.level for chunk in manifest.chunks}):
        files = [chunk for chunk in manifest.chunks if chunk.level == level]
        if len(files) >= MERGED_AT_ONCE:
            manifest = _merged(folder, manifest, files, level + 1)
    return manifest


def drop_sealed_rows(
    folder: Path, manifest: Manifest, gone: Sequence[tuple[int, date]] = ()
) -> Manifest:
    """Rewrite all chunks as one file, without the rows that sealed days hold.

    `gone` are days of sites that are dropped all the same.
    """
    if not manifest.chunks:
        return manifest
    level = max(chunk.level for chunk in manifest.chunks)
    return _merged(folder, manifest, list(manifest.chunks), level, gone)


def remove_unlisted(folder: Path, manifest: Manifest) -> None:
    """Remove chunk files that are in no list any more, once no reader can still want them."""
    listed = {chunk.name for chunk in manifest.chunks}
    chunks = folder / "chunks"
    for entry in chunks.iterdir() if chunks.is_dir() else ():
        if entry.name not in listed and time() - entry.stat().st_mtime > GRACE_SECONDS:
            entry.unlink()


def forget_cursors(manifest: Manifest, kept: set[int]) -> Manifest:
    """The manifest without the cursors of spool files whose rows are gone."""
    return replace(manifest, cursors={pk: at for pk, at in manifest.cursors.items() if pk in kept})


def chunk_paths(folder: Path, files: tuple[ChunkFile, ...] | list[ChunkFile]) -> list[str]:
    """The files' paths, as DuckDB takes them."""
    return [str(folder / "chunks" / chunk.name) for chunk in files]


def _merged(
    folder: Path,
    manifest: Manifest,
    files: list[ChunkFile],
    level: int,
    gone: Sequence[tuple[int, date]] = (),
) -> Manifest:
    cursor = duck.cursor(folder)
    paths = chunk_paths(folder, files)
    sites = cursor.execute("SELECT DISTINCT site FROM read_parquet(?)", [paths]).fetchall()
    sealed = [
        (site, day, one.chunk)
        for (site,) in sites
        for day, one in read_sealed(folder, site).items()
    ]
    sealed += [(site, day, manifest.last_chunk) for site, day in gone]
    columns = [list(column) for column in zip(*sealed, strict=True)] or [[], [], []]
    name = f"{manifest.last_chunk:010d}-m{level}-{secrets.token_hex(4)}.parquet"
    # Anti-join: rows that a sealed day holds have no further use here.
    copy_to_parquet(
        cursor,
        "SELECT * FROM read_parquet(?) AS r WHERE NOT EXISTS ("
        " SELECT 1 FROM (SELECT unnest(?::INTEGER[]) AS site, unnest(?::DATE[]) AS day,"
        " unnest(?::INTEGER[]) AS chunk) AS s"
        " WHERE s.site = r.site AND s.day = r.day AND r.chunk <= s.chunk)",
        [paths, *columns],
        folder / "chunks" / name,
    )
    cursor.close()
    kept = tuple(chunk for chunk in manifest.chunks if chunk not in files)
    changed = replace(manifest, chunks=(*kept, ChunkFile(name, level)))
    write_manifest(folder, changed)
    return changed
