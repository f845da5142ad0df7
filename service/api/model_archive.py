"""`zipped`: a folder as the bytes of a zip file, piece by piece, never whole in memory or on disk."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

CHUNK_BYTES = 1 << 20


class _Pipe:
    """Takes what a zip file writes and hands it out; it cannot seek, and zip files can do without."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes, /) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        """Nothing waits anywhere."""

    def close(self) -> None:
        """Nothing is held open."""

    def drain(self) -> bytes:
        taken, self._pieces = b"".join(self._pieces), []
        return taken


def zipped(folder: Path) -> Iterator[bytes]:
    """The regular files under `folder`, stored without compression: weights do not shrink."""
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w") as archive:
        for file in sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()):
            entry = zipfile.ZipInfo.from_file(file, file.relative_to(folder))
            with file.open("rb") as source, archive.open(entry, "w") as target:
                while chunk := source.read(CHUNK_BYTES):
                    target.write(chunk)
                    yield pipe.drain()
    yield pipe.drain()
