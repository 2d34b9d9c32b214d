"""The collect endpoint, through its WSGI door."""

import gzip
import io
import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError
from django.test import Client

from tracking.collect import live
from tracking.collect.directory import SiteDirectory
from tracking.collect.endpoint import Collector
from tracking.collect.refusals import RefusalLog
from tracking.errors import SpoolFull, UnknownSite
from tracking.records import OPT_OUT, PREFETCH, WEBDRIVER, Hit, SiteRules, TrustedProxies
from tracking.spool.writer import SpoolWriter
from tracking.tests.factories import SiteFactory
from tracking.tests.pipeline import CHROME
from tracking_project.wsgi import application

URL = "https://site.example/page"
RULES = {"abc": SiteRules(1, "abc", ()), "all": SiteRules(2, "all", (), honours_opt_out=False)}
AT = datetime(2026, 3, 2, tzinfo=UTC)
OPTED_OUT = Hit(site="abc", at=AT, name="", url="", signals=(OPT_OUT,))


class Answered:
    """What a request got, and what came of it."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes, hits: list[Hit]) -> None:
        self.status, self.headers, self.body, self.hits = status, headers, body, hits


class Door:
    """Sends requests to a collector whose spool is a list."""

    def __init__(self) -> None:
        self.hits: list[Hit] = []
        self.full = False
        self.time = 0.0
        self.collector = Collector(
            append=self.append,
            sites=SiteDirectory(lambda: RULES, lambda: self.time, (DatabaseError,)),
            now=lambda: AT,
            trusted=TrustedProxies(),
            refusals=RefusalLog(lambda: self.time),
        )

    def append(self, hit: Hit) -> None:
        if self.full:
            raise SpoolFull("the disk is full")
        self.hits.append(hit)

    def send(
        self, method: str, path: str, body: bytes = b"", query: str = "", **headers: Any
    ) -> Answered:
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REMOTE_ADDR": "84.112.1.1",
            "HTTP_USER_AGENT": CHROME,
            "wsgi.input": io.BytesIO(body),
            **headers,
        }
        got: dict[str, Any] = {}

        def start_response(status: str, sent: list[tuple[str, str]]) -> None:
            got.update(status=int(status[:3]), headers=dict(sent))

        content = b"".join(self.collector(environ, start_response))
        return Answered(got["status"], got["headers"], content, self.hits)

    def post(self, **fields: Any) -> Answered:
        return self.send("POST", "/t/abc", json.dumps(fields).encode())


@pytest.fixture
def door() -> Door:
    return Door()


def test_a_pageview_is_taken_with_all_that_is_known_of_it(door: Door) -> None:
    answer = door.send(
        "POST",
        "/t/abc",
        json.dumps(
            {"u": URL, "r": "https://t.co/", "t": "Page", "w": 1300, "p": {"a": 1, "b": True}}
        ).encode(),
        HTTP_ACCEPT_LANGUAGE="de-AT,de;q=0.9",
    )

    assert answer.status == 202
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cache-Control"] == "no-store"
    [hit] = door.hits
    assert (hit.name, hit.url, hit.referrer, hit.title) == (
        "pageview",
        URL,
        "https://t.co/",
        "Page",
    )
    assert (hit.language, hit.screen, hit.address) == ("de", "Laptop", "84.112.1.1")
    assert hit.props == (("a", "1"), ("b", "true"))


@pytest.mark.parametrize(
    ("width", "size"),
    [(0, ""), (575, "Mobile"), (576, "Tablet"), (992, "Laptop"), (1440, "Desktop")],
)
def test_a_window_is_one_of_four_sizes(door: Door, width: int, size: str) -> None:
    door.post(u=URL, w=width)
    assert door.hits[0].screen == size


def test_an_engagement_signal_carries_seconds_and_depth(door: Door) -> None:
    door.post(n="engagement", u=URL, s=12.4, d=80)
    assert (door.hits[0].engaged_seconds, door.hits[0].scroll_depth) == (12, 80)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "body"),
        (b"garbage" * 150, "body"),
        (b"\xff\xfe", "body"),
        (b"[]", "body"),
        (b"[" * 60_000, "body"),
        (b'{"n": "x"}', "u"),
        (b'{"u": 1}', "u"),
        (b'{"u": "javascript:alert(1)"}', "u"),
        (b'{"u": "/relative"}', "u"),
        (b'{"u": "https://[::1"}', "u"),
        (b'{"u": "https://a.example:99999/"}', "u"),
        (b'{"u": "https://a.example/\\u0000"}', "u"),
        (b'{"u": "https://a.example/\\ud800"}', "body"),
        (json.dumps({"u": f"https://a.example/{'x' * 2000}"}).encode(), "u"),
        (b'{"u": "https://a.example/", "date": "9999-01-01"}', "date"),
        (json.dumps({"u": URL, "n": "x" * 121}).encode(), "n"),
        (json.dumps({"u": URL, "p": []}).encode(), "p"),
        (json.dumps({"u": URL, "p": {"a": {}}}).encode(), "p"),
        (json.dumps({"u": URL, "p": {"": "x"}}).encode(), "p"),
        (json.dumps({"u": URL, "p": {"a": "x" * 2001}}).encode(), "p"),
        (json.dumps({"u": URL, "p": {str(n): 1 for n in range(31)}}).encode(), "p"),
        (json.dumps({"u": URL, "i": 1}).encode(), "i"),
        (json.dumps({"u": URL, "w": -1}).encode(), "w"),
        (json.dumps({"u": URL, "w": True}).encode(), "w"),
        (json.dumps({"u": URL, "n": "engagement"}).encode(), "s"),
        (json.dumps({"u": URL, "n": "engagement", "d": 101}).encode(), "d"),
        (b'{"u": "https://a.example/", "w": NaN}', "body"),
    ],
)
def test_a_malformed_hit_is_refused_and_the_field_is_named(
    door: Door, body: bytes, field: str
) -> None:
    answer = door.send("POST", "/t/abc", body)

    assert answer.status == 400
    assert answer.headers["X-Footfall-Rejected"].startswith(f"{field}: ")
    assert answer.body.decode().startswith(f"{field}: ")
    assert answer.hits == []


def test_thirty_props_are_taken(door: Door) -> None:
    assert door.post(u=URL, p={str(number): "x" * 2000 for number in range(30)}).status == 202


def test_a_refusals_header_holds_no_foreign_letters_or_lines(door: Door) -> None:
    answer = door.post(u=URL, **{"schlüssel\r\nSet-Cookie: a": 1})

    assert answer.headers["X-Footfall-Rejected"] == "schl?ssel??Set-Cookie: a: unknown field"


@pytest.mark.parametrize(("size", "status"), [(64 * 1024, 202), (64 * 1024 + 1, 413)])
def test_a_body_may_have_64_kilobytes(door: Door, size: int, status: int) -> None:
    start = json.dumps({"u": URL}).encode()
    body = start + b" " * (size - len(start))

    assert door.send("POST", "/t/abc", body, CONTENT_LENGTH="3").status == status


def test_a_length_that_no_body_has_is_read_to_the_end(door: Door) -> None:
    body = json.dumps({"u": URL}).encode()

    assert door.send("POST", "/t/abc", body, CONTENT_LENGTH="9" * 5000).status == 202


def test_an_unknown_site_is_404_and_a_strange_id_too(door: Door) -> None:
    assert door.send("POST", "/t/nope", b"{}").status == 404
    assert door.send("POST", "/t/a/b", b"{}").status == 404
    assert door.send("GET", "/t/nope.gif").status == 404


@pytest.mark.parametrize("header", ["HTTP_DNT", "HTTP_SEC_GPC"])
def test_of_a_reader_who_opts_out_only_that_they_came_is_kept(door: Door, header: str) -> None:
    body = json.dumps({"u": URL, "n": "Bought", "r": "https://t.co/", "p": {"a": 1}}).encode()
    opted_out: dict[str, Any] = {header: "1"}
    answers = [
        door.send("POST", "/t/abc", body, **opted_out),
        door.send("GET", "/t/abc.gif", HTTP_REFERER=URL, **opted_out),
    ]
    assert [answer.status for answer in answers] == [202, 200]
    assert door.hits == [OPTED_OUT, OPTED_OUT]
    door.send("POST", "/t/abc", body, **{header: "0"})
    assert door.hits[2].address == "84.112.1.1"


def test_the_script_can_tell_of_opting_out_too(door: Door) -> None:
    door.post(u=URL, g=True)
    assert door.hits == [OPTED_OUT]


def test_a_site_that_does_not_honour_opting_out_keeps_the_hit(door: Door) -> None:
    door.send("POST", "/t/all", json.dumps({"u": URL}).encode(), HTTP_DNT="1")
    [hit] = door.hits
    assert (hit.url, hit.address, hit.signals) == (URL, "84.112.1.1", (OPT_OUT,))


def test_nothing_personal_of_a_reader_who_opts_out_is_on_disk(door: Door, tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path)
    door.collector = replace(door.collector, append=writer.append)
    door.send(
        *("POST", "/t/abc", json.dumps({"u": URL, "t": "Secret"}).encode()),
        HTTP_SEC_GPC="1",
        HTTP_ACCEPT_LANGUAGE="de",
        HTTP_REFERER="https://site.example/referer",
    )
    [file] = tmp_path.glob("*.spool")
    line = json.loads(file.read_bytes())
    assert line.keys() == {"v", "site", "at", "name", "url", "signals"}
    assert (line["name"], line["url"], line["signals"]) == ("", "", [OPT_OUT])


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("HTTP_SEC_PURPOSE", "prefetch"),
        ("HTTP_SEC_PURPOSE", "prefetch;prerender"),
        *((name, "prefetch") for name in ("HTTP_PURPOSE", "HTTP_X_PURPOSE", "HTTP_X_MOZ")),
    ],
)
def test_a_page_that_is_fetched_ahead_is_marked(door: Door, header: str, value: str) -> None:
    named: dict[str, Any] = {header: value}
    door.send("GET", "/t/abc.gif", HTTP_REFERER=URL, **named)
    assert door.hits[0].signals == (PREFETCH,)


def test_a_browser_that_a_program_drives_is_marked(door: Door) -> None:
    door.post(u=URL, b=True)
    door.post(u=URL, b=False)
    assert [hit.signals for hit in door.hits] == [(WEBDRIVER,), ()]


def test_a_full_spool_asks_to_come_back(door: Door) -> None:
    door.full = True
    answer = door.post(u=URL)

    assert answer.status == 503
    assert answer.headers["Retry-After"] == "10"


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/t/abc", "POST, OPTIONS"),
        ("/t/abc.gif", "GET, HEAD, OPTIONS"),
        ("/t.js", "GET, HEAD, OPTIONS"),
    ],
)
def test_options_and_other_methods_are_told_what_is_allowed(
    door: Door, path: str, allowed: str
) -> None:
    options, other = door.send("OPTIONS", path), door.send("PUT", path)

    assert (options.status, options.body, options.headers["Allow"]) == (204, b"", allowed)
    assert (other.status, other.headers["Allow"]) == (405, allowed)
    assert door.hits == []


def test_the_pixel_takes_its_page_from_the_query(door: Door) -> None:
    answer = door.send(
        "GET",
        "/t/abc.gif",
        query="url=https%3A%2F%2Fsite.example%2Fmail&referrer=https://t.co/&_=1",
    )

    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/gif")
    assert answer.body.startswith(b"GIF89a")
    assert door.hits[0].url == "https://site.example/mail"
    assert door.hits[0].referrer == "https://t.co/"


@pytest.mark.parametrize(
    ("referer", "url"),
    [
        (URL, URL),
        ("https://site.example/", "https://site.example"),
        ("", ""),
        ("about:blank", ""),
        ("https://[", ""),
    ],
)
def test_the_pixel_takes_its_page_from_the_referer(door: Door, referer: str, url: str) -> None:
    door.send("GET", "/t/abc.gif", HTTP_REFERER=referer)
    assert door.hits[0].url == url


@pytest.mark.parametrize(
    "query", ["url=nonsense", "url=%FF", "x=1&" * 200 + "x=1", "x=" + "1" * 9000]
)
def test_a_bad_pixel_is_still_a_picture(door: Door, query: str) -> None:
    answer = door.send("GET", "/t/abc.gif", query=query)

    assert (answer.status, answer.headers["Content-Type"]) == (400, "image/gif")
    assert answer.body.startswith(b"GIF89a")
    assert answer.hits == []


def test_head_counts_nothing(door: Door) -> None:
    for path in ("/t/abc.gif", "/t.js"):
        answer = door.send("HEAD", path)
        assert (answer.status, answer.body) == (200, b"")
    assert door.hits == []


def test_the_script_is_small_compressed_and_revalidated(door: Door) -> None:
    plain = door.send("GET", "/t.js")
    packed = door.send("GET", "/t.js", HTTP_ACCEPT_ENCODING="br, gzip")
    again = door.send("GET", "/t.js", HTTP_IF_NONE_MATCH=plain.headers["ETag"])

    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) < 1024
    assert (again.status, again.body) == (304, b"")


def test_refusals_are_logged_with_the_network_and_at_a_bounded_rate(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        for _ in range(15):
            door.send("POST", "/t/abc", b"{}\n")
        assert len(caplog.messages) == 10
        door.time = 61.0
        door.send("POST", "/t/abc", b"{}")

    assert "84.112.1.0" in caplog.text
    assert "84.112.1.1" not in caplog.text
    assert "5 more hits were refused" in caplog.text


class Loader:
    """A database of sites that can be down."""

    def __init__(self) -> None:
        self.asked = 0
        self.is_down = False
        self.sites: dict[str, SiteRules] = {}

    def __call__(self) -> dict[str, SiteRules]:
        self.asked += 1
        if self.is_down:
            raise DatabaseError("down")
        return dict(self.sites)


def test_a_new_site_is_found_at_once_and_made_up_ids_cost_little() -> None:
    loader, now = Loader(), [0.0]
    directory = SiteDirectory(loader, lambda: now[0], (DatabaseError,))
    with pytest.raises(UnknownSite):
        directory.check("new")
    loader.sites = RULES | {"new": RULES["abc"]}
    with pytest.raises(UnknownSite):
        directory.check("new")
    now[0] = 1.0
    assert directory.check("new") == RULES["abc"]

    assert loader.asked == 2


def test_the_last_copy_serves_while_the_database_is_down(
    caplog: pytest.LogCaptureFixture,
) -> None:
    loader, now = Loader(), [0.0]
    loader.sites = RULES
    directory = SiteDirectory(loader, lambda: now[0], (DatabaseError,))
    directory.check("abc")
    loader.is_down = True
    for second in range(6, 50, 6):
        now[0] = float(second)
        directory.check("abc")

    assert len(caplog.messages) == 1


def test_without_a_copy_of_sites_who_opts_out_is_for_ingest_to_drop(door: Door) -> None:
    loader = Loader()
    loader.is_down = True
    sites = SiteDirectory(loader, lambda: 0.0, (DatabaseError,))
    door.collector = replace(door.collector, sites=sites)
    door.post(u=URL, g=True)
    assert (door.hits[0].url, door.hits[0].signals) == (URL, (OPT_OUT,))


def test_with_no_copy_at_all_ingest_decides() -> None:
    loader = Loader()
    loader.is_down = True
    directory = SiteDirectory(loader, lambda: 0.0, (DatabaseError,))

    assert directory.check("anything") is None
    with pytest.raises(UnknownSite):
        directory.check("no/id")


@pytest.fixture
def live_hits(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Hit]]:
    hits: list[Hit] = []
    monkeypatch.setattr(SpoolWriter, "append", lambda _self, hit: hits.append(hit))
    yield hits
    live._collector.cache_clear()


@pytest.mark.django_db
def test_djangos_own_door_takes_the_same_hits(client: Client, live_hits: list[Hit]) -> None:
    site = SiteFactory()
    answer = client.post(f"/t/{site.public_id}", json.dumps({"u": URL}), content_type="text/plain")

    assert answer.status_code == 202
    assert live_hits[0].url == URL
    assert client.get("/t.js").headers["Content-Type"].startswith("text/javascript")


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_form_counts_a_visit(live_hits: list[Hit], method: str) -> None:
    site = SiteFactory()
    send = getattr(Client(enforce_csrf_checks=True), method)
    answer = send(f"/sites/{site.public_id}/visit", {"url": URL, "event": "Sign up"})

    assert (answer.status_code, answer.content) == (204, b"")
    assert (live_hits[0].url, live_hits[0].name) == (URL, "Sign up")


@pytest.mark.django_db
def test_a_form_keeps_only_that_a_reader_who_opts_out_came(
    client: Client, live_hits: list[Hit]
) -> None:
    site = SiteFactory()
    headers = {"DNT": "1", "referer": URL}
    client.post(f"/sites/{site.public_id}/visit", {"event": "Bought"}, headers=headers)
    [hit] = live_hits
    assert hit == replace(OPTED_OUT, site=site.public_id, at=hit.at)


@pytest.mark.django_db
def test_a_form_without_a_url_takes_the_referer(client: Client, live_hits: list[Hit]) -> None:
    site = SiteFactory()
    client.post(f"/sites/{site.public_id}/visit", headers={"referer": URL})
    assert (live_hits[0].url, live_hits[0].name) == (URL, "pageview")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"url": "nonsense"}, "url"),
        ({"url": "https://a.example/" + "x" * 2000}, "url"),
        ({"url": URL, "event": "x" * 121}, "event"),
        ({"url": URL, "event": "engagement"}, "event"),
        ({"url": "https://a.example/\0"}, "url"),
    ],
)
def test_a_bad_form_gets_its_errors_as_json(
    client: Client, live_hits: list[Hit], form: dict[str, str], field: str
) -> None:
    answer = client.post(f"/sites/{SiteFactory().public_id}/visit", form)

    assert answer.status_code == 400
    assert list(answer.json()) == [field]
    assert live_hits == []


@pytest.mark.django_db
def test_the_forms_other_answers(
    client: Client, live_hits: list[Hit], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"/sites/{SiteFactory().public_id}/visit"
    assert client.post("/sites/nope/visit").status_code == 404
    assert client.options(url).status_code == 204
    assert client.head(url).status_code == 405
    assert client.put(url).status_code == 405

    def full(_self: object, _hit: Hit) -> None:
        raise SpoolFull("the disk is full")

    monkeypatch.setattr(SpoolWriter, "append", full)
    live._collector.cache_clear()
    assert client.post(url, {"url": URL}).status_code == 503
    assert live_hits == []


@pytest.mark.django_db
def test_the_server_hands_hits_to_the_collector_and_the_rest_to_django(
    live_hits: list[Hit], monkeypatch: pytest.MonkeyPatch
) -> None:
    site = SiteFactory()
    monkeypatch.setattr("tracking_project.wsgi.collect", live.live_collector())
    statuses = []
    for path, method in ((f"/t/{site.public_id}", "POST"), ("/healthz", "GET")):
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "8000",
            "HTTP_HOST": "localhost",
            "wsgi.input": io.BytesIO(json.dumps({"u": URL}).encode()),
            "wsgi.url_scheme": "http",
        }
        b"".join(application(environ, lambda status, *_: statuses.append(status[:3])))

    assert statuses == ["202", "200"]
    assert len(live_hits) == 1
