"""Data by name, without torch: the folders under a configured root; a name is never a path."""

from collections.abc import Mapping
from pathlib import Path


class DataFolders:
    """Looks a data folder up by its name; each holds raw files or arrow files of one or several data sets."""

    def __init__(self, root: Path | None = None) -> None:
        folders = sorted(root.iterdir()) if root is not None and root.is_dir() else ()
        self._folders: Mapping[str, Path] = {
            path.name: path for path in folders if path.is_dir() and not path.name.startswith(".")
        }

    def names(self) -> tuple[str, ...]:
        """Every registered name."""
        return tuple(self._folders)

    def __contains__(self, name: object) -> bool:
        return name in self._folders

    def get(self, name: str) -> Path:
        """The folder called `name`.

        Raises:
            ValueError: there is none.
        """
        if name not in self._folders:
            raise ValueError(f"no data folder '{name}'; registered: {', '.join(self.names()) or 'none'}")
        return self._folders[name]
