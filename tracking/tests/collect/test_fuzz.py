"""Hostile requests: FUZZ_REQUESTS of them, 2,000 unless told otherwise.

Each gets a documented status below 500; what was accepted is counted or dropped with its reason,
and every report can still be asked; and no log record makes more than one line.
"""

import io
import json
import logging
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.db.models import Sum
from django.utils.timezone import now
from hypothesis import Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tracking.collect.live import live_collector
from tracking.collect.payload import FIELDS
from tracking.models import DroppedHits, Engagement, Event, RejectedHit, Site, SpoolFile
from tracking.records import PAGEVIEW
from tracking.reports.conditions import Filter
from tracking.reports.dimensions import DIMENSIONS
from tracking.reports.metrics import METRICS
from tracking.reports.query import MOST_ROWS
from tracking.tests.factories import SiteFactory
from tracking.tests.pipeline import CHROME, FIREFOX, ask, count
from tracking.upkeep.steps import copy_new_events
from tracking_project import wsgi
from tracking_project.logging import RequestContextFilter, TabbedFormatter

REQUESTS = int(os.environ.get("FUZZ_REQUESTS", "2000"))
AT_ONCE = 10
URL = "https://site.example/page"
SITE = "THESITE"

# What docs/events.md lists for each door; a HEAD or a script may also be 200 or 304.
TAKEN = {200, 202, 204}
DOCUMENTED = TAKEN | {304, 400, 404, 405, 413, 503}

hostile_texts = st.one_of(
    st.text(max_size=40),
    st.text(st.characters(categories=("Cc", "Cf", "Cs", "Zl", "Zp", "Co"))),
    st.sampled_from(
        [
            *(
                "",
                " ",
                "\0",
                "\r\nX-Forged: 1",
                "\n2026-01-01T00:00:00.000Z\tERROR\tforged",
                "\u2028",
            ),
            *("%00", "%0A", "%ED%A0%80", "../../etc/passwd", "' OR 1=1 --", "<script>", "{{7*7}}"),
            *("x" * 121, "x" * 501, "x" * 2001, "x" * 70_000, "\u202e", "\ufeff", "e\u0301" * 300),
            *("engagement", "pageview", " engagement ", "constructor", "__proto__", "NaN"),
        ]
    ),
)
urls = st.one_of(
    hostile_texts,
    hostile_texts.map(lambda text: f"https://site.example/{text}"),
    hostile_texts.map(lambda text: f"https://site.example/?utm_source={text}&{text}={text}"),
    hostile_texts.map(lambda text: f"https://{text}/"),
    hostile_texts.map(lambda text: f"https://site.example/#{text}"),
    st.sampled_from(
        [
            *(
                "javascript:alert(1)",
                "//x",
                "http://",
                "http://[::1",
                "http://[::1]/",
                "http://a:99999/",
            ),
            *(
                "http://a:b@c/",
                "HTTP://SITE.EXAMPLE",
                "https://xn--/",
                "https://\u2100/",
                "https://a\\b",
            ),
            *(
                "https://www.google.com/search?q=%00",
                "android-app://com.google.android.gm/",
                "http://0-0.fr/",
            ),
            *("https://site.example/%00%0a%ff", "https://site.example/" + "a/" * 990, "ftp://x/"),
        ]
    ),
)
json_values = st.recursive(
    st.one_of(
        *(st.none(), st.booleans(), st.integers(), st.floats(), hostile_texts, urls),
        st.sampled_from(
            [2**31, 2**63, 2**64, -(2**63), 10**400, -0.0, 1e308, "1e9999", "EUR", 100]
        ),
    ),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(hostile_texts, inner, max_size=4),
    max_leaves=8,
)
likely_values = {
    "u": urls,
    "n": hostile_texts,
    "r": urls,
    "t": hostile_texts,
    "w": st.integers(-1, 100_001),
    "p": st.dictionaries(hostile_texts, json_values, max_size=31),
    "a": st.floats() | st.integers() | st.from_regex(r"[-+]?[0-9.]{0,25}([eE][-+]?[0-9]{0,20})?"),
    "c": st.sampled_from(["EUR", "usd", "", "EURO"]),
    "s": st.floats(0, 86_400) | st.integers(-1, 86_401),
    "d": st.integers(-1, 101),
}
objects = st.fixed_dictionaries(
    {"u": st.just(URL) | urls},
    optional={
        name: st.one_of(likely_values.get(name, st.booleans()), json_values)
        for name in sorted(FIELDS - {"u"})
    }
    | {"unknown": json_values},
)


