"""The images of a raw data set: listed once, so that a missing one is met before training and not in its middle."""

from collections.abc import Iterable
from pathlib import Path

from models.data.errors import BadExampleError, Reason
from models.data.record import FileImage


class ImageFolders:
    """One or several folders of images; of two files with one name the first folder's counts."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self._paths = list(paths)
        self._found = {entry.name: path for path in reversed(self._paths) if path.is_dir() for entry in path.iterdir()}

    def image(self, name: str) -> FileImage:
        """The image file called `name`; only names count, so one with a separator is never found.

        Raises:
            BadExampleError: there is none.
        """
        if name not in self._found:
            places = " or ".join(map(str, self._paths))
            message = f"image {name} is missing in {places}; put it there, or skip bad examples"
            raise BadExampleError(Reason.MISSING_IMAGE, message)
        return FileImage(self._found[name] / name)
