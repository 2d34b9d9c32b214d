import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tracking.enrich.pages import TRACKING_PARAMETERS, TRACKING_PREFIXES, page_and_host

DOCS = Path(__file__).parents[3] / "docs" / "sources.md"
SITE = "https://site.example"

PATHS = [
    ("/", "/"),
    ("/docs", "/docs"),
    ("/docs/", "/docs"),
    ("/docs//", "/docs"),
    ("//", "/"),
    ("/a//b", "/a//b"),
    ("/Docs", "/Docs"),
    ("/a%20b", "/a b"),
    ("/a+b", "/a+b"),
    ("/%7Euser", "/~user"),
    ("/index.html", "/index.html"),
    ("/page?x=1", "/page"),
    ("/page?", "/page"),
    ("/page/?x=1", "/page"),
    ("/page#part", "/page"),
    ("/page?x=1#part", "/page"),
    ("/page#part?x=1", "/page"),
    ("/page;v=1", "/page;v=1"),
    ("/page?gclid=x&utm_source=y", "/page"),
    # One page, however its letters are written.
    ("/%C3%BCber", "/\u00fcber"),
    ("/%c3%bcber", "/\u00fcber"),
    ("/\u00fcber", "/\u00fcber"),
    ("/u%CC%88ber", "/\u00fcber"),
    ("/u\u0308ber", "/\u00fcber"),
    ("/%FCber", "/\u00fcber"),
    ("/%E6%97%A5%E6%9C%AC", "/\u65e5\u672c"),
    ("/%F0%9F%98%80", "/\U0001f600"),
    ("/%E2%82", "/\u00e2\u201a"),
    ("/%81", "/\ufffd"),
    # What has a meaning in a URL stays encoded.
    ("/a%2Fb", "/a%2Fb"),
    ("/a%2fb", "/a%2Fb"),
    ("/a%3Fb", "/a%3Fb"),
    ("/a%23b", "/a%23b"),
    ("/100%25", "/100%25"),
    ("/100%", "/100%25"),
    ("/%zz", "/%25zz"),
    ("/%2541", "/%2541"),
    ("/a%2F/", "/a%2F"),
    ("/%2F%CC%87", "/%2F\u0307"),
    # What can't be shown is gone.
    ("/%00", "/"),
    ("/a%00b%0A%7F%C2%85c", "/abc"),
    ("/a\x00\x1fb", "/ab"),
    ("/a\ud800b", "/ab"),
    ("/a%E2%80%AEb", "/ab"),
    ("/a%E2%80%8Cb", "/a\u200cb"),
    ("/a/%00", "/a"),
]
QUERIES = [
    ("/page?x=1", "/page?x=1"),
    ("/page/?x=1", "/page?x=1"),
    ("/page?", "/page"),
    ("/?x=1#part", "/?x=1"),
    ("/shop?b=1&a=2", "/shop?a=2&b=1"),
    ("/shop?a=2&b=1", "/shop?a=2&b=1"),
    ("/shop?b=2&a=x&b=1", "/shop?a=x&b=2&b=1"),
    ("/page?x=1&utm_source=y&gclid=z", "/page?x=1"),
    ("/page?utm_source=y&UTM_Medium=z&fbclid=1", "/page"),
    ("/page?utm%5Fsource=y&x=1", "/page?x=1"),
    ("/page?x=1&&=&y", "/page?=&x=1&y"),
    ("/page?x=%00&%00", "/page?x="),
    ("/page?q=a+b", "/page?q=a b"),
    ("/page?q=a%20b", "/page?q=a b"),
    ("/page?q=a%2Bb", "/page?q=a%2Bb"),
    ("/page?q=a%26b%3Dc", "/page?q=a%26b%3Dc"),
    ("/page?q=%c3%bc", "/page?q=\u00fc"),
    ("/page?next=%2Fhome%3F", "/page?next=/home?"),
    ("/page?next=/home?", "/page?next=/home?"),
    ("/page?ref=main", "/page?ref=main"),
    ("/page?q=%23", "/page?q=%23"),
]
ROUTES = [
    ("/app#/inbox", "/app#/inbox"),
    ("/app/#/inbox/", "/app#/inbox"),
    ("/app#", "/app"),
    ("/app#/", "/app"),
    ("/app#!/", "/app"),
    ("/app#!/inbox", "/app#!/inbox"),
    ("/app#/%C3%BCber", "/app#/\u00fcber"),
    ("/app#/inbox?utm_source=x", "/app#/inbox"),
    ("/app#/inbox?id=5", "/app#/inbox"),
    ("/app#utm_source=x&tab=2&gclid=y", "/app#tab=2"),
    ("/app#utm_source=x", "/app"),
    ("/app?x=1#/inbox", "/app#/inbox"),
    ("/app#a#b", "/app#a#b"),
    ("/app#a%23b", "/app#a%23b"),
]
HOSTS = [
    ("https://Site.Example/", "site.example"),
    ("https://www.site.example/", "www.site.example"),
    ("https://site.example:8443/", "site.example"),
    ("https://site.example./", "site.example"),
    ("https://me:secret@site.example/", "site.example"),
    ("https://b\u00fccher.example/", "xn--bcher-kva.example"),
    ("https://xn--bcher-kva.example/", "xn--bcher-kva.example"),
    ("https://\u00fc" + "x" * 70 + ".example/", "\u00fc" + "x" * 70 + ".example"),
    ("http://[::1]:8000/", "::1"),
]


