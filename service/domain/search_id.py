"""Ids of searches: sortable by creation, hard to guess, safe in a URL and as a folder name."""

import re
import secrets
from datetime import datetime

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32
RANDOM_BITS = 80
LENGTH = 26
PATTERN = re.compile(rf"[{ALPHABET}]{{{LENGTH}}}")


def new_id(now: datetime) -> str:
    """A ULID: 48 bits of milliseconds, 80 random bits, as 26 characters."""
    return _text(now, secrets.randbits(RANDOM_BITS))


def earliest_id(now: datetime) -> str:
    """No id that was made at `now` or later sorts before this one."""
    return _text(now, 0)


def _text(now: datetime, low_bits: int) -> str:
    number = int(now.timestamp() * 1000) << RANDOM_BITS | low_bits
    return "".join(ALPHABET[number >> shift & 31] for shift in range(5 * (LENGTH - 1), -1, -5))


def is_id(text: str) -> bool:
    """`text` has the form of an id."""
    return PATTERN.fullmatch(text) is not None
