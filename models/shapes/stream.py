"""An endless stream of pre-training batches, each a function of the seed and its number: resuming needs no state."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from random import Random

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.utils.data import Dataset

from models.shapes.caption import describe
from models.shapes.dataset import example_rng, pixel_tensor
from models.shapes.example import TEXTS_PER_IMAGE, draw_example
from models.shapes.patch_targets import PatchTargets, patch_targets
from models.shapes.render import render
from models.shapes.scene import Scene
from models.shapes.tokenizer import MASK, build_tokenizer, words
from models.workload import TaskName

IGNORED = -100  # target of a word that is not asked for
MASKED = 0.2  # of a caption's words


@dataclass(frozen=True, slots=True)
class Mixture:
    """Examples of each kind in a batch; captions and NLVR2 pairs are two rows each, the others one."""

    questions: int = 40
    captions: int = 4
    masked: int = 4
    pairs: int = 6

    @property
    def rows(self) -> int:
        """Rows of a batch, in the order questions, captions, masked captions, left images, right images."""
        return self.questions + 2 * self.captions + self.masked + 2 * self.pairs

    @property
    def first_pairs(self) -> int:
        """The first row that is the first image of a pair."""
        return self.rows - 2 * self.pairs

    @property
    def first_rights(self) -> int:
        """The first row that is the second image of a pair."""
        return self.rows - self.pairs


@dataclass(frozen=True, slots=True)
class StreamBatch:
    """Rows as in `Mixture`: texts (R, L), images (R, 3, H, W), answers (questions,), truths (pairs,).

    `words` (R, L) are the ids under masks, elsewhere IGNORED; `patches` (R, 4, PATCHES) are shape, color, size and
    subject of each patch. Of two caption rows the first is the true one.
    """

    input_ids: Tensor
    attention_mask: Tensor
    pixels: Tensor
    answers: Tensor
    truths: Tensor
    words: Tensor
    patches: Tensor


@dataclass(frozen=True, slots=True)
class _Row:
    scene: Scene
    text: str
    subjects: tuple[int, ...]
    target: int = 0


class PretrainingStream(Dataset[StreamBatch]):
    """Batch number n of a seed, always the same."""

    def __init__(self, seed: int, mixture: Mixture) -> None:
        self._seed = seed
        self._mixture = mixture
        self._tokenizer: Tokenizer = build_tokenizer()
        self._mask_id = words().index(MASK)

    def __getitem__(self, step: int) -> StreamBatch:
        """The batch of a step."""
        rng = example_rng(self._seed, "pre-training", step)
        mixture = self._mixture
        questions = _rows(TaskName.VQA, mixture.questions, rng)
        captions = _captions(mixture.captions, rng)
        masked = _captions(mixture.masked, rng)[::2]
        pairs = _rows(TaskName.NLVR2, mixture.pairs, rng)
        rows = [*questions, *captions, *masked, *pairs[::2], *pairs[1::2]]
        ids, attention = self._tokenised(rows)
        first = len(questions) + len(captions)
        hidden = torch.full_like(ids, IGNORED)
        part = slice(first, first + len(masked))
        ids[part], hidden[part] = self._mask(ids[part], rng)
        return StreamBatch(
            ids,
            attention,
            _painted(rows),
            torch.tensor([row.target for row in questions]),
            torch.tensor([row.target for row in pairs[::2]]),
            hidden,
            torch.from_numpy(np.stack([_stacked(patch_targets(row.scene, row.subjects)) for row in rows])),
        )

    def _tokenised(self, rows: Sequence[_Row]) -> tuple[Tensor, Tensor]:
        encodings = self._tokenizer.encode_batch([row.text for row in rows])
        return (
            torch.tensor([encoding.ids for encoding in encodings]),
            torch.tensor([encoding.attention_mask for encoding in encodings]),
        )

    def _mask(self, ids: Tensor, rng: Random) -> tuple[Tensor, Tensor]:
        """Hide some words, special tokens never; the hidden ids, IGNORED where nothing is hidden."""
        hide = torch.tensor([[rng.random() < MASKED for _ in row] for row in ids.tolist()]) & (ids > self._mask_id)
        return ids.masked_fill(hide, self._mask_id), ids.masked_fill(~hide, IGNORED)


def _rows(task: TaskName, count: int, rng: Random) -> list[_Row]:
    """One row for each scene of `count` examples: left and right of a pair are neighbours."""
    examples = [draw_example(task, rng) for _ in range(count)]
    return [
        _Row(scene, example.texts[0], subjects, example.target)
        for example in examples
        for scene, subjects in zip(example.scenes, example.subjects, strict=True)
    ]


def _captions(count: int, rng: Random) -> list[_Row]:
    """Two rows for each of `count` scenes: a true caption and one of its false ones."""
    rows = []
    for _ in range(count):
        scene, true, false = describe(rng, false=TEXTS_PER_IMAGE - 1)
        rows += [_Row(scene, caption.text, caption.subjects(scene)) for caption in (true, rng.choice(false))]
    return rows


def _painted(rows: Sequence[_Row]) -> Tensor:
    """Images (R, 3, H, W); rows about one scene share its rendering."""
    images = {scene: render(scene) for scene in dict.fromkeys(row.scene for row in rows)}
    return pixel_tensor([images[row.scene] for row in rows])


def _stacked(targets: PatchTargets) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    return np.stack([getattr(targets, field.name) for field in fields(targets)])