@pytest.mark.parametrize(("path", "page"), PATHS)
def test_a_path_is_cleaned_of_what_makes_no_other_page(path: str, page: str) -> None:
    assert page_and_host(SITE + path) == (page, "site.example")


@pytest.mark.parametrize(("path", "page"), QUERIES)
def test_a_query_that_is_kept_has_no_tracking_and_one_order(path: str, page: str) -> None:
    assert page_and_host(SITE + path, keeps_query=True)[0] == page


@pytest.mark.parametrize(("path", "page"), ROUTES)
def test_in_hash_mode_the_fragment_is_part_of_the_page(path: str, page: str) -> None:
    assert page_and_host(SITE + path, hash_mode=True)[0] == page


def test_a_fragment_s_query_is_kept_as_the_url_s_own_is() -> None:
    url = f"{SITE}/app?z=1&a=2#/inbox?id=5&gclid=x&b=1"

    page, _ = page_and_host(url, keeps_query=True, hash_mode=True)
    assert page == "/app?a=2&z=1#/inbox?b=1&id=5"


@pytest.mark.parametrize(("url", "host"), HOSTS)
def test_a_host_has_one_form(url: str, host: str) -> None:
    assert page_and_host(url) == ("/", host)


@pytest.mark.parametrize(
    ("url", "host"),
    [("", ""), ("http://[", ""), (SITE, "site.example"), (SITE + "?x=1#y", "site.example")],
)
def test_a_url_that_tells_no_path_is_the_unknown_page(url: str, host: str) -> None:
    assert page_and_host(url, keeps_query=True, hash_mode=True) == ("(unknown)", host)


def test_a_page_has_2000_characters_at_most() -> None:
    assert page_and_host(f"{SITE}/{'x' * 1999}")[0] == "/" + "x" * 1999
    assert page_and_host(f"{SITE}/{'x' * 2000}")[0] == "/" + "x" * 1999
    long_query = f"{SITE}/page?x={'y' * 3000}"
    assert len(page_and_host(long_query, keeps_query=True)[0]) == 2000


MARKS = "/?#&=+%!uF2 \x00\u0308\u0338\u0307\u212b"
ESCAPES = ["%2F", "%25", "%C3", "%BC", "%CC%88", "%80", "%00"]
PIECES = st.sampled_from([*MARKS, *ESCAPES, "utm_source=x", "gclid=1"])
URLS = st.lists(PIECES | st.characters(codec="utf-8"), max_size=40).map("".join)


@given(tail=URLS, keeps_query=st.booleans(), hash_mode=st.booleans())
@example(tail="%2F\u0307", keeps_query=True, hash_mode=True)
@example(tail="%C3%00%BC", keeps_query=False, hash_mode=False)
@example(tail="?\x00&a", keeps_query=True, hash_mode=False)
def test_a_clean_page_is_clean(*, tail: str, keeps_query: bool, hash_mode: bool) -> None:
    def clean(url: str) -> str:
        return page_and_host(url, keeps_query=keeps_query, hash_mode=hash_mode)[0]

    page = clean(f"{SITE}/{tail}")

    assert clean(SITE + page) == page
    assert page.startswith("/")
    assert page.encode()
    assert not re.search(r"[\x00-\x1f\x7f]", page)


@given(text=st.text(max_size=30))
def test_a_page_is_the_same_whether_or_not_its_letters_are_encoded(text: str) -> None:
    def encoded(form: str) -> str:
        return "".join(form.format(octet) for octet in text.encode("utf-8", "ignore"))

    assert page_and_host(f"{SITE}/{encoded('%{:02x}')}") == page_and_host(
        f"{SITE}/{encoded('%{:02X}')}"
    )


@given(
    names=st.lists(st.sampled_from(sorted(TRACKING_PARAMETERS)), min_size=1, max_size=5),
    value=st.text("abc123"),
)
def test_tracking_parameters_never_make_another_page(names: list[str], value: str) -> None:
    query = "&".join(f"{name}={value}" for name in names)

    assert page_and_host(f"{SITE}/page?x=1&{query}", keeps_query=True)[0] == "/page?x=1"


@pytest.mark.parametrize("name", sorted(TRACKING_PARAMETERS | set(TRACKING_PREFIXES)))
def test_the_documents_tell_of_every_tracking_parameter(name: str) -> None:
    assert name in set(re.split(r"[\s`,*]+", DOCS.read_text()))
