"""`PlainData`: examples as people see them, as task data; what a data plugin needs to write no tensors."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from models.batch import Batch, Split
from models.data.batching import batch_of
from models.data.errors import DataError
from models.data.example_reader import Example
from models.data.reading import Reading
from models.workload import TaskName, classes_of, images_of


@dataclass(frozen=True, slots=True)
class PlainExample:
    """A text, the pictures it is about, and the name of the right class."""

    text: str
    images: tuple[Image.Image, ...]
    answer: str


Maker = Callable[[Split, int], PlainExample]
"""Makes the example at a place of a split, always the same; no image may be in two splits."""


class PlainData:
    """One task's examples (`models.batch.TaskData`), made when they are asked for."""

    skipped = 0  # a bad example ends with an error

    def __init__(self, task: TaskName, reading: Reading, *, sizes: Mapping[Split, int], make: Maker) -> None:
        """`reading.answers` are the classes of VQA.

        Raises:
            DataError: the task is for retrieval, whose examples have several texts.
        """
        if task is TaskName.RETRIEVAL:
            raise DataError("plain examples have one text each; retrieval needs several")
        self.answers: Sequence[str] = classes_of(task, reading.answers)
        self.sizes = sizes
        self._task = task
        self._reading = reading
        self._make = make
        self._labels = {name: label for label, name in enumerate(self.answers)}

    def examples(self, split: Split, count: int | None = None) -> Batch:
        """The first `count` examples of a split (all of them: None), on the CPU.

        Raises:
            DataError: the split has fewer, or one has the wrong number of images or an unknown answer.
        """
        count = self.sizes[split] if count is None else count
        if not 0 < count <= self.sizes[split]:
            raise DataError(f"{count} examples asked of {split}; it has {self.sizes[split]}")
        return batch_of([self._example(split, place) for place in range(count)])

    def batches(self, split: Split, *, batch_size: int, order: Sequence[int] | None = None) -> Iterator[Batch]:
        """A split as a stream of batches, of the places in `order` (None: all of them as they come).

        Raises:
            DataError: as for `examples`.
        """
        places = range(self.sizes[split]) if order is None else order
        for start in range(0, len(places), batch_size):
            yield batch_of([self._example(split, place) for place in places[start : start + batch_size]])

    def _example(self, split: Split, place: int) -> Example:
        made, named = self._make(split, place), f"{self._task}/{split}/{place}"
        if len(made.images) != images_of(self._task):
            raise DataError(f"{named} has {len(made.images)} image(s); {self._task} has {images_of(self._task)}")
        seen = [self._reading.transform(image.convert("RGB")) for image in made.images]
        foreground: tuple[Tensor, ...] = ()
        if (look := self._reading.look) is not None:
            pairs = enumerate(zip(made.images, seen, strict=True))
            foreground = tuple(
                look(f"{named}/{at}", np.asarray(image.convert("RGB")), each.geometry) for at, (image, each) in pairs
            )
        ids, mask = self._reading.tokens([made.text])
        return Example(ids, mask, tuple(each.pixels for each in seen), self._target(made.answer, named), foreground)

    def _target(self, answer: str, named: str) -> Tensor:
        """VQA: (answers,) float32; else () int64."""
        if answer not in self._labels:
            raise DataError(f"{named} has the answer {answer!r}, which is none of: {', '.join(self.answers)}")
        label = torch.tensor(self._labels[answer])
        return F.one_hot(label, len(self.answers)).float() if self._task is TaskName.VQA else label