@st.composite
def mutated(draw: st.DrawFn, texts: st.SearchStrategy[bytes]) -> bytes:
    """A body that is nearly what it should be."""
    text = bytearray(draw(texts))
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(text)))
        match draw(st.sampled_from(["cut", "insert", "flip", "repeat"])):
            case "cut":
                del text[place : place + draw(st.integers(1, 9))]
            case "insert":
                text[place:place] = draw(st.binary(min_size=1, max_size=6))
            case "repeat":
                text[place:place] = text[:place][-20:]
            case _ if place < len(text):
                text[place] ^= 1 << draw(st.integers(0, 7))
    return bytes(text)


json_bodies = objects.map(lambda fields: json.dumps(fields).encode())
raw_json_bodies = objects.map(
    lambda fields: json.dumps(fields, ensure_ascii=False).encode("utf-8", "surrogatepass")
)
# Strange, and yet what the wire allows.
strange_texts = hostile_texts.map(
    lambda text: text.encode("utf-8", "replace").decode().replace("\0", "")[:120]
)
good_bodies = st.fixed_dictionaries(
    {"u": strange_texts.map(lambda text: f"https://site.example/{text}?utm_source={text}#{text}")},
    optional={
        "n": strange_texts.filter(lambda name: name.strip() != "engagement"),
        "r": strange_texts | urls.filter(lambda url: "\0" not in url and url.isascii()),
        "t": strange_texts,
        "w": st.integers(0, 100_000),
        "p": st.dictionaries(strange_texts.filter(bool), strange_texts | st.floats(-9, 9)),
        "h": st.booleans(),
        "i": st.booleans(),
    },
).map(lambda fields: json.dumps(fields).encode())
good_signals = st.fixed_dictionaries(
    {"u": st.just(URL), "n": st.just("engagement"), "s": st.floats(0, 86_400)},
    optional={"d": st.integers(0, 100)},
).map(lambda fields: json.dumps(fields).encode())
good_sales = st.fixed_dictionaries(
    {
        "u": st.just(URL),
        "n": st.just("Sale"),
        "c": st.just("EUR"),
        "a": st.integers(-(10**12), 10**12),
    }
).map(lambda fields: json.dumps(fields).encode())
duplicated = st.tuples(urls, urls).map(
    lambda two: f'{{"u":{json.dumps(two[0])},"u":{json.dumps(two[1])}}}'.encode()
)
bodies = st.one_of(
    st.binary(max_size=200),
    st.sampled_from(
        [b"", b"[" * 70_000, b'{"u":NaN}', b'{"u":' * 2000, b" " * 65_537, b"\xef\xbb\xbf{}"]
    ),
    *(json_bodies, raw_json_bodies, good_bodies, duplicated, mutated(json_bodies)),
    mutated(good_bodies),
)
# No server lets a line end into a header; everything else of latin-1 may come.
header_texts = st.one_of(
    st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=60),
    st.sampled_from(["x" * 70_000, "\x85", "\x1b[31m", "\u00e2\u0080\u00a8", "a; x*=foo'bar'baz"]),
)
HEADERS = (
    *("HTTP_USER_AGENT", "HTTP_REFERER", "HTTP_ACCEPT_LANGUAGE", "HTTP_X_FORWARDED_FOR"),
    *("HTTP_X_FORWARDED_PROTO", "HTTP_DNT", "HTTP_SEC_GPC", "HTTP_PURPOSE", "HTTP_COOKIE"),
    *("HTTP_ACCEPT", "HTTP_ACCEPT_ENCODING", "HTTP_IF_NONE_MATCH", "HTTP_HOST", "HTTP_ORIGIN"),
    *("CONTENT_TYPE", "CONTENT_LENGTH", "REMOTE_ADDR", "HTTP_TRANSFER_ENCODING", "HTTP_X_ODD"),
)
# It may lie, but no server passes on one that is no number.
LENGTHS = st.sampled_from(["0", "1", "20", "70000", "9" * 30, ""])
header_values = {
    "HTTP_USER_AGENT": st.sampled_from([CHROME, FIREFOX, "curl/8", "Googlebot/2.1"]),
    "HTTP_REFERER": urls.map(lambda text: text.encode("utf-8", "replace").decode("latin-1")),
    "HTTP_ACCEPT_LANGUAGE": st.sampled_from(["de-AT,de;q=0.9", "xxxx", "*", ";;q=,", "D\u00c9"]),
    "HTTP_X_FORWARDED_FOR": st.sampled_from(["1.2.3.4", "::1, [::1]:9, x", ",,,", "1.2.3.4%x"]),
    "CONTENT_LENGTH": LENGTHS,
    "CONTENT_TYPE": st.sampled_from(
        [
            *(
                "application/json",
                "application/x-www-form-urlencoded; charset=utf-7",
                "multipart/form-data",
            ),
            *(
                "multipart/form-data; boundary=x",
                "text/plain; charset=rot13",
                "a; x*=hex'1'%ff",
                ";=",
            ),
        ]
    ),
    "HTTP_ACCEPT": st.sampled_from(["application/json", "*/*; q=x", "a/b; c*=foo'd'e", "/", ";,;"]),
    "HTTP_HOST": st.sampled_from(["localhost", "evil.example", "localhost:x", "[::1", ""]),
    "REMOTE_ADDR": st.sampled_from(["84.112.1.1", "::1", "unix:", "", "fe80::1%eth0"]),
}
headers = st.fixed_dictionaries(
    {},
    optional={name: header_values.get(name, header_texts) | header_texts for name in HEADERS}
    | {"CONTENT_LENGTH": LENGTHS},
)
queries = st.one_of(
    st.just(""),
    st.binary(max_size=60).map(lambda query: query.decode("latin-1")),
    st.tuples(st.sampled_from(["url", "referrer", "event", "x"]), urls).map(
        lambda pair: f"{pair[0]}={pair[1].encode('utf-8', 'replace').decode('latin-1')}"
    ),
    st.sampled_from(
        ["url=%FF", "x=1&" * 101, "x=" + "1" * 9000, "url=https://a/%00", "url=%E2%80%A8"]
    ),
)
paths = st.one_of(
    st.sampled_from([f"/t/{SITE}"] * 6 + [f"/t/{SITE}.gif", f"/sites/{SITE}/visit"] * 3),
    st.sampled_from(["/t/", "/t.js", "/t/.gif", "/t/nope", "/t/a/b", f"/t/{SITE}.gif.gif"]),
    st.text(st.characters(max_codepoint=255), max_size=20).map(lambda name: f"/t/{name}"),
    st.text(st.characters(max_codepoint=255, exclude_characters="/"), max_size=20).map(
        lambda name: f"/sites/{name}/visit"
    ),
)
methods = st.sampled_from(
    ["POST"] * 6
    + ["GET"] * 3
    + ["HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "post", "\xff"]
)


@dataclass(frozen=True, repr=False)
class Request:
    """What arrives at the door of the server."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    forms: bool

    def __repr__(self) -> str:
        told = {name: value[:200] for name, value in self.headers.items()}
        return f"{self.method!r} {self.path!r} {self.query[:200]!r} {told} {self.body[:500]!r}"


wild_requests = st.builds(
    Request,
    method=methods,
    path=paths,
    query=queries,
    headers=headers,
    body=bodies | queries.map(lambda query: query.encode()),
    forms=st.booleans(),
)
good_requests = st.builds(
    Request,
    method=st.just("POST"),
    path=st.just(f"/t/{SITE}"),
    query=st.just(""),
    headers=headers,
    body=good_bodies | good_signals | good_sales,
    forms=st.booleans(),
)
good_forms = st.builds(
    Request,
    method=st.just("GET"),
    path=st.sampled_from([f"/t/{SITE}.gif", f"/sites/{SITE}/visit"]),
    query=strange_texts.map(lambda text: urlencode({"url": f"https://site.example/{text}"})),
    headers=st.fixed_dictionaries({}, optional={"HTTP_REFERER": header_values["HTTP_REFERER"]}),
    body=st.just(b""),
    forms=st.just(False),
)
requests = wild_requests | wild_requests | good_requests | good_forms


class Slow(io.BytesIO):
    """Gives a few bytes at a time, whatever is asked for, as a socket may."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(size if size is None or size < 0 else min(size, 7000))


def send(request: Request, site: Site) -> tuple[int, dict[str, str], bytes]:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": request.path.replace(SITE, site.public_id),
        "QUERY_STRING": request.query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "84.112.1.1",
        "HTTP_HOST": "localhost",
        "HTTP_USER_AGENT": CHROME,
        "wsgi.url_scheme": "http",
        "wsgi.input": Slow(request.body),
        "wsgi.errors": io.StringIO(),
        "CONTENT_LENGTH": str(len(request.body)),
    }
    if request.forms:
        environ["CONTENT_TYPE"] = "application/x-www-form-urlencoded"
    answer: list[Any] = []
    content = wsgi.application(environ | request.headers, lambda *told: answer.extend(told))
    body = b"".join(content)
    getattr(content, "close", lambda: None)()
    return int(answer[0][:3]), dict(answer[1]), body


