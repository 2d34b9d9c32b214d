"""Whatever stands in a spool file, the hits behind it count."""

import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db.models import Sum
from hypothesis import given
from hypothesis import strategies as st

from tracking.errors import InvalidLine
from tracking.ingest import batch
from tracking.ingest.batch import Ingester
from tracking.ingest.live import live_lookups
from tracking.models import DroppedHits, Engagement, Event, RejectedHit, Site, SpoolFile
from tracking.records import network_of
from tracking.spool.aside import files_aside, shortened
from tracking.spool.lines import decode, encode
from tracking.spool.reader import Lines, read_lines, spool_files, waiting_since
from tracking.tests.factories import SiteFactory
from tracking.tests.pipeline import NINE, ask, hit, spool
from tracking.upkeep.steps import copy_new_events

BEHIND = 3
FIELDS = (
    *("v", "site", "at", "name", "url", "referrer", "user_agent", "address", "language", "title"),
    *("screen", "props", "interactive", "engaged_seconds", "scroll_depth", "revenue_micros"),
    *("currency", "hash_mode", "signals", "import_id", "identity", "unknown"),
)

MAPPED = "::ffff:{}".format

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.sampled_from([0, 1, 101, 2**31, 2**63 - 1, 2**64, 4_102_444_799_999, 4_102_444_800_000])
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["\0", "\n", "\u2028", "pageview", "engagement", "x" * 3000]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)
other_fields = st.dictionaries(st.sampled_from(FIELDS), values, max_size=4).map(
    lambda fields: ("fields", fields)
)
damages = st.one_of(
    st.tuples(st.just("flip"), st.lists(st.integers(0, 8 * 400), min_size=1, max_size=6)),
    st.tuples(st.just("cut"), st.integers(0, 400)),
    st.tuples(st.just("insert"), st.tuples(st.integers(0, 400), st.binary(max_size=9))),
    st.tuples(st.just("replace"), st.binary(max_size=200)),
    st.tuples(st.just("json"), values),
    other_fields,
    other_fields,
)


