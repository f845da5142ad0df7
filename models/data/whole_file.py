"""A file that is there whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO


@contextmanager
def whole_file(file: Path) -> Iterator[IO[bytes]]:
    """A file to write to, which becomes `file` when the block ends, and vanishes when it fails.

    Raises:
        OSError: the disk is full, or the folder cannot be written to.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}.", delete=False) as partial:
        path = Path(partial.name)
        try:
            yield partial
            partial.flush()
            os.fsync(partial.fileno())
            path.chmod(0o644)  # a temporary file is its owner's alone
            path.replace(file)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
