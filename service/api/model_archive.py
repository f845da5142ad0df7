"""`zipped`: files as the bytes of a zip file, piece by piece, never whole in memory or on disk."""

import zipfile
from collections.abc import Iterator, Sequence

from service.storage.artifacts import Artifacts, Exported


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


def zipped(artifacts: Artifacts, files: Sequence[Exported]) -> Iterator[bytes]:
    """The files, stored without compression, as weights do not shrink; equal files give equal bytes.

    Raises:
        ArtifactsError: one of them cannot be read any more.
    """
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w") as archive:
        for file in files:
            entry = zipfile.ZipInfo(file.name)
            entry.file_size = file.size  # says beforehand whether it needs the form for more than 4 GiB
            with archive.open(entry, "w") as target:
                for chunk in artifacts.read(file):
                    target.write(chunk)
                    yield pipe.drain()
    yield pipe.drain()
