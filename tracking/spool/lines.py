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
        values["at"] = datetime.fromtimestamp(values["at"] / 1000, UTC)
        values["props"] = tuple((str(key), str(text)) for key, text in values.get("props", ()))
        values["signals"] = tuple(str(one) for one in values.get("signals", ()))
        return Hit(**values)
    except (
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        OverflowError,
    ) as error:
        raise InvalidLine(f"no hit: {type(error).__name__}") from error
