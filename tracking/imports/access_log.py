"""Reads access logs in combined format, as Apache and nginx write them.

A line's identity is its hash and its ordinal among equal lines of one file. So the same log, one
that has grown, was renamed or was compressed adds only what is new; and of two rotated files each
can be imported again without counting twice. (Equal lines that stand in different files count
once: a log has the second in each line, so they are as good as none.)
"""

import gzip
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from tracking.records import Hit, normal_address

LONGEST_LINE = 16 * 1024
LONGEST_URL = 2000
# Clocks differ; what lies further ahead is no time of a visit.
FURTHEST_AHEAD = timedelta(days=1)
EARLIEST_YEAR = 1990
GZIP_MAGIC = b"\x1f\x8b"

LINE = re.compile(
    r'(?P<address>\S+) \S+ .*?\[(?P<time>[^\]]{20,30})\] "(?P<request>(?:[^"\\]|\\.)*)" '
    r'(?P<status>\d{3}) \S+(?: "(?P<referrer>(?:[^"\\]|\\.)*)" "(?P<agent>(?:[^"\\]|\\.)*)")?'
)
# What browsers load for a page, and what other programs fetch beside pages.
ASSETS = frozenset(
    {
        *("avif", "bmp", "css", "eot", "gif", "ico", "jpeg", "jpg", "js", "json", "map", "mjs"),
        *("mp3", "mp4", "ogg", "otf", "pdf", "png", "svg", "swf", "ttf", "txt", "wasm", "wav"),
        *("webm", "webmanifest", "webp", "woff", "woff2", "xml", "rss", "atom", "rdf"),
        *("7z", "bz2", "deb", "dmg", "exe", "gz", "iso", "jar", "rar", "rpm", "tar", "tgz", "zip"),
    }
)
PAGE_STATUSES = frozenset({"200", "203", "206", "304"})

ASSET, METHOD, ERROR, BOT = "assets", "other methods", "errors", "bots"


class InvalidLogLine(Exception):
    """A line that is in no format that is read here; its text is the reason."""


@dataclass
class Tally:
    """What became of the lines of an import."""

    read: int = 0
    written: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    bad: list[tuple[int, str, bytes]] = field(default_factory=list)


@dataclass(frozen=True)
class LogReader:
    """Turns lines into hits of one site: `base_url` is where its paths belong."""

    site: str
    base_url: str
    import_id: int
    is_bot: Callable[[str], bool]
    now: datetime

    def page_loads(self, lines: Iterator[bytes], tally: Tally) -> Iterator[Hit]:
        """The page loads of one file, in its order; the rest is counted in `tally`."""
        seen: Counter[bytes] = Counter()
        for number, line in enumerate(lines, 1):
            text = line.rstrip(b"\r\n")
            if not text:
                continue
            tally.read += 1
            try:
                hit = self._parsed(text, seen, tally)
            except InvalidLogLine as error:
                tally.bad.append((number, str(error), text))
            else:
                if hit is not None:
                    tally.written += 1
                    yield hit

    def _parsed(self, text: bytes, seen: Counter[bytes], tally: Tally) -> Hit | None:
        if len(text) > LONGEST_LINE:
            raise InvalidLogLine("too long")
        match = LINE.match(
            text.decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
        )
        if match is None:
            raise InvalidLogLine("not in combined format")
        at = self._time(match["time"])
        agent = _unescaped(match["agent"])
        method, _, rest = match["request"].partition(" ")
        path = rest.rpartition(" ")[0] or rest
        reason = self._reason_to_leave_out(method, path, match["status"], agent)
        if reason:
            tally.left_out[reason] += 1
            return None
        digest = hashlib.sha256(text).digest()[:15]
        seen[digest] += 1
        return Hit(
            site=self.site,
            at=at,
            name="pageview",
            url=self._url(path),
            referrer=_unescaped(match["referrer"])[:LONGEST_URL],
            user_agent=agent,
            address=normal_address(match["address"]),
            import_id=self.import_id,
            identity=f"{digest.hex()}-{seen[digest]:x}",
        )

    def _time(self, text: str) -> datetime:
        try:
            at = datetime.strptime(text, "%d/%b/%Y:%H:%M:%S %z")
        except ValueError:
            raise InvalidLogLine("no time as in 17/May/2015:10:05:03 +0000") from None
        if at > self.now + FURTHEST_AHEAD or at.year < EARLIEST_YEAR:
            raise InvalidLogLine("a time that can't be")
        return at

    def _reason_to_leave_out(self, method: str, path: str, status: str, agent: str) -> str | None:
        if method != "GET":
            return METHOD
        if status not in PAGE_STATUSES:
            return ERROR
        if _extension(path) in ASSETS:
            return ASSET
        return BOT if self.is_bot(agent) else None

    def _url(self, path: str) -> str:
        if not path.startswith("/"):
            try:
                parts = urlsplit(path)
            except ValueError:
                raise InvalidLogLine("no path") from None
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        origin = urlsplit(self.base_url)
        return f"{origin.scheme}://{origin.netloc}{path}"[:LONGEST_URL]


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A log's bytes, decompressed if it is gzipped, whatever its name. Raises OSError."""
    with path.open("rb") as file:
        compressed = file.peek(2)[:2] == GZIP_MAGIC
        if not compressed:
            yield file
            return
        with gzip.open(file) as decompressed:
            yield decompressed  # type: ignore[misc]


def _extension(path: str) -> str:
    name = path.partition("?")[0].rpartition("/")[2]
    return name.rpartition(".")[2].lower() if "." in name else ""


def _unescaped(text: str | None) -> str:
    if not text or text == "-":
        return ""
    return text.replace('\\"', '"').replace("\\\\", "\\")
