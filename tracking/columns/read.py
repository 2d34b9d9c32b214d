"""Gives reports the rows of a site and a range of days, as SQL over files."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from tracking.columns.chunks import chunk_paths
from tracking.columns.manifest import Manifest, read_manifest, read_sealed, site_folder
from tracking.columns.schema import COLUMNS, EMPTY


@dataclass(frozen=True)
class Relation:
    """A query for wide rows, and the values of its parameters."""

    sql: str
    parameters: tuple[Any, ...]


def rows_of(folder: Path, site_id: int, first_day: date, last_day: date) -> Relation:
    """All rows of a site's local days, the latest committed ones included.

    The files it names may go a minute after the call; whoever finds one missing asks again.
    """
    # The chunks' list is read first. A day that is sealed in between is then found in both, and
    # its chunk number tells the rows apart; read the other way around, it could be in neither.
    manifest = read_manifest(folder) or Manifest()
    sealed = {
        day: one
        for day, one in read_sealed(folder, site_id).items()
        if first_day <= day <= last_day
    }
    names = ", ".join(COLUMNS)
    parts: list[str] = []
    parameters: list[Any] = []
    if sealed:
        parts.append(f"SELECT {names} FROM read_parquet(?)")  # noqa: S608 - names are constants
        parameters.append([str(site_folder(folder, site_id) / one.name) for one in sealed.values()])
    if manifest.chunks:
        parts.append(
            f"SELECT {names} FROM read_parquet(?) AS c"  # noqa: S608 - names are constants
            " WHERE site = ? AND day BETWEEN ? AND ? AND NOT EXISTS ("
            " SELECT 1 FROM (SELECT unnest(?::DATE[]) AS d, unnest(?::INTEGER[]) AS n) AS s"
            " WHERE s.d = c.day AND c.chunk <= s.n)"
        )
        parameters += [chunk_paths(folder, manifest.chunks), site_id, first_day, last_day]
        parameters += [list(sealed), [one.chunk for one in sealed.values()]]
    return Relation(" UNION ALL ".join(parts) or EMPTY, tuple(parameters))
