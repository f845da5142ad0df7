"""One split's examples as tensors, one by one: what the worker processes of a data loader run."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from models.batch import Split
from models.data.errors import BadExampleError, DataError
from models.data.picture import read_picture
from models.data.reading import Reading
from models.data.record import Line, Record
from models.data.rows import Rows
from models.data.vocabulary import Vocabulary
from models.workload import TaskName


@dataclass(frozen=True, slots=True)
class Example:
    """Ids and attention mask (T, L) int64; `pixels`, one (3, H, W) float32 per image; `target` as in a batch.

    `foreground` is the covered share of each patch, one (rows, columns) per image; empty where nobody looked.
    """

    input_ids: Tensor
    attention_mask: Tensor
    pixels: tuple[Tensor, ...]
    target: Tensor
    foreground: tuple[Tensor, ...] = ()


class ExampleReader(Dataset[Example | BadExampleError]):
    """The examples at `places` (examples, 3) of `parts`; one that cannot be read comes as the error that says why."""

    def __init__(
        self,
        parts: Sequence[Rows],
        places: NDArray[np.int32],
        *,
        task: TaskName,
        split: Split,
        reading: Reading,
        vocabulary: Vocabulary,
        seed: int,
    ) -> None:
        self._parts = parts
        self._places = places
        self._task = task
        self._split = split
        self.reading = reading
        self._vocabulary = vocabulary
        self._seed = seed

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, place: int) -> Example | BadExampleError:
        """The example at `place`, always the same."""
        try:
            record, line = self.line(place)
            pixels, foreground = self.seen(record)
        except BadExampleError as error:
            error.place = place
            return error
        texts, target = [line.text], self._target(line)
        if self._task is TaskName.RETRIEVAL:
            texts, target = self._captions(record, line, Random(f"{self._seed}/{self._split}/{place}"))  # noqa: S311 - no secret
        return Example(*self.reading.tokens(texts), pixels, target, foreground)

    def seen(self, record: Record) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
        """The pixels and the foreground of each image of a record."""
        pictures = [read_picture(image) for image in record.images]
        transformed = [self.reading.transform(picture) for picture in pictures]
        foreground: tuple[Tensor, ...] = ()
        if (look := self.reading.look) is not None:
            named = zip(record.image_names, pictures, transformed, strict=True)
            foreground = tuple(look(name, np.asarray(picture), each.geometry) for name, picture, each in named)
        return tuple(each.pixels for each in transformed), foreground

    def line(self, place: int) -> tuple[Record, Line]:
        """The record of an example, and which of its lines it is."""
        part, row, number = map(int, self._places[place])
        record = self._parts[part][row]
        return record, record.lines[number]

    def name(self, place: int) -> str:
        """What to call an example: the question's id, or the image's or pair's key and the place of the text."""
        part, row, number = map(int, self._places[place])
        return self._parts[part][row].name_of(number)

    def _target(self, line: Line) -> Tensor:
        """VQA: (answers,) float32 soft scores; NLVR2: () int64."""
        if self._task is not TaskName.VQA:
            return torch.tensor(int(bool(line.truth)))
        target = torch.zeros(len(self._vocabulary))
        for answer in line.answers:
            if answer.text in self._vocabulary.labels:
                target[self._vocabulary.labels[answer.text]] = answer.score
        return target

    def _captions(self, record: Record, line: Line, rng: Random) -> tuple[list[str], Tensor]:
        """The true caption among false ones, captions of other images of the split, and its place, () int64."""
        texts = list(self._false(record, rng))
        target = rng.randrange(len(texts) + 1)
        texts.insert(target, line.text)
        return texts, torch.tensor(target)

    def _false(self, record: Record, rng: Random) -> Sequence[str]:
        own = {line.text for line in record.lines}
        wanted = self.reading.texts - 1
        found: dict[str, None] = {}
        for _ in range(64 * self.reading.texts):
            if len(found) == wanted:
                return list(found)
            text = self.line(rng.randrange(len(self)))[1].text
            if text not in own:
                found[text] = None
        raise DataError(
            f"{self._split} has too few captions of other images to draw {wanted} different ones for {record.key}: "
            "use fewer texts per example, or more data"
        )
