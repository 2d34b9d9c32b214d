"""Who is it? A salted hash, and nothing that leads back to the person."""

from hashlib import blake2b

from tracking.records import network_of


def visitor_hash(salt: bytes, site_id: int, address: str, user_agent: str) -> int:
    """A visitor under the salt of a day: a signed 64-bit number."""
    parts = (str(site_id).encode(), address.encode(), user_agent.encode(errors="replace"))
    # Each part goes with its length, so that no two different inputs are the same bytes.
    text = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    digest = blake2b(text, key=salt, digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def stored_address(address: str, how: str) -> str:
    """What is kept of an address: nothing with `no`, its network with `anonymised`, or all."""
    if how == "full":
        return address
    return network_of(address) if how == "anonymised" else ""
