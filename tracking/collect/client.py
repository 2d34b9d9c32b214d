"""Who sent a request, behind proxies that are trusted and in spite of those that are not."""

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any

from tracking.records import TrustedProxies, normal_address


def client_address(environ: Mapping[str, Any], trusted: TrustedProxies) -> str:
    """The client's IP address; empty when the server does not know one.

    X-Forwarded-For is read from its right end, as far as trusted proxies wrote it. Anything else
    in it could be anybody's words.
    """
    nearest = normal_address(str(environ.get("REMOTE_ADDR", "")))
    if "HTTP_X_FORWARDED_FOR" not in environ:
        return nearest
    hops = [
        normal_address(hop)
        for hop in str(environ.get("HTTP_X_FORWARDED_FOR", "")).split(",")
        if hop
    ]
    address = nearest
    for distance, hop in enumerate(reversed(hops)):
        if not _trusts(trusted, address, distance) or not hop:
            break
        address = hop
    return address


def is_trusted(environ: Mapping[str, Any], trusted: TrustedProxies) -> bool:
    """Whether the nearest hop is a proxy whose headers count."""
    return _trusts(trusted, normal_address(str(environ.get("REMOTE_ADDR", ""))), 0)


def _trusts(trusted: TrustedProxies, address: str, distance: int) -> bool:
    if distance < trusted.count:
        return True
    return bool(address) and any(ip_address(address) in network for network in trusted.networks)
