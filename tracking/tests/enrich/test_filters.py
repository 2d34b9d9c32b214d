"""What a site's owner lets in and leaves out."""

from datetime import UTC, datetime

import pytest

from tracking.enrich.filters import Filters, compiled, is_unwanted_country, unwanted_kind
from tracking.records import FilterRule, Hit

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


def filters(kind: str, action: str, *values: str) -> Filters:
    return compiled(tuple(FilterRule(kind, action, value) for value in values))


def failed(
    found: Filters, url: str = "https://site.example/", address: str = "", **more: bool
) -> str | None:
    return unwanted_kind(found, Hit("site", AT, "pageview", url, address=address, **more))  # type: ignore[arg-type]


INSIDE_AND_OUTSIDE = [
    ("84.112.1.77", "84.112.1.77", "84.112.1.78"),
    ("84.112.0.0/16", "84.112.255.255", "84.113.0.0"),
    ("84.112.0.0/16", "84.112.0.0", "84.111.255.255"),
    ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
    ("0.0.0.0/0", "84.112.1.1", "2001:db8::1"),
    ("84.112.1.77", "84.112.1.77", ""),
]


@pytest.mark.parametrize(("value", "inside", "outside"), INSIDE_AND_OUTSIDE)
def test_an_address_is_blocked_or_alone_allowed(value: str, inside: str, outside: str) -> None:
    blocked, allowed = filters("address", "block", value), filters("address", "allow", value)

    assert failed(blocked, address=inside) == "address"
    assert failed(blocked, address=outside) is None
    assert failed(allowed, address=inside) is None
    assert failed(allowed, address=outside) == "address"


@pytest.mark.parametrize(
    ("value", "inside", "outside"),
    [
        ("/admin", "/admin", "/admin/"),
        ("/admin/*", "/admin/", "/admin"),
        ("/admin/*", "/admin/a/b", "/blog/admin/"),
        ("/*/private", "/a/b/private", "/private"),
        ("/a*a", "/aa", "/a"),
        ("*.pdf", "/files/x.pdf", "/files/x.pdf.html"),
        ("/a*b*c", "/a-b-b-c", "/a-c-b"),
        ("/a*b*c", "/abc", "/a-c"),
        ("/Über uns", "/%C3%9Cber%20uns", "/ueber-uns"),
        ("/", "", "/a"),
        ("/[a]?", "/[a]%3F", "/a"),
        ("/shop", "/shop?item=1#top", "/shop1"),
    ],
)
def test_a_path_is_blocked_or_alone_allowed(value: str, inside: str, outside: str) -> None:
    blocked, allowed = filters("path", "block", value), filters("path", "allow", value)
    inside, outside = (f"https://site.example{path}" for path in (inside, outside))

    assert failed(blocked, inside) == "path"
    assert failed(blocked, outside) is None
    assert failed(allowed, inside) is None
    assert failed(allowed, outside) == "path"


def test_the_fragment_is_part_of_the_path_where_it_is_part_of_the_page() -> None:
    found = filters("path", "block", "/app#/admin*")

    assert failed(found, "https://site.example/app#/admin/x", hash_mode=True) == "path"
    assert failed(found, "https://site.example/app#/admin/x") is None
    assert failed(found, "https://site.example/app", hash_mode=True) is None


@pytest.mark.parametrize(
    ("value", "inside", "outside"),
    [
        ("site.example", "https://Site.example:8080/", "https://www.site.example/"),
        ("*.site.example", "https://a.b.site.example/", "https://site.example/"),
        ("*.site.example", "https://www.site.example/", "https://notsite.example/"),
        ("site.example", "https://site.example", ""),
    ],
)
def test_a_host_is_blocked_or_alone_allowed(value: str, inside: str, outside: str) -> None:
    blocked, allowed = filters("host", "block", value), filters("host", "allow", value)

    assert failed(blocked, inside) == "host"
    assert failed(blocked, outside) is None
    assert failed(allowed, inside) is None
    assert failed(allowed, outside) == "host"


def test_a_country_is_blocked_or_alone_allowed_and_an_unknown_one_gets_in() -> None:
    blocked, allowed = filters("country", "block", "AT"), filters("country", "allow", "AT", "DE")

    assert [is_unwanted_country(blocked, code) for code in ("AT", "DE", "")] == [True, False, False]
    assert [is_unwanted_country(allowed, code) for code in ("AT", "FR", "")] == [False, True, False]
    assert failed(blocked) is None


def test_a_block_goes_before_an_allow_and_one_of_several_allows_is_enough() -> None:
    rules = (
        FilterRule("path", "allow", "/blog/*"),
        FilterRule("path", "allow", "/shop/*"),
        FilterRule("path", "block", "/shop/basket"),
    )
    found = compiled(rules)

    assert failed(found, "https://site.example/shop/") is None
    assert failed(found, "https://site.example/blog/") is None
    assert failed(found, "https://site.example/shop/basket") == "path"
    assert failed(found, "https://site.example/") == "path"


def test_without_filters_everything_gets_in() -> None:
    assert failed(compiled(()), address="84.112.1.1") is None
    assert not is_unwanted_country(compiled(()), "AT")


def test_no_glob_and_path_take_long() -> None:
    found = filters("path", "block", "/" + "a*" * 120 + "b")
    # A regular expression would be at it for centuries.
    assert failed(found, "https://site.example/" + "a" * 1900) is None
