"""What every parity check returns: how far a tensor or value lies from the reference, and how far it may."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Comparison:
    """One tensor or value against its reference; exact ones have a tolerance of 0."""

    name: str
    difference: float
    tolerance: float

    @property
    def within(self) -> bool:
        """Whether it is close enough; NaN never is."""
        return self.difference <= self.tolerance


Check = Callable[[Path], Iterator[Comparison]]
"""Compares everything in one kind's folder, such as `.../meter`; raises where the folder cannot be compared."""
