import pytest

from tracking.collect.client import client_address, client_scheme
from tracking.records import TrustedProxies, parse_trusted_proxies

SPOOFED = "6.6.6.6, 84.112.1.1"
FORGED = "for=6.6.6.6;proto=https"


@pytest.mark.parametrize(
    ("remote", "forwarded", "trusted", "address"),
    [
        ("84.112.1.1", "", "", "84.112.1.1"),
        ("84.112.1.1", SPOOFED, "", "84.112.1.1"),
        ("10.0.0.1", SPOOFED, "1", "84.112.1.1"),
        ("10.0.0.1", f"{SPOOFED}, 10.0.0.2", "2", "84.112.1.1"),
        ("10.0.0.1", f"{SPOOFED}, 10.0.0.2", "10.0.0.0/8", "84.112.1.1"),
        ("9.9.9.9", SPOOFED, "10.0.0.0/8", "9.9.9.9"),
        ("10.0.0.1", "84.112.1.1", "3", "84.112.1.1"),
        ("10.0.0.1", "nonsense", "1", "10.0.0.1"),
        ("10.0.0.1", "6.6.6.6,, 84.112.1.1, ,", "1", "84.112.1.1"),
        ("10.0.0.1", f"6.6.6.6, {' ' * 64}84.112.1.1", "1", "10.0.0.1"),
        ("10.0.0.1", "[2001:db8::1]:443", "1", "2001:db8::1"),
        ("10.0.0.1", "84.112.1.1:5000", "1", "84.112.1.1"),
        ("fd00::1", "2001:db8:6::6, 2001:db8::1", "fd00::/8", "2001:db8::1"),
        ("2001:db8::9", "2001:db8:6::6", "fd00::/8", "2001:db8::9"),
        ("::ffff:10.0.0.1", SPOOFED, "10.0.0.0/8", "84.112.1.1"),
        ("::ffff:84.112.1.1", "", "", "84.112.1.1"),
        ("", "84.112.1.1", "10.0.0.0/8", ""),
    ],
)
def test_only_trusted_proxies_are_believed(
    remote: str, forwarded: str, trusted: str, address: str
) -> None:
    environ = {"REMOTE_ADDR": remote, "HTTP_X_FORWARDED_FOR": forwarded}

    assert client_address(environ, parse_trusted_proxies(trusted)) == address


@pytest.mark.parametrize(
    ("remote", "forwarded", "trusted", "address"),
    [
        ("84.112.1.1", FORGED, "", "84.112.1.1"),
        ("9.9.9.9", FORGED, "10.0.0.0/8", "9.9.9.9"),
        ("10.0.0.1", f"{FORGED}, for=84.112.1.1", "1", "84.112.1.1"),
        ("10.0.0.1", f"{FORGED}, For=84.112.1.1 ; by=10.0.0.2, for=10.0.0.2", "2", "84.112.1.1"),
        ("10.0.0.1", f"{FORGED}, for=84.112.1.1, for=10.0.0.2", "10.0.0.0/8", "84.112.1.1"),
        ("10.0.0.1", 'for="84.112.1.1:47011"', "1", "84.112.1.1"),
        ("10.0.0.1", f'{FORGED}, for="[2001:db8::1]:4711"', "1", "2001:db8::1"),
        ("fd00::1", f'{FORGED}, for="[2001:db8::1]"', "fd00::/8", "2001:db8::1"),
        ("10.0.0.1", "for=unknown", "1", "10.0.0.1"),
        ("10.0.0.1", "for=6.6.6.6, for=_hidden", "2", "10.0.0.1"),
        ("10.0.0.1", "proto=https", "1", "10.0.0.1"),
        ("10.0.0.1", "nonsense", "1", "10.0.0.1"),
        ("10.0.0.1", "", "1", "10.0.0.1"),
        ("10.0.0.1", "for=6.6.6.6;for=84.112.1.1", "1", "6.6.6.6"),
        # What the client left open or hid in a name that the proxy passes on in quotes.
        ("10.0.0.1", 'for="6.6.6.6, for=84.112.1.1', "1", "84.112.1.1"),
        ("10.0.0.1", 'for="6.6.6.6, for="[2001:db8::1]"', "1", "2001:db8::1"),
        ("10.0.0.1", 'host="a;for=6.6.6.6, for=6.6.6.6";for=84.112.1.1', "1", "84.112.1.1"),
        ("10.0.0.1", r'host="a\";for=6.6.6.6, \\";for=84.112.1.1', "1", "84.112.1.1"),
    ],
)
def test_forwarded_is_believed_as_far_as_trusted_proxies_wrote_it(
    remote: str, forwarded: str, trusted: str, address: str
) -> None:
    environ = {"REMOTE_ADDR": remote, "HTTP_FORWARDED": forwarded}

    assert client_address(environ, parse_trusted_proxies(trusted)) == address


def test_forwarded_beside_x_forwarded_for_was_let_through_and_is_ignored() -> None:
    environ = {
        "REMOTE_ADDR": "10.0.0.1",
        "HTTP_X_FORWARDED_FOR": "84.112.1.1",
        "HTTP_FORWARDED": FORGED,
    }

    assert client_address(environ, TrustedProxies(count=1)) == "84.112.1.1"
    assert client_scheme(environ, TrustedProxies(count=1)) == ""


@pytest.mark.parametrize(
    ("remote", "headers", "trusted", "scheme"),
    [
        ("10.0.0.1", {"HTTP_X_FORWARDED_PROTO": "https"}, "1", "https"),
        ("10.0.0.1", {"HTTP_X_FORWARDED_PROTO": "HTTPS "}, "10.0.0.0/8", "https"),
        ("9.9.9.9", {"HTTP_X_FORWARDED_PROTO": "https"}, "10.0.0.0/8", ""),
        ("9.9.9.9", {"HTTP_X_FORWARDED_PROTO": "https"}, "", ""),
        ("10.0.0.1", {"HTTP_X_FORWARDED_PROTO": "gopher"}, "1", ""),
        (
            "10.0.0.1",
            {"HTTP_X_FORWARDED_PROTO": "http", "HTTP_FORWARDED": FORGED},
            "1",
            "http",
        ),
        ("10.0.0.1", {"HTTP_FORWARDED": f"{FORGED}, for=84.1.1.1;proto=http"}, "1", "http"),
        ("10.0.0.1", {"HTTP_FORWARDED": f"{FORGED}, for=10.0.0.2;proto=http"}, "2", "https"),
        ("10.0.0.1", {"HTTP_FORWARDED": "for=_hidden;proto=https"}, "1", "https"),
        ("10.0.0.1", {"HTTP_FORWARDED": "for=84.1.1.1;proto=gopher"}, "1", ""),
        ("9.9.9.9", {"HTTP_FORWARDED": FORGED}, "10.0.0.0/8", ""),
        ("9.9.9.9", {"HTTP_FORWARDED": FORGED}, "", ""),
        ("10.0.0.1", {}, "1", ""),
    ],
)
def test_a_scheme_is_taken_only_from_a_trusted_proxy(
    remote: str, headers: dict[str, str], trusted: str, scheme: str
) -> None:
    environ = {"REMOTE_ADDR": remote, **headers}

    assert client_scheme(environ, parse_trusted_proxies(trusted)) == scheme


def test_proxies_that_are_no_number_or_network_are_refused() -> None:
    with pytest.raises(ValueError, match="nonsense"):
        parse_trusted_proxies("nonsense")
