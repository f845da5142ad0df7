"""The embedded world as task data: splits generated from seeds, so no file is read and no image is in two of them."""

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from types import MappingProxyType

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from models.batch import Batch, Split
from models.data.transforms import Geometry
from models.foreground.look import Look
from models.shapes.example import Example, draw_example
from models.shapes.question import ANSWERS
from models.shapes.render import render
from models.shapes.tokenizer import load_tokenizer
from models.workload import TRUTH, TaskName

SIZES: Mapping[Split, int] = MappingProxyType(
    {Split.TRAIN: 4096, Split.FITNESS: 1024, Split.VALIDATION: 2048, Split.TEST: 4096}
)


def example_rng(seed: int, *names: object) -> Random:
    """The generator of one example; other names or another seed give another one."""
    return Random("/".join(map(str, ("shapes", seed, *names))))  # noqa: S311 - a world, not a secret


class ShapesData:
    """One task of the embedded world (`models.batch.TaskData`); with a look, its batches have a foreground."""

    def __init__(
        self, task: TaskName, *, seed: int = 0, sizes: Mapping[Split, int] = SIZES, look: Look | None = None
    ) -> None:
        self.task = task
        self._look = look
        self.seed = seed
        self.sizes = sizes
        self.answers: Sequence[str] = {TaskName.VQA: ANSWERS, TaskName.NLVR2: TRUTH}.get(task, ())
        self._tokenizer = load_tokenizer()

    skipped = 0  # nothing here is bad

    def drawn(self, split: Split, count: int | None = None) -> list[Example]:
        """The first `count` examples of a split with their scenes; each has a generator of its own.

        Raises:
            ValueError: the split has fewer.
        """
        count = self.sizes[split] if count is None else count
        if not 0 < count <= self.sizes[split]:
            raise ValueError(f"{count} examples asked of {split}; shapes '{self.task}' has {self.sizes[split]} there")
        return [self._drawn(split, place) for place in range(count)]

    def _drawn(self, split: Split, place: int) -> Example:
        return draw_example(self.task, example_rng(self.seed, self.task, split, place))

    def image_ids(self, split: Split, count: int | None = None) -> list[list[str]]:
        """Names of the images of the first `count` examples (all of them: None), in their order; the seed is in them.

        A foreground provider of cached boxes knows images by these.
        """
        images = len(self._drawn(split, 0).scenes)  # as many in every example
        return [self._names(split, place, images) for place in range(self.sizes[split] if count is None else count)]

    def _names(self, split: Split, place: int, images: int) -> list[str]:
        return [f"shapes/{self.seed}/{self.task}/{split}/{place}/{image}" for image in range(images)]

    def examples(self, split: Split, count: int | None = None) -> Batch:
        """The first `count` examples of a split (all of them: None), on the CPU.

        Raises:
            ValueError: the split has fewer.
        """
        drawn = self.drawn(split, count)
        return self._batch(split, list(enumerate(drawn)))

    def batches(self, split: Split, *, batch_size: int, order: Sequence[int] | None = None) -> Iterator[Batch]:
        """A split as a stream of batches, of the places in `order` (None: all of them as they come)."""
        places = range(self.sizes[split]) if order is None else order
        for start in range(0, len(places), batch_size):
            chosen = places[start : start + batch_size]
            yield self._batch(split, [(place, self._drawn(split, place)) for place in chosen])

    def _batch(self, split: Split, drawn: Sequence[tuple[int, Example]]) -> Batch:
        """Examples with their places in the split."""
        ids, mask = self._tokenised([example.texts for _, example in drawn])
        rendered = [[render(scene) for scene in example.scenes] for _, example in drawn]
        pixels = torch.stack([pixel_tensor(images) for images in rendered])
        names = [self._names(split, place, len(example.scenes)) for place, example in drawn]
        targets = self._targets([example.target for _, example in drawn])
        return Batch(ids, mask, pixels, None, targets, self._foreground(rendered, names))

    def _foreground(self, rendered: Sequence[Sequence[NDArray[np.uint8]]], names: Sequence[list[str]]) -> Tensor | None:
        """(B, I, N); None where nobody looks."""
        if self._look is None:
            return None
        covered = [
            [self._look(name, image, whole(image)).flatten() for name, image in zip(several, images, strict=True)]
            for several, images in zip(names, rendered, strict=True)
        ]
        return torch.stack([torch.stack(several) for several in covered])

    def _tokenised(self, texts: Sequence[Sequence[str]]) -> tuple[Tensor, Tensor]:
        """Ids and attention mask, each (B, T, L)."""
        encodings = self._tokenizer.encode_batch([text for several in texts for text in several])
        shape = (len(texts), len(texts[0]), -1)
        ids = torch.tensor([encoding.ids for encoding in encodings])
        mask = torch.tensor([encoding.attention_mask for encoding in encodings])
        return ids.view(shape), mask.view(shape)

    def _targets(self, targets: Sequence[int]) -> Tensor:
        labels = torch.tensor(targets)
        return F.one_hot(labels, len(ANSWERS)).float() if self.task is TaskName.VQA else labels


def pixel_tensor(images: Sequence[NDArray[np.uint8]]) -> Tensor:
    """(H, W, 3) uint8 images as one (I, 3, H, W) float32 tensor with mean and deviation 0.5, as ViLT wants them."""
    stacked = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2)
    return stacked.float().div_(127.5).sub_(1.0).contiguous()


def whole(image: NDArray[np.uint8]) -> Geometry:
    """Where an (H, W, 3) image lies that is the canvas itself."""
    return Geometry(image.shape[1], image.shape[0], (1.0, 1.0))
