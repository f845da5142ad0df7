"""The answers a VQA head chooses among, by label id: built from annotations, or read in the order of released heads."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from models.data.normalise import normalise

MIN_COUNT = 9  # ViLT and METER: 3129 answers of VQAv2


class VocabularyError(ValueError):
    """Answers that are no vocabulary; the message says what was expected and what came."""


@dataclass(frozen=True)  # no slots: `labels` is cached
class Vocabulary:
    """Answers, each at the place of its label id."""

    answers: tuple[str, ...]

    def __post_init__(self) -> None:
        if repeated := sorted(answer for answer, count in Counter(self.answers).items() if count > 1):
            raise VocabularyError(f"a vocabulary names every answer once; these repeat: {', '.join(repeated[:5])}")

    def __len__(self) -> int:
        return len(self.answers)

    @cached_property
    def labels(self) -> Mapping[str, int]:
        """Label id by answer; the look-up takes an annotator's answer as it was written, not normalised."""
        return {answer: label for label, answer in enumerate(self.answers)}

    @classmethod
    def build(cls, majority_answers: Iterable[str], *, min_count: int = MIN_COUNT) -> "Vocabulary":
        """The vocabulary of `multiple_choice_answer`s, train first, then val.

        Normalised answers with `min_count` or more occurrences, in the order in which they first appear (ViLT, METER);
        another order would shuffle the classes of a released head.
        """
        counts = Counter(map(normalise, majority_answers))  # a Counter keeps the order of first appearance
        return cls(tuple(answer for answer, count in counts.items() if count >= min_count))

    @classmethod
    def read(cls, file: Path) -> "Vocabulary":
        """The vocabulary in a JSON file: a list, {label: answer}, {answer: label}, or a config with `id2label`.

        Raises:
            VocabularyError: the file holds something else, or label ids are not 0, 1, ... with none missing.
        """
        try:
            data = json.loads(file.read_text(encoding="utf-8"))
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise VocabularyError(f"{file.name} is torn or no JSON: {error}") from None
        return cls(tuple(_in_order(data, source=file.name)))


def _in_order(data: Any, *, source: str) -> list[str]:  # noqa: ANN401 - whatever JSON holds
    """The answers that parsed JSON names, by label id."""
    if isinstance(data, dict) and isinstance(data.get("id2label"), dict):
        data = data["id2label"]
    if isinstance(data, list) and all(isinstance(answer, str) for answer in data):
        return data
    if not isinstance(data, dict) or not data:
        raise VocabularyError(f"{source}: expected a list of answers or answers by label, got {type(data).__name__}")
    return _by_label(data, source=source)


def _by_label(data: Mapping[str, Any], *, source: str) -> list[str]:
    by_answer = all(isinstance(value, int) for value in data.values())
    pairs = [(label, answer) for answer, label in data.items()] if by_answer else list(data.items())
    try:
        answers = {int(label): str(answer) for label, answer in pairs}
    except ValueError as error:
        raise VocabularyError(f"{source}: a label id is a whole number: {error}") from None
    if sorted(answers) != list(range(len(data))):
        raise VocabularyError(f"{source}: {len(data)} answers need label ids 0 to {len(data) - 1}, each once")
    return [answers[label] for label in range(len(data))]
