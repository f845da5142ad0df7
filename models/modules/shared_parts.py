"""Parts that modules of several places share, and the generators that everything is drawn from."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar, cast

import torch
from torch import nn

Part = TypeVar("Part", bound=nn.Module)


@dataclass(frozen=True, slots=True)
class SharedParts:
    """Where modules of several places find what they share; `by_key` is what they asked for so far.

    The set of modules holds the parts. A module that asked keeps its own reference in a tuple or mapping, so that the
    part is not its own as well.
    """

    seed: int
    by_key: dict[str, nn.Module] = field(default_factory=dict)

    def get(self, key: str, make: Callable[[torch.Generator], Part]) -> Part:
        """The part called `key`; the first who asks has it made, from a generator of its own."""
        if key not in self.by_key:
            self.by_key[key] = make(self.generator(key))
        return cast(Part, self.by_key[key])

    def generator(self, name: str) -> torch.Generator:
        """A generator that depends on the seed and the name alone."""
        digest = hashlib.blake2b(f"{self.seed}/{name}".encode(), digest_size=8).digest()
        return torch.Generator().manual_seed(int.from_bytes(digest) >> 1)
