"""Real data as task data: examples of splits that are disjoint by image, at once or as a stream of batches."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader

from models.batch import Batch, Split
from models.data.answers import data_vocabulary
from models.data.batching import batch_of, collate
from models.data.errors import BadExampleError, DataError
from models.data.example_reader import Example, ExampleReader
from models.data.index import build_index
from models.data.kinds import FACTS
from models.data.reading import Reading
from models.data.skips import OnError, Skips
from models.data.source import Source, choose_data, open_source
from models.data.splits import load_splits
from models.data.vocabulary import Vocabulary
from models.workload import TRUTH, TaskName


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitChoice:
    """`seed` draws splits, orders examples and chooses false captions; `file` keeps the splits with the job."""

    seed: int = 0
    file: Path | None = None


class RealData:
    """One task of VQAv2, NLVR2, Flickr30k or COCO (`models.batch.TaskData`); the examples of a split are shuffled."""

    def __init__(self, source: Source, reading: Reading, choice: SplitChoice, skips: Skips) -> None:
        self.task = FACTS[source.found.kind].task
        self.skips = skips
        vocabulary = _vocabulary(source, reading)
        index = build_index(source, vocabulary.labels if self.task is TaskName.VQA else None, skips)
        self.splits = load_splits(source.found.kind, index, seed=choice.seed, file=choice.file)
        self.answers: Sequence[str] = TRUTH if self.task is TaskName.NLVR2 else vocabulary.answers
        self._readers = {
            split: ExampleReader(
                source.parts,
                _shuffled(places, Random(f"{choice.seed}/{split}")),  # noqa: S311  # reproducible, and no secret
                task=self.task,
                split=split,
                reading=reading,
                vocabulary=vocabulary,
                seed=choice.seed,
            )
            for split, places in self.splits.places(index).items()
        }
        self._bad: Mapping[Split, set[int | None]] = {split: set() for split in self._readers}
        self.sizes: Mapping[Split, int] = {split: len(reader) for split, reader in self._readers.items()}

    @classmethod
    def open(
        cls,
        folder: Path,
        task: TaskName,
        reading: Reading,
        *,
        choice: SplitChoice = SplitChoice(),
        on_error: OnError = OnError.RAISE,
    ) -> "RealData":
        """The data for `task` in `folder`.

        Raises:
            DataError: there is none or several, a part is missing or cannot be read, or the splits do not fit.
        """
        skips = Skips(on_error)
        return cls(open_source(choose_data(folder, task), skips), reading, choice, skips)

    def examples(self, split: Split, count: int | None = None) -> Batch:
        """The first `count` examples of a split that can be read (all of them: None), on the CPU.

        Raises:
            ValueError: the split has fewer, or, unless bad examples are skipped, one of them is bad.
        """
        size = self.sizes[split]
        if count is not None and not 0 < count <= size:
            raise ValueError(f"{count} examples asked of {split}; the data for {self.task} has {size} there")
        good = []
        for example in self._readable(split):
            good.append(example)
            if len(good) == count:
                break
        if not good or (count is not None and len(good) < count):
            raise DataError(f"{split} has only {len(good)} examples that can be read; {self.skips}")
        return batch_of(good)

    @property
    def skipped(self) -> int:
        """How many different bad examples of the test split were left out so far; `skips` says why, for all splits."""
        return len(self._bad[Split.TEST])

    def reader(self, split: Split) -> ExampleReader:
        """The examples of a split one by one."""
        return self._readers[split]

    def names(self, split: Split, count: int | None = None) -> list[str]:
        """What the first `count` examples of a split are called in the data set, the unreadable ones too."""
        reader = self._readers[split]
        return [reader.name(place) for place in range(len(reader) if count is None else min(count, len(reader)))]

    def batches(
        self, split: Split, *, batch_size: int, workers: int = 0, order: Sequence[int] | None = None
    ) -> Iterator[Batch]:
        """A split as a stream: examples are read when their batch comes up, or shortly before, by `workers` processes.

        Args:
            split: which.
            batch_size: examples in a batch; the last may have fewer, and so has one with an unreadable example.
            workers: processes that read; 0 reads here. They start anew (spawn): a fork would copy running threads.
            order: the places of the examples to give; None is all of them as they come.

        Raises:
            BadExampleError: unless bad examples are skipped, one of them is bad.
        """
        loader = DataLoader(
            self._readers[split],
            batch_size,
            sampler=range(self.sizes[split]) if order is None else order,
            num_workers=workers,
            collate_fn=collate,
            multiprocessing_context="spawn" if workers else None,
            generator=torch.Generator(),  # it would draw from the global one
        )
        for batch, errors in loader:
            for error in errors:
                self._meet(split, error)
            if batch is not None:
                yield batch

    def _readable(self, split: Split) -> Iterator[Example]:
        for example in map(self._readers[split].__getitem__, range(self.sizes[split])):
            if isinstance(example, BadExampleError):
                self._meet(split, example)
            else:
                yield example

    def _meet(self, split: Split, error: BadExampleError) -> None:
        """Meet a bad example for the first time: read again, it is still one."""
        if error.place not in self._bad[split]:
            self.skips.meet(error)
            self._bad[split].add(error.place)


def _vocabulary(source: Source, reading: Reading) -> Vocabulary:
    """The head's answers; without them those of the data."""
    if FACTS[source.found.kind].task is not TaskName.VQA:
        return Vocabulary(())
    return Vocabulary(tuple(reading.answers)) if reading.answers else data_vocabulary(source)


def _shuffled(places: NDArray[np.int32], rng: Random) -> NDArray[np.int32]:
    order = list(range(len(places)))
    rng.shuffle(order)
    return places[order]
