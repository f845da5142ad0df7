"""Every distinct image of a split once, and every text about them: what the recall of retrieval is measured on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from models.batch import Batch, Split, TaskData
from models.data.batching import batch_of
from models.data.errors import BadExampleError
from models.data.example_reader import Example, ExampleReader
from models.data.real import RealData
from models.data.skips import Skips
from models.shapes.dataset import ShapesData
from models.workload import TaskName


class Gallery(Protocol):
    """Images with the texts about each."""

    @property
    def size(self) -> int:
        """How many images there are, the unreadable ones too."""

    def batches(self, size: int) -> Iterator[Batch]:
        """The readable images, at most `size` at a time, on the CPU.

        A row is one image with all texts about it: as many as those with the most have, the others' filled up with a
        mask of zeros alone. Targets mean nothing.
        """


def open_gallery(data: TaskData, split: Split, count: int | None = None) -> Gallery:
    """The first `count` distinct images of a split (None: all) and every text about them.

    Raises:
        ValueError: the data is not for retrieval, or of a kind whose images are not known.
    """
    if isinstance(data, ShapesData) and data.task is TaskName.RETRIEVAL:
        return ShapesGallery(data, split, min(data.sizes[split], count or data.sizes[split]))
    if isinstance(data, RealData) and data.task is TaskName.RETRIEVAL:
        return RealGallery.of(data.reader(split), data.skips, count)
    raise ValueError(f"a gallery needs data for {TaskName.RETRIEVAL}, of the embedded world or real; not {data!r}")


@dataclass(frozen=True, slots=True)
class ShapesGallery:
    """Images of the embedded world, each with its true caption, which may by chance be true of another as well."""

    data: ShapesData
    split: Split
    size: int

    def batches(self, size: int) -> Iterator[Batch]:
        """The images with one text each."""
        for batch in self.data.batches(self.split, batch_size=size, order=range(self.size)):
            rows = torch.arange(len(batch))
            true = (batch.input_ids[rows, batch.targets], batch.attention_mask[rows, batch.targets])
            ids, mask = (each.unsqueeze(1) for each in true)  # (B, 1, L)
            yield Batch(ids, mask, batch.pixel_values, batch.pixel_mask, batch.targets, batch.foreground)


@dataclass(frozen=True, slots=True)
class RealGallery:
    """Images of a data set, each with its captions; `places` are the examples of each image."""

    reader: ExampleReader
    skips: Skips
    places: Sequence[Sequence[int]]

    @classmethod
    def of(cls, reader: ExampleReader, skips: Skips, count: int | None) -> "RealGallery":
        """The first `count` distinct images of a split; their captions may stand anywhere in it."""
        by_key: dict[str, list[int]] = {}
        for place in range(len(reader)):
            by_key.setdefault(reader.line(place)[0].key, []).append(place)
        return cls(reader, skips, list(by_key.values())[:count])

    @property
    def size(self) -> int:
        """How many images there are."""
        return len(self.places)

    def batches(self, size: int) -> Iterator[Batch]:
        """The images with their captions; a bad one is met as the data meets it."""
        most = max(map(len, self.places))
        for start in range(0, len(self.places), size):
            if found := list(self._readable(self.places[start : start + size], most)):
                yield batch_of(found)

    def _readable(self, images: Sequence[Sequence[int]], most: int) -> Iterator[Example]:
        for places in images:
            try:
                yield self._image(places, most)
            except BadExampleError as error:
                self.skips.meet(error)

    def _image(self, places: Sequence[int], most: int) -> Example:
        record, _ = self.reader.line(places[0])
        ids, mask = self.reader.reading.tokens([self.reader.line(place)[1].text for place in places])
        filling = ids.new_zeros(most - len(places), ids.shape[1])
        pixels, foreground = self.reader.seen(record)
        texts = torch.cat([ids, filling]), torch.cat([mask, filling])
        return Example(*texts, pixels, torch.tensor(0), foreground)


def texts_of(batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
    """Ids and mask (T, L) of a batch's texts without the filling, and the row of the image of each, (T,)."""
    rows, texts = batch.attention_mask.any(-1).nonzero(as_tuple=True)
    return batch.input_ids[rows, texts], batch.attention_mask[rows, texts], rows
