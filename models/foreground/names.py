"""Foreground providers by name, without torch; a name is never a path."""

from collections.abc import Mapping
from pathlib import Path

NONE, SALIENCY, SHAPES_TRUTH = "none", "saliency", "shapes-truth"
BOXES, DETECTOR = "boxes.json", "config.json"  # what makes a folder under the root a provider


def foreground_names(root: Path | None) -> tuple[str, ...]:
    """Every registered name: those built in, then the folders under `root`."""
    return (NONE, SALIENCY, *(name for name in foreground_folders(root) if name not in (NONE, SALIENCY)))


def foreground_folders(root: Path | None) -> Mapping[str, Path]:
    """The folders under `root` with a boxes file or a detector, by name."""
    if root is None:
        return {}
    files = (path for file in (BOXES, DETECTOR) for path in root.glob(f"*/{file}"))
    return {path.parent.name: path.parent for path in sorted(files)}
