"""`Arrival`: a model on its way into a folder, which appears whole or not at all."""

import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from twinsieve.errors import DownloadError, TwinsieveError

DAMAGED = (
    *(zipfile.BadZipFile, zlib.error, EOFError, UnicodeDecodeError),
    *(NotImplementedError, RuntimeError),  # what zipfile says of methods it does not know, and of what is encrypted
    *(FileExistsError, NotADirectoryError),  # one entry in the place of another
)


@dataclass(frozen=True, slots=True)
class Arrival:
    """Write the zip file to `archive`, then `finish`."""

    archive: Path
    folder: Path

    def finish(self) -> Path:
        """The new folder with what the archive holds.

        Raises:
            DownloadError: it is no zip file, or holds what is no plain file inside the folder.
        """
        unpacked = self.archive.with_name("model")
        unpack(self.archive, unpacked)
        return unpacked.rename(self.folder)


@contextmanager
def arriving(folder: Path) -> Iterator[Arrival]:
    """Room for a model that is to become `folder`; what is not finished at the end of the block is gone.

    Raises:
        DownloadError: the folder exists, or cannot be written.
    """
    if folder.exists():
        raise DownloadError(f"{folder} exists; give a folder that does not, so that nothing is overwritten")
    beside = folder.absolute().parent
    try:
        beside.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=beside, prefix=".export-") as staged:
            yield Arrival(Path(staged, "model.zip"), folder)
    except (TwinsieveError, ConnectionError):  # some of which are OSErrors, but not of the folder
        raise
    except OSError as error:
        raise DownloadError(f"{folder} cannot be written: {error.strerror or error}") from None


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a zip file of plain files into a new folder.

    Raises:
        DownloadError: it is no zip file, holds nothing, is damaged, or an entry is not a file inside the folder.
    """
    folder.mkdir(parents=True)
    try:
        with zipfile.ZipFile(archive) as opened:
            if not (entries := opened.infolist()):
                raise DownloadError("what the service sent holds no file; try again")
            for entry in entries:
                target = folder / _inside(entry)
                target.parent.mkdir(parents=True, exist_ok=True)
                with opened.open(entry) as source, target.open("xb") as copy:
                    shutil.copyfileobj(source, copy)
    except DAMAGED as error:
        raise DownloadError(f"what the service sent is no zip file, cut off or damaged: {error}; try again") from None


def _inside(entry: zipfile.ZipInfo) -> PurePosixPath:
    path, mode = PurePosixPath(entry.filename), entry.external_attr >> 16
    outside = path.is_absolute() or ".." in path.parts or "\\" in entry.filename or ":" in entry.filename
    if not path.parts or outside or entry.is_dir() or (stat.S_IFMT(mode) and not stat.S_ISREG(mode)):
        raise DownloadError(f"the archive holds {entry.filename!r}, which is no plain file inside it; nothing was kept")
    if entry.compress_type != zipfile.ZIP_STORED:  # stored, it cannot become larger than what came
        raise DownloadError(f"the archive holds {entry.filename!r} compressed, which the service does not; try again")
    return path
