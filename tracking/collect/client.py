"""Who sent a request, behind proxies that are trusted and in spite of those that are not."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from ipaddress import ip_address
from typing import Any

from tracking.records import CACHED_ADDRESSES, Network, TrustedProxies, normal_address

# The longest IPv6 address in brackets, with a port, is shorter; and what is longer is not kept in
# the memory of addresses that were read before.
LONGEST_ADDRESS = 64
SCHEMES = frozenset({"http", "https"})
# RFC 7239: a token, and a token or a quoted text; pairs stand between semicolons.
PAIR = re.compile(
    r"""\s*([\w!#$%&'*+.^`|~-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*))\s*(?:;|$)""", re.ASCII
)


def client_address(environ: Mapping[str, Any], trusted: TrustedProxies) -> str:
    """The client's IP address; empty when the server does not know one.

    X-Forwarded-For, or Forwarded (RFC 7239) where there is none, is read from its right end, as
    far as trusted proxies wrote it. Anything else in it could be anybody's words.
    """
    if "HTTP_X_FORWARDED_FOR" not in environ and "HTTP_FORWARDED" not in environ:
        return normal_address(str(environ.get("REMOTE_ADDR", "")))
    return _client(environ, trusted)[0]


def client_scheme(environ: Mapping[str, Any], trusted: TrustedProxies) -> str:
    """`http` or `https`, as the client sent it to the outermost trusted proxy; empty if not told.

    X-Forwarded-Proto tells it, or Forwarded where there is no X-Forwarded-For either.
    """
    if "HTTP_X_FORWARDED_PROTO" in environ:
        nearest = normal_address(str(environ.get("REMOTE_ADDR", "")))
        told = str(environ["HTTP_X_FORWARDED_PROTO"]).strip().lower()
        return told if told in SCHEMES and _trusts(trusted, nearest, 0) else ""
    return _client(environ, trusted)[1]


def _client(environ: Mapping[str, Any], trusted: TrustedProxies) -> tuple[str, str]:
    """Address and scheme of the outermost client that trusted proxies vouch for."""
    address, scheme = normal_address(str(environ.get("REMOTE_ADDR", ""))), ""
    hops, distance = _hops(environ), 0
    # Asked before the next hop is taken: what nobody vouches for is not even read.
    while _trusts(trusted, address, distance):
        hop, hop_scheme = next(hops, ("", ""))
        scheme = hop_scheme or scheme
        if not hop:
            break
        address, distance = hop, distance + 1
    return address, scheme


def _hops(environ: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Address and scheme of each hop, from the nearest on; empty texts for what is not told.

    Where both headers are, a proxy wrote X-Forwarded-For and may have let through a Forwarded of
    the client's own.
    """
    if "HTTP_X_FORWARDED_FOR" in environ:
        for hop in reversed(str(environ["HTTP_X_FORWARDED_FOR"]).split(",")):
            if hop and not hop.isspace():
                yield _address(hop), ""
    elif "HTTP_X_FORWARDED_PROTO" not in environ:
        for element in _from_the_right(str(environ.get("HTTP_FORWARDED", ""))):
            yield _forwarded(element)


def _trusts(trusted: TrustedProxies, address: str, distance: int) -> bool:
    return distance < trusted.count or _is_in(trusted.networks, address)


@lru_cache(maxsize=CACHED_ADDRESSES)
def _is_in(networks: tuple[Network, ...], address: str) -> bool:
    return bool(address) and any(ip_address(address) in network for network in networks)


def _from_the_right(header: str) -> Iterator[str]:
    """What stands between commas outside of quotes, the last first, without empty ones.

    A quote that somebody left open at the left end can't change what stands at the right.
    """
    end, quoted = len(header), False
    for place in range(len(header) - 1, -2, -1):
        letter = header[place] if place >= 0 else ","
        if letter == '"' and not _is_escaped(header, place):
            quoted = not quoted
        elif letter == "," and (not quoted or place < 0):
            if element := header[place + 1 : end].strip():
                yield element
            end = place


def _is_escaped(text: str, place: int) -> bool:
    first = place
    while first and text[first - 1] == "\\":
        first -= 1
    return (place - first) % 2 == 1


def _forwarded(element: str) -> tuple[str, str]:
    """`for` and `proto` of one element; empty for what is unknown, hidden or malformed."""
    pairs: dict[str, str] = {}
    place = 0
    while place < len(element):
        found = PAIR.match(element, place)
        if found is None:
            return "", ""
        name, quoted, plain = found.groups()
        value = plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        pairs.setdefault(name.lower(), value)
        place = found.end()
    scheme = pairs.get("proto", "").lower()
    return _address(pairs.get("for", "")), scheme if scheme in SCHEMES else ""


def _address(text: str) -> str:
    return normal_address(text) if len(text) <= LONGEST_ADDRESS else ""
