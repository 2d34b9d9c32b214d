"""The scripts that count in a browser, read, minified and compressed once."""

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

import rjsmin

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Script:
    """A script as it is sent, plain and gzipped, with its entity tag."""

    plain: bytes
    gzipped: bytes
    etag: str


def _read(name: str) -> Script:
    plain = rjsmin.jsmin(FOLDER.joinpath(name).read_text()).encode()
    tag = hashlib.sha256(plain).hexdigest()[:16]
    return Script(plain, gzip.compress(plain, 9, mtime=0), f'"{tag}"')


SCRIPTS = {"/t.js": _read("t.js"), "/t/extras.js": _read("extras.js")}
"""By path. The first loads the second when its tag asks for more than pageviews."""
