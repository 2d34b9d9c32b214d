"""A hit as one line of a spool file, and back."""

from dataclasses import fields
from datetime import UTC, datetime
from operator import attrgetter

import orjson

from tracking.errors import InvalidLine
from tracking.records import Hit

VERSION = 1
_DEFAULTS = tuple((field.name, field.default) for field in fields(Hit))
_values_of = attrgetter(*(name for name, _ in _DEFAULTS))
# As what JSON's parser gives a field back; the rest are tuples, which come back as lists.
_PARSED_AS: dict[object, type] = {str: str, bool: bool, int | None: int, datetime: int}
_TYPES = {field.name: _PARSED_AS.get(field.type, list) for field in fields(Hit)}
# Milliseconds up to the year 2100: a line that tells of a later time was damaged.
_TIMES = range(4_102_444_800_000)
_SECONDS = range(1 << 31)
_PERCENT = range(101)


def encode(hit: Hit) -> bytes:
    """One line of JSON with its newline; values that are a Hit's defaults are left out."""
    line: dict[str, object] = {"v": VERSION}
    for (name, default), value in zip(_DEFAULTS, _values_of(hit), strict=True):
        if value != default:
            line[name] = value
    line["at"] = int(hit.at.timestamp() * 1000)
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)


def decode(line: bytes) -> Hit:
    """The hit of a line, its time cut to milliseconds; raises InvalidLine."""
    try:
        values = orjson.loads(line)
        if values.pop("v") != VERSION:
            raise InvalidLine("an unknown version")
        # Two lists that are compared at once cost a tenth of a microsecond a field.
        if list(map(type, values.values())) != list(map(_TYPES.get, values)):
            raise InvalidLine("a field of a wrong type")
        if not (
            values["at"] in _TIMES
            and values.get("engaged_seconds", 0) in _SECONDS
            and values.get("scroll_depth", 0) in _PERCENT
        ):
            raise InvalidLine("a number that no hit has")
        values["at"] = datetime.fromtimestamp(values["at"] / 1000, UTC)
        if "props" in values:
            values["props"] = tuple((str(key), str(text)) for key, text in values["props"])
        if "signals" in values:
            values["signals"] = tuple(map(str, values["signals"]))
        return Hit(**values)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise InvalidLine(f"no hit: {type(error).__name__}") from error
