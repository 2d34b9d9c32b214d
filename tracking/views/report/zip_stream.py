"""A zip archive, made while it is sent."""

from collections.abc import Generator, Iterable
from datetime import datetime
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

Chunks = Generator[bytes, None, None]


def zipped(files: Iterable[tuple[str, Iterable[bytes]]], made_at: datetime) -> Chunks:
    """The archive of files with these names and chunks, which are asked for one after another.

    An archive that ends early can't be opened: its list of contents comes last.
    """
    sent = _Sent()
    archive = ZipFile(sent, "w")
    for name, chunks in files:
        entry = ZipInfo(name, made_at.timetuple()[:6])
        entry.compress_type = ZIP_DEFLATED
        # Who unpacks it may read and change it.
        entry.external_attr = 0o644 << 16
        with archive.open(entry, "w") as file:
            for chunk in chunks:
                file.write(chunk)
                # Not even a file's name is sent before there is something in it.
                yield sent.taken() if chunk else b""
    archive.close()
    yield sent.taken()


class _Sent:
    """A file that can only be written to; what was written is taken out again and again."""

    def __init__(self) -> None:
        self._written = bytearray()

    def write(self, chunk: bytes) -> int:
        """Append, as a file does."""
        self._written += chunk
        return len(chunk)

    def flush(self) -> None:
        """Do nothing: whoever takes what was written sends it."""

    def close(self) -> None:
        """Do nothing: an archive that was given up still writes its end, to nobody."""

    def taken(self) -> bytes:
        """What was written since the last time."""
        written, self._written = bytes(self._written), bytearray()
        return written
