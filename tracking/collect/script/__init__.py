"""The script that counts pageviews in a browser, read once and compressed once."""

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Script:
    """A script as it is sent, plain and gzipped, with its entity tag."""

    plain: bytes
    gzipped: bytes
    etag: str


def _read(path: Path) -> Script:
    plain = path.read_bytes()
    tag = hashlib.sha256(plain).hexdigest()[:16]
    return Script(plain, gzip.compress(plain, 9, mtime=0), f'"{tag}"')


SCRIPT = _read(Path(__file__).parent / "t.js")
