"""A hit as one line of a spool file, and back."""

import json
from dataclasses import fields
from datetime import UTC, datetime

from tracking.errors import InvalidLine
from tracking.records import Hit

VERSION = 1
_DEFAULTS = {field.name: field.default for field in fields(Hit)}


def encode(hit: Hit) -> bytes:
    """One line of JSON with its newline; values that are a Hit's defaults are left out."""
    values = {
        name: value
        for name, default in _DEFAULTS.items()
        if (value := getattr(hit, name)) != default
    }
    values["at"] = int(hit.at.timestamp() * 1000)
    return json.dumps({"v": VERSION, **values}, separators=(",", ":")).encode() + b"\n"


def decode(line: bytes) -> Hit:
    """The hit of a line, its time cut to milliseconds; raises InvalidLine."""
    try:
        values = json.loads(line)
        if values.pop("v") != VERSION:
            raise InvalidLine("an unknown version")
        values["at"] = datetime.fromtimestamp(values["at"] / 1000, UTC)
        values["props"] = tuple((str(key), str(text)) for key, text in values.get("props", ()))
        return Hit(**values)
    except (
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        RecursionError,
        OverflowError,
    ) as error:
        raise InvalidLine(f"no hit: {type(error).__name__}") from error
