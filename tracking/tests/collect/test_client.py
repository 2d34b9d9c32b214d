import pytest

from tracking.collect.client import client_address, is_trusted
from tracking.records import TrustedProxies, parse_trusted_proxies

SPOOFED = "6.6.6.6, 84.112.1.1"


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
        ("10.0.0.1", "[2001:db8::1]:443", "1", "2001:db8::1"),
        ("10.0.0.1", "84.112.1.1:5000", "1", "84.112.1.1"),
        ("::ffff:84.112.1.1", "", "", "84.112.1.1"),
        ("", "84.112.1.1", "10.0.0.0/8", ""),
    ],
)
def test_only_trusted_proxies_are_believed(
    remote: str, forwarded: str, trusted: str, address: str
) -> None:
    environ = {"REMOTE_ADDR": remote, "HTTP_X_FORWARDED_FOR": forwarded}

    assert client_address(environ, parse_trusted_proxies(trusted)) == address


def test_a_hop_is_trusted_by_count_or_by_network() -> None:
    assert is_trusted({"REMOTE_ADDR": "9.9.9.9"}, TrustedProxies(count=1))
    assert is_trusted({"REMOTE_ADDR": "10.1.1.1"}, parse_trusted_proxies("10.0.0.0/8, ::1"))
    assert not is_trusted({"REMOTE_ADDR": "9.9.9.9"}, parse_trusted_proxies("10.0.0.0/8"))
    with pytest.raises(ValueError, match="nonsense"):
        parse_trusted_proxies("nonsense")
