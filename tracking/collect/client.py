"""Who sent a request, behind proxies that are trusted and in spite of those that are not."""

from collections.abc import Mapping
from ipaddress import IPv6Address, ip_address
from typing import Any

from tracking.records import TrustedProxies


def client_address(environ: Mapping[str, Any], trusted: TrustedProxies) -> str:
    """The client's IP address; empty when the server does not know one.

    X-Forwarded-For is read from its right end, as far as trusted proxies wrote it. Anything else
    in it could be anybody's words.
    """
    nearest = _address(str(environ.get("REMOTE_ADDR", "")))
    hops = [_address(hop) for hop in str(environ.get("HTTP_X_FORWARDED_FOR", "")).split(",") if hop]
    address = nearest
    for distance, hop in enumerate(reversed(hops)):
        if not _trusts(trusted, address, distance) or not hop:
            break
        address = hop
    return address


def is_trusted(environ: Mapping[str, Any], trusted: TrustedProxies) -> bool:
    """Whether the nearest hop is a proxy whose headers count."""
    return _trusts(trusted, _address(str(environ.get("REMOTE_ADDR", ""))), 0)


def _trusts(trusted: TrustedProxies, address: str, distance: int) -> bool:
    if distance < trusted.count:
        return True
    return bool(address) and any(ip_address(address) in network for network in trusted.networks)


def _address(text: str) -> str:
    """The IP address in `1.2.3.4:80`, `[::1]:80` or plain, in its one form; empty for others."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(address)
