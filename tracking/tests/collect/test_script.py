"""The script as it is served; what it does is tested in a browser, in tests/browser."""

import gzip
import re

import pytest

from tests.instance import ROOT
from tracking.collect.script import FOLDER, SCRIPTS
from tracking.tests.collect.test_endpoint import Door


@pytest.fixture
def door() -> Door:
    return Door()


def packed(door: Door, path: str) -> bytes:
    answer = door.send("GET", path, HTTP_ACCEPT_ENCODING="gzip")
    assert (answer.status, answer.headers["Content-Encoding"]) == (200, "gzip")
    return answer.body


def test_the_core_is_under_1024_bytes_and_all_of_it_under_2560(door: Door) -> None:
    core, extras = packed(door, "/t.js"), packed(door, "/t/extras.js")

    assert len(core) < 1024
    assert len(core) + len(extras) < 2560


@pytest.mark.parametrize("path", SCRIPTS)
def test_both_parts_are_served_alike_and_to_every_origin(door: Door, path: str) -> None:
    answer = door.send("GET", path)

    assert answer.body == gzip.decompress(packed(door, path))
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cache-Control"] == "public, max-age=86400"
    assert door.send("GET", path, HTTP_IF_NONE_MATCH=answer.headers["ETag"]).status == 304
    assert door.send("POST", path).status == 405
    assert door.hits == []


def test_comments_stay_at_home(door: Door) -> None:
    for path in SCRIPTS:
        assert not re.search(rb"^\s*//", door.send("GET", path).body, re.MULTILINE)


def test_every_attribute_of_the_tag_is_documented_and_nothing_else_is() -> None:
    core, extras = (FOLDER.joinpath(name).read_text() for name in ("t.js", "extras.js"))
    taken = re.search(r"const { (.*), \.\.\.extras } = tag\.dataset", core)
    assert taken
    known = {*taken.group(1).split(", "), *re.findall(r'asks\("(\w+)"\)', extras)}
    section = ROOT.joinpath("docs/events.md").read_text().partition("## The script")[2]
    rows = re.findall(r"^\| (`.*?) \|", section.partition("\n## ")[0], re.MULTILINE)
    documented = re.findall(r"`data-([\w-]+)`", " ".join(rows))

    assert {name for name in documented if not name.startswith("footfall-")} == known
    for name in re.findall(r'value\("(event|interactive|amount|currency)"\)', extras):
        assert f"footfall-{name}" in documented
