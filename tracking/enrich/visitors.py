"""Who is it? A salted hash, and nothing that leads back to the person."""

from hashlib import blake2b
from ipaddress import ip_address, ip_network

IPV4_KEPT_BITS = 24  # the last byte is zeroed
IPV6_KEPT_BITS = 48  # the last 80 bits are zeroed


def visitor_hash(salt: bytes, site_id: int, address: str, user_agent: str) -> int:
    """A visitor under the salt of a day: a signed 64-bit number."""
    parts = (str(site_id).encode(), address.encode(), user_agent.encode(errors="replace"))
    # Each part goes with its length, so that no two different inputs are the same bytes.
    text = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    digest = blake2b(text, key=salt, digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def network_of(address: str) -> str:
    """The address with its last byte (IPv4) or last 80 bits (IPv6) zeroed; empty for no address."""
    try:
        version = ip_address(address).version
    except ValueError:
        return ""
    bits = IPV4_KEPT_BITS if version == 4 else IPV6_KEPT_BITS
    return str(ip_network(f"{address.partition('%')[0]}/{bits}", strict=False).network_address)


def stored_address(address: str, how: str) -> str:
    """What is kept of an address: nothing with `no`, its network with `anonymised`, or all."""
    if how == "full":
        return address
    return network_of(address) if how == "anonymised" else ""
