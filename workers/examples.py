"""A split as the network's own input: the frozen prefix is the same for every candidate, and runs once if that fits."""

from dataclasses import dataclass

import torch
from torch import Tensor

from models.backbone import Backbone, Texts
from models.batch import Batch, Split, TaskData
from models.data.errors import DataError
from models.inputs import Inputs, Prefix, Read, concatenated, read_batch

CHUNK = 256  # examples read at a time
CACHE_BYTES = 2**30  # a split whose tokens take more is read batch by batch
HELD_BYTES = 4 * 2**30  # a split whose pixels take more stays where it is


@dataclass(frozen=True, slots=True)
class Streamed:
    """The first `count` examples of a split, read from the data whenever they are asked for, and put on a device."""

    data: TaskData
    split: Split
    count: int
    device: torch.device

    def __len__(self) -> int:
        return self.count

    def rows(self, index: Tensor | slice) -> Batch:
        """The examples at `index`, in its order, without those that are bad and skipped.

        Raises:
            DataError: all of them are.
        """
        order = list(range(self.count)[index]) if isinstance(index, slice) else index.tolist()
        for batch in self.data.batches(self.split, batch_size=len(order), order=order):
            return batch.to(self.device)
        raise DataError(f"none of {len(order)} examples of {self.split} can be read, such as its {order[0]}th")


@dataclass(frozen=True, slots=True)
class Examples:
    """Examples of a split for a worker's device; `cached` is what the frozen prefix makes of them, if it fits."""

    backbone: Backbone
    batch: Batch | Streamed
    prefix: Prefix
    cached: Read | None
    device: torch.device

    @classmethod
    def of(
        cls,
        backbone: Backbone,
        data: TaskData,
        split: Split,
        count: int | None = None,
        *,
        longest: int,
        prefix: Prefix,
        device: torch.device,
    ) -> "Examples":
        """The first `count` examples of a split (None: all), held if they take no more than `HELD_BYTES`.

        What they take is reckoned with a square canvas of side `longest`, in pixels, for every image: together, wide
        and high ones are padded to that.
        """
        count = data.sizes[split] if count is None else count
        images, channels = data.examples(split, 1).pixel_values.shape[1:3]
        if images * channels * longest**2 * torch.float32.itemsize * count > HELD_BYTES:
            return cls(backbone, Streamed(data, split, count, device), prefix, None, device)
        whole = count == data.sizes[split]  # what is bad of it may be left out, where it is of a part replaced
        batch = data.examples(split, None if whole else count).to(device)
        return cls(backbone, batch, prefix, _read_once(backbone, batch, prefix), device)

    def __len__(self) -> int:
        return len(self.batch)

    @property
    def nbytes(self) -> int:
        """Bytes of what is held: pixels and tokens, which are nearly all of it."""
        pixels = self.batch.pixel_values.nbytes if isinstance(self.batch, Batch) else 0
        return pixels + (0 if self.cached is None else self.cached.nbytes)

    def rows(self, index: Tensor) -> tuple[Inputs, Tensor]:
        """The examples at `index` as paired rows, and their targets."""
        if self.cached is not None and isinstance(self.batch, Batch):
            return self.cached.inputs(index), self.batch.targets[index]
        batch = self.batch.rows(index)
        with torch.no_grad():
            return read_batch(self.backbone, batch, self.prefix).all(), batch.targets


@torch.no_grad()
def _read_once(backbone: Backbone, batch: Batch, prefix: Prefix) -> Read | None:
    """What the prefix makes of a batch; None if it takes more than `CACHE_BYTES`."""
    first = read_batch(backbone, batch.rows(slice(0, CHUNK)), prefix)
    if first.nbytes / len(first) * len(batch) > CACHE_BYTES:
        return None
    starts = range(CHUNK, len(batch), CHUNK)
    return _joined([first, *(read_batch(backbone, batch.rows(slice(at, at + CHUNK)), prefix) for at in starts)])


def _joined(parts: list[Read]) -> Read:
    first = parts[0]
    texts = Texts(
        torch.cat([part.texts.tokens for part in parts]),
        torch.cat([part.texts.valid for part in parts]),
        first.texts.blocks,
    )
    return Read(texts, concatenated([part.images for part in parts]), first.texts_each, first.images_each)
