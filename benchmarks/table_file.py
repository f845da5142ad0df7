"""A fully scored space as a small file: how many examples each chromosome answers rightly, and how it was made."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

TABLES = Path(__file__).parent / "tables"


@dataclass(frozen=True, slots=True)
class ScoredTable:
    """`correct` is (parts, 2^genes): of the examples of each part, equally many, how many are answered rightly."""

    genes: int
    examples: int  # of all parts together
    correct: NDArray[np.uint16]
    made: Mapping[str, Any]  # seed, steps, versions, digests

    def __post_init__(self) -> None:
        if self.correct.shape[1:] != (1 << self.genes,):
            raise ValueError(f"{self.genes} genes make {1 << self.genes} chromosomes; counts are {self.correct.shape}")

    @property
    def accuracy(self) -> NDArray[np.float64]:
        """Accuracy of each chromosome, (2^genes,)."""
        accuracy: NDArray[np.float64] = self.correct.sum(0) / self.examples
        return accuracy

    @property
    def halves_correlation(self) -> float:
        """Pearson correlation of the accuracies on the two parts: 1 would be a table without noise of examples.

        Raises:
            ValueError: there are not two parts.
        """
        first, second = self.correct.astype(float)
        return float(np.corrcoef(first, second)[0, 1])

    def save(self, file: Path) -> None:
        """Write it compressed."""
        file.parent.mkdir(parents=True, exist_ok=True)
        made = json.dumps(dict(self.made))
        np.savez_compressed(file, genes=self.genes, examples=self.examples, correct=self.correct, made=made)

    @classmethod
    def load(cls, file: Path) -> "ScoredTable":
        """What `save` wrote."""
        with np.load(file, allow_pickle=False) as held:
            made = json.loads(str(held["made"]))
            return cls(int(held["genes"]), int(held["examples"]), held["correct"], made)
