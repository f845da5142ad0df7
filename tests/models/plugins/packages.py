"""Packages that a test installs by hand: a module, and the metadata that names its entry points."""

from collections.abc import Mapping
from pathlib import Path


def package(
    folder: Path, name: str, source: str, entry_points: Mapping[str, Mapping[str, str]], *, version: str = "1.0"
) -> None:
    """Install `source` as the module `name` of a package of that name into `folder`."""
    metadata = folder / f"{name}-{version}.dist-info"
    metadata.mkdir()
    (folder / f"{name}.py").write_text(source)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    lines = [
        line
        for group, entries in entry_points.items()
        for line in (f"[{group}]", *(f"{entry} = {value}" for entry, value in entries.items()))
    ]
    (metadata / "entry_points.txt").write_text("\n".join(lines) + "\n")
