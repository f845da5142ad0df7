"""`Artifacts`: what searches exported, a folder for each of them in a directory or in a bucket."""

import logging
import os
import stat
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from service.domain.search_id import is_id

logger = logging.getLogger(__name__)

CHUNK_BYTES = 1 << 20


class ArtifactsError(Exception):
    """The place where artifacts are kept does not do what it was asked for."""


@dataclass(frozen=True, slots=True)
class Exported:
    """One file; `name` is below the folder that was asked for."""

    name: str
    size: int  # bytes
    path: str  # as the file system calls it


class Artifacts:
    """Reads and writes through fsspec; a name that comes from a row or from a bucket is checked before it is used.

    Files of one name are written again by whoever drives a search again, and are the same: nothing is deleted before,
    so that a driver which lost its lease long ago takes nothing away.
    """

    def __init__(self, url: str | Path) -> None:
        """`url` is the path of a directory, or an address such as s3://bucket/folder.

        Raises:
            ArtifactsError: nothing that is installed reaches such an address.
        """
        with _explained(f"cannot keep artifacts at {url}"):
            # other processes write too, so no listing is ever the last word
            self._files, self._root = url_to_fs(str(url), use_listings_cache=False)
        self._local = isinstance(self._files, LocalFileSystem)

    def publish(self, search_id: str, folder: Path, *, only: Collection[str] = ()) -> None:
        """Put the regular files below `folder` (or below the entries of it that are named) where every API finds them.

        Raises:
            ArtifactsError: they cannot be written.
        """
        target = self._of_search(search_id)
        if self._local and folder.resolve() == Path(target).resolve():
            return
        with _explained(f"cannot write the artifacts of search {search_id}"):
            for file in _regular_files(folder):
                name = file.relative_to(folder).as_posix()
                if not only or name.partition("/")[0] in only:
                    self._make_folder_of(path := f"{target}/{_checked(name)}")
                    self._files.put_file(str(file), path)

    def files(self, search_id: str, name: str) -> Sequence[Exported]:
        """The regular files below one folder of a search, by name; none where there is no such folder.

        Raises:
            ArtifactsError: they cannot be listed, `name` leads out of the search's folder, or a file's name does.
        """
        folder = f"{self._of_search(search_id)}/{_checked(name)}"
        with _explained(f"cannot list the artifacts of search {search_id}"):
            if not self._is_plain(folder):
                return ()
            found = self._files.find(folder, detail=True)
        regular = {path: info for path, info in found.items() if info["type"] == "file" and not info.get("islink")}
        return sorted(
            (
                Exported(_checked(path.removeprefix(folder).lstrip("/")), int(info["size"]), path)
                for path, info in regular.items()
            ),
            key=lambda each: each.name,
        )

    def read(self, file: Exported) -> Iterator[bytes]:
        """The bytes of a file, piece by piece.

        Raises:
            ArtifactsError: it cannot be read (any more).
        """
        with _explained(f"cannot read {file.name}"), self._files.open(file.path, "rb") as source:
            while chunk := source.read(CHUNK_BYTES):
                yield chunk

    def delete(self, search_id: str) -> None:
        """Delete all that a search exported; where there is nothing, nothing happens.

        Raises:
            ArtifactsError: it cannot be deleted.
        """
        folder = self._of_search(search_id)
        with _explained(f"cannot delete the artifacts of search {search_id}"):
            if self._files.exists(folder):
                self._files.rm(folder, recursive=True)

    def require_writable(self) -> None:
        """Write a file and delete it again.

        Raises:
            ArtifactsError: that cannot be done.
        """
        with _explained("cannot write artifacts"):
            probe = f"{self._root}/.writable-{os.urandom(8).hex()}"
            self._make_folder_of(probe)
            self._files.pipe_file(probe, b"")
            self._files.rm_file(probe)

    def _make_folder_of(self, path: str) -> None:
        """A bucket has no folders, and s3fs would make the bucket itself."""
        if self._local:
            Path(path).parent.mkdir(parents=True, exist_ok=True)

    def _of_search(self, search_id: str) -> str:
        if not is_id(search_id):
            raise ArtifactsError(f"expected the id of a search, not {search_id!r}")
        return f"{self._root}/{search_id}"

    def _is_plain(self, folder: str) -> bool:
        """Whether the folder is there, and in a directory reached without a link that may lead elsewhere."""
        if not self._local:
            return bool(self._files.isdir(folder))
        root, path = Path(self._root), Path(folder)
        return path.is_dir() and path.resolve() == root.resolve() / path.relative_to(root)


def _regular_files(folder: Path) -> Iterator[Path]:
    """No links, neither to files nor to folders."""
    for parent, _, names in os.walk(folder):
        for name in sorted(names):
            file = Path(parent, name)
            if stat.S_ISREG(file.lstat().st_mode):
                yield file


def _checked(name: str) -> str:
    """`name` as a path below a folder.

    Raises:
        ArtifactsError: it is none, or leads out of the folder.
    """
    parts = PurePosixPath(name).parts
    plain = "/".join(parts) == name and name.isprintable() and "\\" not in name
    if not parts or not plain or ".." in parts or name.startswith("/"):
        raise ArtifactsError(f"expected a path below the folder of a search, not {name[:200]!r}")
    return name


@contextmanager
def _explained(what: str) -> Iterator[None]:
    """Whatever a file system raises, which differs from one to the next, as one error; what it says is for our log."""
    try:
        yield
    except ArtifactsError:
        raise
    except Exception as error:
        logger.error("%s: %s", what, error)
        raise ArtifactsError(f"{what} ({type(error).__name__}); the log says why") from error
