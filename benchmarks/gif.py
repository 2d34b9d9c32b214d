"""What the server itself can do: a constant image from a bare WSGI function."""

import base64
from collections.abc import Iterable
from typing import Any

GIF = base64.b64decode("R0lGODlhAQABAIAAAP///wAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==")


def application(_environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer every request alike."""
    start_response("200 OK", [("Content-Type", "image/gif"), ("Content-Length", str(len(GIF)))])
    return [GIF]
