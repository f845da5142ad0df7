"""The 0-1 knapsack, solved exactly: which groups of parameters to train within a budget of parameters."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple


class Packed(NamedTuple):
    """Some of the items: their size and gain together, and which they are, a bit for each."""

    size: int
    gain: float
    chosen: int


def knapsack(gains: Sequence[float], sizes: Sequence[int], capacity: int) -> tuple[int, ...]:
    """The places of the items with the greatest gain that `capacity` has room for; an item without gain stays out.

    Nemhauser and Ullmann's dynamic program (1969): of two packings, one that is no smaller and gains no more is
    dropped. Modules come in few sizes, so few are left at a time.

    Raises:
        ValueError: there are not as many sizes as gains, or one is not positive.
    """
    if len(gains) != len(sizes):
        raise ValueError(f"{len(gains)} gains and {len(sizes)} sizes; an item has one of each")
    if any(size < 1 for size in sizes):
        raise ValueError(f"an item has a size of 1 or more, not {min(sizes)}")
    frontier = [Packed(0, 0.0, 0)]
    for place, (gain, size) in enumerate(zip(gains, sizes, strict=True)):
        further = (Packed(held.size + size, held.gain + gain, held.chosen | 1 << place) for held in frontier)
        frontier = list(_undominated([*frontier, *(packed for packed in further if packed.size <= capacity)]))
    best = frontier[-1].chosen
    return tuple(place for place in range(len(gains)) if best >> place & 1)


def _undominated(packings: Iterable[Packed]) -> Iterator[Packed]:
    """Those that gain more than every packing of their size or less, smallest first."""
    most = float("-inf")
    for packed in sorted(packings, key=lambda each: (each.size, -each.gain)):
        if packed.gain > most:
            most = packed.gain
            yield packed
