"""One typed reader of settings: every value that an operator may set passes through `setting`."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

Value = TypeVar("Value")

_env = environ.Env()


@dataclass(frozen=True)
class Setting:
    """A setting that was read: its name, and what an operator may write there."""

    name: str
    expected: str


READ: dict[str, Setting] = {}


def read_env_file(path: Path) -> None:
    """Take settings from a file of NAME=value lines; the process's own environment goes first."""
    if path.is_file():
        _env.read_env(path)


def setting(name: str, parse: Callable[[str], Value], default: str, *, expected: str) -> Value:
    """The value of the setting `name`, parsed from its text.

    Raises ImproperlyConfigured, with the name, the text and what was expected, when `parse`
    raises ValueError.
    """
    READ[name] = Setting(name, expected)
    text = _env.str(name, default=default)
    try:
        return parse(text)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}={text!r}: expected {expected}") from error


def text(value: str) -> str:
    """The text as it stands."""
    return value


def boolean(value: str) -> bool:
    """True or False from the usual words; raises ValueError for any other."""
    word = value.strip().lower()
    if word in {"1", "true", "yes", "on"}:
        return True
    if word in {"", "0", "false", "no", "off"}:
        return False
    raise ValueError(value)


def port(value: str) -> int:
    """A TCP port, 1 to 65535; raises ValueError for any other text."""
    number = int(value)
    if not 1 <= number <= 65535:
        raise ValueError(value)
    return number


def positive(value: str) -> int:
    """A whole number above 0; raises ValueError for any other text."""
    number = int(value)
    if number <= 0:
        raise ValueError(value)
    return number


def byte_count(value: str) -> int:
    """A number of bytes from `4096`, `500MB` or `10GB`; raises ValueError for others, and for 0."""
    digits = value.strip().upper().removesuffix("B")
    factor = {"K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}.get(digits[-1:], 1)
    number = int(digits if factor == 1 else digits[:-1]) * factor
    if number <= 0:
        raise ValueError(value)
    return number


def database_url(value: str) -> dict[str, Any]:
    """What Django needs to know of a PostgreSQL database; nothing for an empty text.

    Raises ValueError for any other address.
    """
    if not value:
        return {}
    parts = urlsplit(value)
    if parts.scheme not in {"postgres", "postgresql"} or not parts.path.strip("/"):
        raise ValueError(value)
    known: dict[str, Any] = _env.db_url_config(value)
    return known


def one_of(*words: str) -> Callable[[str], str]:
    """A parser that takes exactly one of `words`."""

    def parse(value: str) -> str:
        if value not in words:
            raise ValueError(value)
        return value

    return parse


def path(value: str) -> Path | None:
    """An absolute path, or None for an empty text."""
    return Path(value).expanduser().resolve() if value else None


def web_address(value: str) -> str:
    """An http or https address without its trailing slash; raises ValueError for others."""
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(value)
    return value.rstrip("/")


def optional_web_address(value: str) -> str:
    """An http or https address, or an empty text."""
    return web_address(value) if value else ""
