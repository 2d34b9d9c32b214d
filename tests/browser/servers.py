"""Somebody's pages and the collector they report to: two origins, and no process but the test's."""

import io
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from urllib.parse import urlsplit
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from tests.instance import PATIENCE_SECONDS
from tracking.collect.directory import SiteDirectory
from tracking.collect.endpoint import Collector
from tracking.collect.refusals import RefusalLog
from tracking.records import Hit, SiteRules, TrustedProxies

SITE = "abc"
TYPES = {".js": "text/javascript", ".json": "application/speculationrules+json"}
QUEUE = (
    "window.footfall = window.footfall || "
    "function () { (footfall.q = footfall.q || []).push(arguments) }"
)
"""What docs/events.md has a page run before it calls footfall()."""


class ThreadingWSGIServer(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class QuietWSGIHandler(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Say nothing: a test's output is the test's."""


class Stats:
    """The collector behind a real server; its spool is a list."""

    def __init__(self) -> None:
        self.hits: list[Hit] = []
        self.news = threading.Condition()
        self.collector = Collector(
            append=self._append,
            sites=SiteDirectory(
                lambda: {SITE: SiteRules(1, SITE, (), honours_opt_out=False)}, lambda: 0.0, ()
            ),
            now=lambda: datetime(2026, 3, 2, tzinfo=UTC),
            trusted=TrustedProxies(),
            refusals=RefusalLog(lambda: 0.0),
        )
        self.server = make_server(
            "127.0.0.1", 0, self._answer, ThreadingWSGIServer, QuietWSGIHandler
        )
        self.port = self.server.server_port
        self.origin = f"http://stats.example:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        # This server's stream has no end, unlike that of servers for production.
        length = int(environ.get("CONTENT_LENGTH") or 0)
        environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(length))
        return self.collector(environ, start_response)

    def _append(self, hit: Hit) -> None:
        with self.news:
            self.hits.append(hit)
            self.news.notify_all()

    def wait(self, condition: Callable[[list[Hit]], bool]) -> list[Hit]:
        """The hits, as soon as they are as asked for; raises AssertionError if they never are."""
        with self.news:
            came = self.news.wait_for(lambda: condition(self.hits), PATIENCE_SECONDS)
            assert came, self.hits
            return list(self.hits)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class Pages:
    """Pages of a site whose policy lets in scripts and connections of these two origins alone."""

    def __init__(self, stats: Stats) -> None:
        self.stats = stats
        self.files: dict[str, str] = {}
        self.headers: dict[str, str] = {}
        self.asked: dict[str, threading.Event] = defaultdict(threading.Event)
        self.held: dict[str, threading.Event] = {}
        self.policy = (
            f"default-src 'none'; script-src 'self' {stats.origin}; connect-src {stats.origin}; "
            "form-action 'self'; base-uri 'none'; "
            "require-trusted-types-for 'script'; trusted-types 'none'"
        )
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.port = self.server.server_port
        self.origin = f"http://site.example:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        pages = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = urlsplit(self.path).path
                pages.asked[path].set()
                if path in pages.held:
                    pages.held[path].wait(PATIENCE_SECONDS)
                content = pages.files.get(path)
                self.send_response(404 if content is None else 200)
                self.send_header("Content-Type", TYPES.get(Path(path).suffix, "text/html"))
                self.send_header("Content-Security-Policy", pages.policy)
                for name, value in pages.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write((content or "").encode())

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as above
                """Say nothing."""

        return Handler

    def add(self, path: str, body: str = "", *, tag: str = "", script: str = "") -> None:
        """A page with the snippet, its tag's attributes in `tag`; `script` runs before it."""
        self.add_script(f"{path}.js", script)
        self.files[path] = (
            f"<!doctype html><html lang=en><meta charset=utf-8><title>Page {path}</title>"
            f'<script src="{path}.js"></script>{self.snippet(tag)}{body}</html>'
        )

    def add_script(self, path: str, script: str) -> None:
        """A file of the site's own, which its policy lets run."""
        self.files[path] = script

    def snippet(self, tag: str = "") -> str:
        """The line that owners paste."""
        return f'<script defer src="{self.stats.origin}/t.js" data-site="{SITE}" {tag}></script>'

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
