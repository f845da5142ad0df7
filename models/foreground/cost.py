"""What a foreground provider costs, read without torch: part of every total in which it is used.

Saliency multiplies no matrices. A boxes file says what its boxes took to find, on a new image. A detector's folder has
`cost.json`, `{"format": "twinsieve-cost/1", "macs": ..., "parameters": ..., "height": ..., "width": ...}`: the MACs of
one picture of that size in pixels, counted once.
"""

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, NonNegativeInt, PositiveInt, ValidationError

from models.data.whole_file import whole_file
from models.foreground.names import BOXES, NONE, SALIENCY, SHAPES_TRUTH, foreground_names

COST = "cost.json"
HEIGHT, WIDTH = 480, 640  # pixels: the usual size in COCO, of which VQAv2 is made
HEAD_BYTES = 4096  # a boxes file has its numbers before its images, or right after them


@dataclass(frozen=True, slots=True)
class ForegroundCost:
    """MACs for one image, and how many numbers a provider holds."""

    macs: int = 0
    parameters: int = 0


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    format: Literal["twinsieve-cost/1"]
    macs: NonNegativeInt
    parameters: NonNegativeInt
    height: PositiveInt
    width: PositiveInt


def foreground_cost(name: str, root: Path | None) -> ForegroundCost:
    """The cost of the provider called `name`; a folder lies under `root`.

    Raises:
        ValueError: there is none of that name, or its folder does not say.
    """
    if name in (NONE, SALIENCY):
        return ForegroundCost()
    if root is None or name not in foreground_names(root):
        raise ValueError(f"no foreground '{name}'; registered: {', '.join(foreground_names(root))}{_hint(name, root)}")
    folder = root / name
    return _of_boxes(folder / BOXES) if (folder / BOXES).is_file() else _of_detector(folder / COST)


def write_cost(folder: Path, cost: ForegroundCost, *, height: int, width: int) -> Path:
    """Write the `cost.json` of a detector's folder, whole or not at all; the sides are in pixels.

    Raises:
        OSError: the folder cannot be written to.
    """
    data: dict[str, Any] = {"format": "twinsieve-cost/1", **asdict(cost), "height": height, "width": width}
    with whole_file(folder / COST) as opened:
        opened.write(json.dumps(data, indent=1).encode())
    return folder / COST


def _hint(name: str, root: Path | None) -> str:
    if root is None:
        return "; folders of others lie under TWINSIEVE_FOREGROUNDS, which is not set"
    return f"; write it with `twinsieve patches {name} {root}`" if name == SHAPES_TRUTH else ""


def _of_boxes(file: Path) -> ForegroundCost:
    """Its two numbers, 0 where they are left out; what lies between can be far too much to read for that."""
    try:
        with file.open("rb") as opened:
            ends = opened.read(HEAD_BYTES)
            opened.seek(max(HEAD_BYTES, file.stat().st_size - HEAD_BYTES))
            ends += opened.read()
    except OSError as error:
        raise ValueError(f"boxes {file} cannot be read: {error.strerror}") from None
    found = {name: re.search(rb'"%b"\s*:\s*(\d+)' % name, ends) for name in (b"macs", b"parameters")}
    macs, parameters = (int(match[1]) if match else 0 for match in found.values())
    return ForegroundCost(macs, parameters)


def _of_detector(file: Path) -> ForegroundCost:
    command = f"twinsieve patches cost {file.parent.name}"
    try:
        read = _File.model_validate_json(file.read_bytes())
    except OSError:
        message = f"detector '{file.parent.name}' has no {COST}, and its MACs belong to every total: write it with"
        raise ValueError(f"{message} `{command}`") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise ValueError(f"{file} is damaged: {place}: {first['msg']}; write it again with `{command}`") from None
    return ForegroundCost(read.macs, read.parameters)