class Lines(logging.Handler):
    """Every record that was logged, as the project's formatter writes it."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(TabbedFormatter())
        self.addFilter(RequestContextFilter())
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture
def lines() -> Iterator[Lines]:
    handler = Lines()
    logging.getLogger().addHandler(handler)
    yield handler
    logging.getLogger().removeHandler(handler)


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A site whose collector spools into this test's folder, and logs each refusal."""
    # As Django's test client does: the test's transaction must stay open between requests.
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    monkeypatch.setattr(wsgi, "collect", live_collector())
    monkeypatch.setattr("tracking.collect.refusals.MOST_A_MINUTE", 10**9)
    yield SiteFactory()
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def is_hit(request: Request, status: int) -> bool:
    """Whether the answer says that a hit is on disk."""
    if request.method == "OPTIONS" or request.path == "/t.js":
        return False
    if request.path.startswith("/sites/"):
        return status == 204
    return status == 202 or (status == 200 and request.method == "GET")


@pytest.mark.filterwarnings("ignore:Generating overly large repr")
@pytest.mark.django_db
def test_hostile_requests_get_a_documented_status_and_break_nothing_behind(
    site: Site, lines: Lines
) -> None:
    sent: Counter[int] = Counter()
    accepted = 0

    @hypothesis_settings(max_examples=-(-REQUESTS // AT_ONCE), phases=[Phase.generate])
    @given(st.lists(requests, min_size=AT_ONCE, max_size=AT_ONCE))
    def are_answered(some: list[Request]) -> None:
        nonlocal accepted
        for request in some:
            logged = len(lines.lines)
            status, told, _ = send(request, site)
            sent[status] += 1
            accepted += is_hit(request, status)
            assert status in DOCUMENTED
            assert all(value.isprintable() for value in told.values())
            for line in lines.lines[logged:]:
                first, *traceback = line.splitlines()
                assert first.count("\t") == 7
                assert all(below.startswith("  ") for below in traceback)

    are_answered()
    # What is drawn depends on which modules are loaded: one body is too large in any case.
    too_large = Request("POST", f"/t/{site.public_id}", "", {}, b" " * 65_537, forms=False)
    sent[send(too_large, site)[0]] += 1
    assert sent.total() >= REQUESTS, sent
    assert accepted > REQUESTS // 4
    assert {200, 204, 400, 404, 405, 413} <= sent.keys()
    live_collector().append.__self__.close()  # type: ignore[attr-defined]
    count([])
    # A chunk takes so much of a spool file and no more.
    while copy_new_events(settings.COLUMNS_DIR) != copy_new_events(settings.COLUMNS_DIR):
        pass

    assert not RejectedHit.objects.exists()
    assert sum(SpoolFile.objects.values_list("bad_lines", flat=True)) == 0
    dropped = DroppedHits.objects.aggregate(total=Sum("count"))["total"] or 0
    events = Event.objects.count()
    assert events + Engagement.objects.count() + dropped == accepted
    today = now().date()
    days = (today - timedelta(days=1), today + timedelta(days=1))
    for dimension in (*(DIMENSIONS.keys() - {"property"}), "prop.plan"):
        assert counted(site, days, dimension) == (events, events), dimension
    # An event has a row for each of its properties, and most have none.
    assert counted(site, days, "property")[0] == events


def counted(site: Site, days: tuple[date, date], dimension: str) -> tuple[int, int]:
    """How many events a report of all metrics has in all, and in its rows, page by page."""
    goal = Filter("event", "is_not", (PAGEVIEW,))
    rows, after = 0, ""
    while True:
        report = ask(
            site, *days, tuple(METRICS), dimension, goal=goal, limit=MOST_ROWS, after=after
        )
        rows += sum(map(events_of, (row.metrics for row in report.rows)))
        if report.after is None:
            return events_of(report.totals), rows
        after = report.after


def events_of(metrics: Any) -> int:
    count: int = metrics["events"] + metrics["pageviews"]
    return count


def fail(message: str) -> None:
    raise ValueError(message)


def test_what_an_exception_quotes_begins_no_line_of_the_log(lines: Lines) -> None:
    forged = "2026-01-01T00:00:00.000Z\tERROR\tforged"
    for message in (f"a\n{forged}", f"a\r{forged}", f"a\u2028{forged}"):
        try:
            fail(message)
        except ValueError:
            logging.getLogger("tracking").exception("It broke: %s", message)

    text = "\n".join(lines.lines)
    assert text.count("forged") == 6
    assert not any(line.startswith(forged) for line in text.splitlines())
