"""What can be scored on the embedded world without looking at an image."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from models.batch import Split
from models.shapes.dataset import ShapesData
from models.shapes.example import TEXTS_PER_IMAGE, Example
from models.workload import TaskName


@dataclass(frozen=True, slots=True, kw_only=True)
class Baselines:
    """Accuracies, 0 to 1: guessing at random, always the commonest target, and the best guess from the texts alone."""

    chance: float
    majority: float
    text_only: float


def baselines(data: ShapesData, split: Split, count: int | None = None) -> Baselines:
    """The baselines on a split, learned from the whole train split.

    For VQA and NLVR2 the text's guess is the commonest target of the same text in train, or of all texts where it is
    new; for retrieval it is the text with most words in common with the other ones.
    """
    train, judged = data.drawn(Split.TRAIN), data.drawn(split, count)
    commonest = Counter(example.target for example in train).most_common(1)[0][0]
    from_text = _most_alike if data.task is TaskName.RETRIEVAL else _by_text(train, commonest)
    return Baselines(
        chance=1 / (len(data.answers) or TEXTS_PER_IMAGE),
        majority=_accuracy(judged, lambda _: commonest),
        text_only=_accuracy(judged, from_text),
    )


def _accuracy(examples: Sequence[Example], guess: Callable[[Example], int]) -> float:
    return sum(guess(example) == example.target for example in examples) / len(examples)


def _by_text(train: Sequence[Example], otherwise: int) -> Callable[[Example], int]:
    targets: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for example in train:
        targets[example.texts[0]][example.target] += 1
    best = {text: counts.most_common(1)[0][0] for text, counts in targets.items()}
    return lambda example: best.get(example.texts[0], otherwise)


def _most_alike(example: Example) -> int:
    words = [text.split() for text in example.texts]
    shared = [sum(sum(one == two for one, two in zip(text, other, strict=False)) for other in words) for text in words]
    return shared.index(max(shared))
