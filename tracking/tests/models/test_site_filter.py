"""The one form of what owners type into filters."""

import pytest
from django.core.exceptions import ValidationError

from tracking.models import SiteFilter


@pytest.mark.parametrize(
    ("kind", "typed", "value"),
    [
        ("address", " 84.112.1.77 ", "84.112.1.77"),
        ("address", "84.112.1.77/32", "84.112.1.77"),
        ("address", "84.112.1.77/16", "84.112.0.0/16"),
        ("address", "2001:DB8:0::1", "2001:db8::1"),
        ("address", "2001:db8::1/32", "2001:db8::/32"),
        ("address", "::ffff:84.112.1.77", "84.112.1.77"),
        ("address", "::ffff:84.112.1.77/120", "84.112.1.0/24"),
        ("path", "/Admin/**/x", "/Admin/*/x"),
        ("path", "/%C3%BCber*", "/über*"),
        ("path", "/", "/"),
        ("country", "at", "AT"),
        ("country", "austria", "AT"),
        ("host", "Example.ORG.", "example.org"),
        ("host", "*.bücher.example", "*.xn--bcher-kva.example"),
        ("host", "localhost", "localhost"),
        ("host", "127.0.0.1", "127.0.0.1"),
    ],
)
def test_a_value_is_brought_into_its_one_form(kind: str, typed: str, value: str) -> None:
    one = SiteFilter(kind=kind, action="block", value=typed)
    one.clean()
    assert one.value == value
    one.clean()
    assert one.value == value


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        *(("address", text) for text in ("nonsense", "84.112.1.*", "84.112.1.1/33", "1.2.3", "/")),
        *(("path", text) for text in ("admin/*", "https://a.example/", "/a?b=1", "/a\tb", "*")),
        *(("country", text) for text in ("EU", "ZZ", "Mordor", "AUT", "1")),
        *(("host", text) for text in ("https://a.example", "a b", "a.*", "*.", "*", "a_b/")),
    ],
)
def test_what_can_match_nothing_is_refused_with_an_example(kind: str, typed: str) -> None:
    with pytest.raises(ValidationError) as caught:
        SiteFilter(kind=kind, action="block", value=typed).clean()
    assert list(caught.value.message_dict) == ["value"]


def test_a_country_is_shown_by_its_name() -> None:
    assert str(SiteFilter(kind="country", action="allow", value="AT")) == (
        "Count only: Country Austria"
    )
