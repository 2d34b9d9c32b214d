"""Answers hits: a WSGI function, ahead of Django."""

import base64
import io
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from tracking.collect.client import client_address
from tracking.collect.directory import SiteDirectory
from tracking.collect.payload import LONGEST_URL, Sender, parse_json, parse_pixel
from tracking.collect.refusals import RefusalLog
from tracking.collect.script import SCRIPTS, Script
from tracking.counters import count_hit
from tracking.errors import HitTooLarge, InvalidHit, SpoolFull, UnknownSite
from tracking.records import OPT_OUT, PREFETCH, Hit, SiteRules, TrustedProxies

MOST_BODY_BYTES = 64 * 1024
LONGEST_QUERY = 8 * 1024
LONGEST_AGENT = 2000
# Only the first language counts; whatever else is sent has no place in the memory of languages.
LONGEST_ACCEPT_LANGUAGE = 200
# A length of more digits is no length of a body.
MOST_LENGTH_DIGITS = 9
RETRY_AFTER_SECONDS = "10"
GIF = base64.b64decode("R0lGODlhAQABAIAAAP///wAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==")

STATUSES = {
    200: "200 OK",
    202: "202 Accepted",
    204: "204 No Content",
    304: "304 Not Modified",
    400: "400 Bad Request",
    404: "404 Not Found",
    405: "405 Method Not Allowed",
    413: "413 Content Too Large",
    503: "503 Service Unavailable",
}
SCRIPT_TYPE = ("Content-Type", "text/javascript; charset=utf-8")
PREFETCH_HEADERS = ("HTTP_SEC_PURPOSE", "HTTP_PURPOSE", "HTTP_X_PURPOSE", "HTTP_X_MOZ")
COMMON_HEADERS = (
    ("Access-Control-Allow-Origin", "*"),
    ("Cross-Origin-Resource-Policy", "cross-origin"),
    ("X-Content-Type-Options", "nosniff"),
)

Headers = list[tuple[str, str]]
StartResponse = Callable[[str, Headers], object]
Environ = dict[str, Any]
Text = TypeVar("Text", bytes, str)


def is_for_collector(path: str) -> bool:
    """Whether the collector answers this path; everything else is Django's."""
    return path.startswith("/t/") or path == "/t.js"