def damaged(line: bytes, damage: tuple[str, Any]) -> bytes:
    """The line with its newline, unless the damage took that away."""
    match damage:
        case ("flip", [*bits]):
            flipped = bytearray(line)
            for bit in bits:
                flipped[bit // 8 % len(line)] ^= 1 << bit % 8
            return bytes(flipped)
        case ("cut", int(kept)):
            return line[:kept]
        case ("insert", (int(place), bytes(noise))):
            return line[:place] + noise + line[place:]
        case ("replace", bytes(noise)):
            return noise + b"\n"
        case ("fields", dict(fields)):
            return json.dumps(json.loads(line) | fields).encode() + b"\n"
        case _:
            return json.dumps(damage[1]).encode() + b"\n"


def lines_before(site: Site, wounds: Sequence[tuple[str, object]]) -> bytes:
    whole = encode(
        hit(site, NINE, "/damaged", name="Sign up", title="A page", props=(("plan", "yearly"),))
    )
    # What was cut off is closed with a newline by the writer.
    return b"".join(damaged(whole, wound) for wound in wounds) + b"\n"


def is_hit_of(line: bytes, site: Site) -> bool:
    try:
        return decode(line).site == site.public_id
    except InvalidLine:
        return False


def is_bad(line: bytes) -> bool:
    try:
        decode(line)
    except InvalidLine:
        return True
    return False


def take_all() -> None:
    ingester = Ingester(settings.SPOOL_DIR, live_lookups())
    while ingester.take_batch():
        pass


def taken_of(site: Site) -> int:
    """How many lines were counted, dropped with a reason, or set aside as refused."""
    dropped = DroppedHits.objects.filter(site=site).aggregate(total=Sum("count"))["total"] or 0
    rejected = RejectedHit.objects.filter(site=site.public_id).count()
    kept = sum(model.objects.filter(site=site).count() for model in (Event, Engagement))
    return kept + dropped + rejected


@pytest.mark.django_db
def test_each_damaged_line_is_counted_dropped_or_aside_and_those_behind_it_count() -> None:
    settings.SPOOL_DIR.mkdir()
    damaged_lines = 0

    @given(st.lists(damages, min_size=1, max_size=8), st.binary(max_size=30))
    def each_is_somewhere(wounds: list[tuple[str, object]], torn: bytes) -> None:
        nonlocal damaged_lines
        site = SiteFactory()
        behind = [encode(hit(site, NINE, f"/behind/{number}")) for number in range(BEHIND)]
        torn = torn.replace(b"\n", b"")
        text = lines_before(site, wounds) + b"".join(behind)
        name = f"{site.public_id}.spool"
        (settings.SPOOL_DIR / name).write_bytes(text + torn)
        lines = [line + b"\n" for line in text.split(b"\n")[:-1]]
        take_all()

        file = SpoolFile.objects.get(name=name)
        assert file.finished_at is not None
        assert (file.hits, file.offset) == (len(lines), len(text))
        assert file.bad_lines == sum(map(is_bad, lines)) + bool(torn)
        assert taken_of(site) == sum(is_hit_of(line, site) for line in lines)
        pages = Event.objects.filter(site=site).values_list("page__text", flat=True)
        assert sorted(page for page in pages if page and page.startswith("/behind/")) == [
            f"/behind/{number}" for number in range(BEHIND)
        ]
        aside = [path for path in files_aside(settings.SPOOL_DIR) if path.name.startswith(name)]
        assert bool(aside) == bool(file.bad_lines)
        assert not any(b"84.112.1.1" in path.read_bytes() for path in aside)
        damaged_lines += len(lines) - BEHIND
        copy_new_events(settings.COLUMNS_DIR)
        ask(site, by="page")

    each_is_somewhere()
    assert spool_files(settings.SPOOL_DIR) == []
    assert damaged_lines >= 300


@pytest.mark.parametrize(
    ("field", "last", "first_bad"),
    [
        ("at", 4_102_444_799_999, 4_102_444_800_000),
        ("at", 0, -1),
        ("engaged_seconds", 2**31 - 1, 2**31),
        ("engaged_seconds", 0, -1),
        ("scroll_depth", 100, 101),
    ],
)
def test_a_number_that_no_hit_has_makes_a_bad_line(field: str, last: int, first_bad: int) -> None:
    line = json.loads(encode(hit(Site(public_id="abc"))))

    decode(json.dumps(line | {field: last}).encode())
    with pytest.raises(InvalidLine):
        decode(json.dumps(line | {field: first_bad}).encode())


@pytest.mark.parametrize("field", FIELDS[1:])
@pytest.mark.parametrize("value", [None, 1.5, {"a": 1}, [[1]], [["a"]], "\ud800"])
def test_a_field_of_a_wrong_type_makes_a_bad_line(field: str, value: object) -> None:
    line = json.loads(encode(hit(Site(public_id="abc"))))
    if field == "signals" and isinstance(value, list):
        value = "no list"

    with pytest.raises(InvalidLine):
        decode(json.dumps(line | {field: value}).encode())


@pytest.mark.parametrize(
    "name",
    ["ä.spool", "a b.spool", "x" * 200 + ".spool", "-\n.spool", ".a.spool", "a.spool.bad", "a"],
)
@pytest.mark.django_db
def test_a_file_of_a_foreign_name_is_left_alone(name: str) -> None:
    site = SiteFactory()
    spool([hit(site)])
    foreign = settings.SPOOL_DIR / name
    foreign.write_bytes(b"not ours\n")
    (settings.SPOOL_DIR / "\udcff.spool").write_bytes(b"not even text\n")
    take_all()

    assert foreign.read_bytes() == b"not ours\n"
    assert Event.objects.count() == 1
    assert SpoolFile.objects.count() == 1


@pytest.mark.django_db
def test_a_file_that_cannot_be_read_is_named_once_and_does_not_stop_the_rest(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    site = SiteFactory()
    spool([hit(site)])
    (settings.SPOOL_DIR / "0.spool").write_bytes(encode(hit(site, page="/late")))
    ingester = Ingester(settings.SPOOL_DIR, live_lookups())

    def read(folder: Path, name: str, offset: int, most_bytes: int) -> Lines:
        if name == "0.spool":
            raise OSError(5, "Input/output error")
        return read_lines(folder, name, offset, most_bytes)

    with monkeypatch.context() as patch:
        patch.setattr(batch, "read_lines", read)
        for _ in range(3):
            ingester.take_batch()
    assert Event.objects.count() == 1
    assert caplog.text.count("0.spool can't be read: Input/output error") == 1

    ingester.take_batch()
    assert Event.objects.count() == 2


def test_a_file_that_cannot_be_read_may_hold_a_hit_older_than_any(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.spool").write_bytes(encode(hit(Site(public_id="abc"))))
    assert waiting_since(tmp_path, {}) == NINE

    def broken(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", broken)
    since = waiting_since(tmp_path, {})
    assert since is not None
    assert since < NINE - timedelta(days=365)


@given(
    st.ip_addresses(),
    st.sampled_from([str, lambda one: one.exploded, lambda one: str(one).upper(), MAPPED]),
)
def test_only_the_network_of_an_address_is_kept_whatever_way_it_is_written(
    address: IPv4Address | IPv6Address, written: Callable[[object], str]
) -> None:
    text = written(address) if address.version == 4 or written != MAPPED else str(address)
    line = '{{"v":1,"address":"{}","url":"https://site.example/"}}'

    left = shortened(line.format(text).encode()).decode()
    assert left == line.format(network_of(text))
    assert shortened(left.encode()).decode() == left
