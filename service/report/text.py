"""`flat`: text that somebody else wrote, as plain words on one line."""

import unicodedata

BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that turn the direction of what follows, and could make a line read as what it is not."""


def flat(text: str) -> str:
    """`text` without control characters, turns of direction and half characters; white space is one space."""
    shown = (" " if each.isspace() else each for each in text)
    kept = (each for each in shown if each not in BIDI and unicodedata.category(each) not in ("Cc", "Cs"))
    return " ".join("".join(kept).split())