@dataclass(frozen=True)
class Answer:
    """A status, headers beyond the common ones, and a body."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


UNCACHED = (("Cache-Control", "no-store"),)
ACCEPTED = Answer(202, UNCACHED)


@dataclass(frozen=True)
class Collector:
    """The collect endpoint: `append` makes a hit safe, or raises SpoolFull."""

    append: Callable[[Hit], None]
    sites: SiteDirectory
    now: Callable[[], datetime]
    trusted: TrustedProxies
    refusals: RefusalLog
    turn: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request for a script, /t/<site> or /t/<site>.gif."""
        answer = self._answer(environ)
        headers = [*COMMON_HEADERS, *answer.headers]
        if answer.status not in {204, 304}:
            headers.append(("Content-Length", str(len(answer.body))))
        start_response(STATUSES[answer.status], headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [answer.body]

    def keep(self, hit: Hit, rules: SiteRules | None) -> None:
        """Append a hit; of one whose sender opted out, where that is honoured, only that it came.

        `rules` are those of the hit's site, None when nobody knows them: ingest decides then.
        Raises SpoolFull.
        """
        if hit.signals and OPT_OUT in hit.signals and rules is not None and rules.honours_opt_out:
            hit = Hit(site=hit.site, at=hit.at, name="", url="", signals=(OPT_OUT,))
        self.append(hit)

    def _answer(self, environ: Environ) -> Answer:
        path = environ.get("PATH_INFO", "")
        if (script := SCRIPTS.get(path)) is not None:
            return _script(environ, script)
        name = path.removeprefix("/t/")
        site = name.removesuffix(".gif")
        if site != name:
            return _with_gif(self._pixel(environ, site))
        return self._beacon(environ, site)

    def _beacon(self, environ: Environ, site: str) -> Answer:
        method = environ["REQUEST_METHOD"]
        if method == "OPTIONS":
            return _options("POST, OPTIONS")
        if method != "POST":
            return _not_allowed("POST, OPTIONS")
        return self._taken(environ, site, _body, parse_json)

    def _pixel(self, environ: Environ, site: str) -> Answer:
        method = environ["REQUEST_METHOD"]
        if method == "OPTIONS":
            return _options("GET, HEAD, OPTIONS")
        if method == "HEAD":
            return Answer(200, UNCACHED)
        if method != "GET":
            return _not_allowed("GET, HEAD, OPTIONS")
        return self._taken(environ, site, _query, parse_pixel)

    def _taken(
        self,
        environ: Environ,
        site: str,
        read: Callable[[Environ], Text],
        parse: Callable[[Text, Sender], Hit],
    ) -> Answer:
        sender = sender_of(environ, site, self.now(), self.trusted)
        try:
            rules = self.sites.check(site)
            text = read(environ)
            # Threads that take turns here are faster than threads that take each other's turns at
            # the interpreter: 1.5 times with four. What may wait for others stays outside.
            with self.turn:
                self.keep(parse(text, sender), rules)
        except UnknownSite:
            return self._refused(404, "site: unknown", sender)
        except HitTooLarge as error:
            return self._refused(413, str(error), sender)
        except InvalidHit as error:
            return self._refused(400, str(error), sender)
        except SpoolFull as error:
            retry = ("Retry-After", RETRY_AFTER_SECONDS)
            return self._refused(503, f"spool: {error}", sender, retry)
        count_hit(202)
        return ACCEPTED

    def _refused(
        self, status: int, reason: str, sender: Sender, *headers: tuple[str, str]
    ) -> Answer:
        count_hit(status)
        self.refusals.add(reason, sender.address)
        # A header can't hold everything that a field's name can.
        plain = reason.encode("ascii", "replace").decode()
        plain = "".join(letter if letter.isprintable() else "?" for letter in plain)
        return Answer(
            status,
            (
                *UNCACHED,
                ("X-Footfall-Rejected", plain),
                ("Access-Control-Expose-Headers", "X-Footfall-Rejected"),
                ("Content-Type", "text/plain; charset=utf-8"),
                *headers,
            ),
            reason.encode("utf-8", "replace") + b"\n",
        )


def sender_of(
    environ: Mapping[str, Any], site: str, at: datetime, trusted: TrustedProxies
) -> Sender:
    """What a request's headers say of who sent it."""
    return Sender(
        site=site,
        at=at,
        address=client_address(environ, trusted),
        user_agent=_header(environ, "HTTP_USER_AGENT")[:LONGEST_AGENT],
        accept_language=_header(environ, "HTTP_ACCEPT_LANGUAGE")[:LONGEST_ACCEPT_LANGUAGE],
        referer=_header(environ, "HTTP_REFERER"),
        signals=_signals(environ),
    )


def _signals(environ: Mapping[str, Any]) -> tuple[str, ...]:
    """What headers say: that nobody looks at the page yet, or that its reader opts out.

    Sec-Purpose and Sec-GPC are what browsers send today; Purpose, X-Purpose and X-Moz came before.
    """
    signals = []
    if any("prefetch" in environ.get(name, "") for name in PREFETCH_HEADERS):
        signals.append(PREFETCH)
    if environ.get("HTTP_DNT") == "1" or environ.get("HTTP_SEC_GPC") == "1":
        signals.append(OPT_OUT)
    return tuple(signals)


def _header(environ: Mapping[str, Any], name: str) -> str:
    """A header's text: WSGI hands its bytes over as latin-1."""
    text: str = environ.get(name, "")
    if text.isascii() and text.isprintable():
        return text
    return text.encode("latin-1", "replace").decode("utf-8", "replace").replace("\0", "")


def _query(environ: Environ) -> str:
    query: str = environ.get("QUERY_STRING", "")
    if len(query) > LONGEST_QUERY:
        raise InvalidHit(f"query: longer than {LONGEST_QUERY} characters, url {LONGEST_URL}")
    return query


def _body(environ: Environ) -> bytes:
    """The body, whatever its length claims to be; raises HitTooLarge beyond the limit."""
    stream = environ.get("wsgi.input") or io.BytesIO()
    length = environ.get("CONTENT_LENGTH", "")
    # Not asking for more than was announced saves a wait for the server's other side.
    enough = MOST_BODY_BYTES + 1
    if length.isdecimal() and len(length) <= MOST_LENGTH_DIGITS:
        enough = min(enough, int(length))
    body = b""
    # A read may return less than was asked for; never read beyond one byte over the limit.
    while len(body) < enough and (part := stream.read(MOST_BODY_BYTES + 1 - len(body))):
        body += part
    if len(body) > MOST_BODY_BYTES:
        raise HitTooLarge(f"body: longer than {MOST_BODY_BYTES} bytes")
    if not body:
        raise InvalidHit("body: missing")
    return body


def _script(environ: Environ, script: Script) -> Answer:
    method = environ["REQUEST_METHOD"]
    if method == "OPTIONS":
        return _options("GET, HEAD, OPTIONS")
    if method not in {"GET", "HEAD"}:
        return _not_allowed("GET, HEAD, OPTIONS")
    headers = (
        ("ETag", script.etag),
        ("Cache-Control", "public, max-age=86400"),
        ("Vary", "Accept-Encoding"),
    )
    if script.etag in environ.get("HTTP_IF_NONE_MATCH", ""):
        return Answer(304, headers)
    if "gzip" in environ.get("HTTP_ACCEPT_ENCODING", ""):
        return Answer(200, (*headers, SCRIPT_TYPE, ("Content-Encoding", "gzip")), script.gzipped)
    return Answer(200, (*headers, SCRIPT_TYPE), script.plain)


def _with_gif(answer: Answer) -> Answer:
    """The answer with an image as its body, so that no page shows a broken one."""
    if answer.status == 204:
        return answer
    headers = tuple(header for header in answer.headers if header[0] != "Content-Type")
    status = 200 if answer.status == 202 else answer.status
    return Answer(status, (*headers, ("Content-Type", "image/gif")), GIF)


def _options(methods: str) -> Answer:
    return Answer(
        204,
        (
            ("Allow", methods),
            ("Access-Control-Allow-Methods", methods),
            ("Access-Control-Allow-Headers", "Content-Type"),
            ("Access-Control-Max-Age", "86400"),
            ("Cache-Control", "no-store"),
        ),
    )


def _not_allowed(methods: str) -> Answer:
    return Answer(405, (("Allow", methods), *UNCACHED, ("Content-Type", "text/plain")))
