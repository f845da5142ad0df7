"""Boxes found once and kept in a JSON file.

The file is `{"format": "twinsieve-boxes/1", "macs": 0, "parameters": 0, "images": {id: [[left, top, right, bottom,
confidence], ...]}}`: pixels of the stored image, confidences from 0 to 1. An image without boxes has an empty list.
`macs` (per image) and `parameters` are those of what found the boxes, since somebody has to run it on a new image; both
may be left out where nothing had to be run. `"milliseconds"`, which may be left out too, is how long finding the boxes
of one image took: a measured time, which looking them up here cannot tell.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, NonNegativeInt, ValidationError

from models.data.whole_file import whole_file
from models.foreground.provider import Box, ForegroundError, Picture

FORMAT = "twinsieve-boxes/1"
MAX_BYTES = 256 * 2**20
MAX_BOXES = 1000  # of one image

Row = Annotated[tuple[float, float, float, float, float], AfterValidator(lambda row: Box(*row))]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    format: Literal["twinsieve-boxes/1"]
    macs: NonNegativeInt = 0
    parameters: NonNegativeInt = 0
    milliseconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    images: dict[str, Annotated[list[Row], Field(max_length=MAX_BOXES)]]


class CachedBoxes:
    """Boxes by image id (`models.foreground.provider.BoxSource`).

    `milliseconds` is how long it took to find those of one image; None where nobody says.
    """

    def __init__(
        self,
        images: Mapping[str, Sequence[Box]],
        *,
        macs: int = 0,
        parameters: int = 0,
        milliseconds: float | None = None,
        name: str = "these boxes",
    ) -> None:
        self.parameters = parameters
        self.milliseconds = milliseconds
        self._images = images
        self._macs = macs
        self._name = name

    def macs(self, height: int, width: int) -> int:
        """What the file says for one image, whatever its size."""
        del height, width
        return self._macs

    def boxes(self, picture: Picture) -> Sequence[Box]:
        """The boxes of the picture's id.

        Raises:
            ForegroundError: the file does not have it.
        """
        if picture.image_id not in self._images:
            raise ForegroundError(
                f"image '{picture.image_id}' is not among the {len(self._images):,} of {self._name}; "
                "write it with an empty list if nothing is in it"
            )
        return self._images[picture.image_id]


def read_boxes(path: Path) -> CachedBoxes:
    """The boxes in a file.

    Raises:
        ForegroundError: it cannot be read, is too large, or is of another format; the message names the place.
    """
    try:
        if (size := path.stat().st_size) > MAX_BYTES:
            raise ForegroundError(f"{path.name} has {size:,} bytes; at most {MAX_BYTES:,} are read: split the data set")
        file = _File.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ForegroundError(f"boxes {path} cannot be read: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise ForegroundError(f"{path.name} is no boxes file of format {FORMAT}: {place}: {first['msg']}") from None
    return CachedBoxes(
        file.images,  # type: ignore[arg-type]  # the validator makes boxes of rows
        macs=file.macs,
        parameters=file.parameters,
        milliseconds=file.milliseconds,
        name=path.name,
    )


def write_boxes(
    path: Path,
    images: Mapping[str, Sequence[Box]],
    *,
    macs: int = 0,
    parameters: int = 0,
    milliseconds: float | None = None,
) -> None:
    """Write a file that `read_boxes` reads, whole or not at all."""
    rows = {
        image: [[box.left, box.top, box.right, box.bottom, box.confidence] for box in boxes]
        for image, boxes in images.items()
    }
    took = {} if milliseconds is None else {"milliseconds": milliseconds}
    data = {"format": FORMAT, "macs": macs, "parameters": parameters, **took, "images": rows}
    with whole_file(path) as opened:
        opened.write(json.dumps(data, allow_nan=False).encode())
