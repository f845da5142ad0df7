"""Sizes of a network as far as the shapes of its tensors tell them."""

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

HEAD_SIZE = 64  # numbers in an attention head, as in every published ViLT and METER


def block_count(keys: Iterable[str], prefix: str) -> int:
    """How many blocks are numbered in keys such as `<prefix>3.ffn.norm.bias`.

    Raises:
        ValueError: none is.
    """
    numbers = {int(found[1]) for key in keys if (found := re.match(re.escape(prefix) + r"(\d+)\.", key))}
    if not numbers:
        raise ValueError(f"keys that start with {prefix}")
    return max(numbers) + 1


def grid_of(positions: int) -> int:
    """Patches along a side of the square image whose CLS token and patches have that many positions.

    Raises:
        ValueError: they are no square.
    """
    grid = math.isqrt(max(positions - 1, 0))
    if grid < 1 or grid**2 + 1 != positions:
        raise ValueError(f"a square grid: {positions} image positions are not 1 + n x n")
    return grid


def head_count(width: int, given: int | None) -> int:
    """The attention heads: as given, or of 64 numbers each.

    Raises:
        ValueError: the width is no multiple of 64 and nothing is given.
    """
    if given is not None:
        return given
    if width % HEAD_SIZE:
        raise ValueError(f"the number of heads, which a width of {width} does not tell: pass `heads`")
    return width // HEAD_SIZE


def whole_number(settings: Mapping[str, Any], name: str) -> int | None:
    """A setting that is a positive whole number; None if there is no such setting."""
    value = settings.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
