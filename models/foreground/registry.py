"""Opens foreground providers by name."""

from pathlib import Path

import torch

from models.foreground.boxes_file import read_boxes
from models.foreground.coverage import BoxForeground
from models.foreground.names import BOXES, NONE, SALIENCY, SHAPES_TRUTH, foreground_folders, foreground_names
from models.foreground.provider import ForegroundError, ForegroundProvider
from models.foreground.saliency import Saliency


def open_foreground(
    name: str, root: Path | None = None, *, device: torch.device | None = None
) -> ForegroundProvider | None:
    """The provider called `name`; none where nobody looks, and the filter goes by score alone.

    A folder under `root` with a `boxes.json` holds cached boxes, one with a `config.json` an object detector,
    which runs on `device`, by default the CPU.

    Raises:
        ForegroundError: there is none of that name, or its folder cannot be used.
    """
    if name == NONE:
        return None
    if name == SALIENCY:
        return Saliency()
    if (folder := foreground_folders(root).get(name)) is None:
        wanted = "; write it with `twinsieve patches shapes-truth`" if name == SHAPES_TRUTH else ""
        raise ForegroundError(f"no foreground '{name}'; registered: {', '.join(foreground_names(root))}{wanted}")
    if (folder / BOXES).is_file():
        return BoxForeground(read_boxes(folder / BOXES))
    from models.foreground.detector import load_detector  # transformers takes seconds

    return BoxForeground(load_detector(folder, device=device))
