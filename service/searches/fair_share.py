"""`FairShare`: whose turn it is when a slot for a search comes free.

Two rules, in this order. No owner who waits has fewer slots than its share of them, rounded down, while another has
more than its own, rounded up (our design). What the rounding leaves goes round by start-time fair queueing (Goyal, Vin
and Cheng, SIGCOMM 1996, section 2), one start being a packet of length 1: each start has a tag, which is the owner's
last one plus 1 / weight, and the least tag goes first. So starts come to be in the proportion of the weights, however
few slots there are. Unlike there, an owner whose last start is long ago begins `CREDIT` starts behind the last start of
all, not level with it: the first rule makes the others wait now and then, and they must not lose by that.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

EXACT = 9  # digits; beyond are errors of division, which must not turn a whole share into a broken one
CREDIT = 8  # starts


def next_tag(*, present: float, last: float | None, weight: float) -> float:
    """The tag of an owner's next start; `present` is that of the last start of all, `last` of its own, if any."""
    return present if last is None else max(present - CREDIT / weight, last + 1 / weight)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One owner's searches, as far as they concern the others."""

    owner: str
    weight: float
    running: int  # slots in use
    tag: float  # of its next start
    length: int  # searches that wait
    first: str  # id of the next of them; empty if there is none


@dataclass(frozen=True, slots=True)
class FairShare:
    """The slots in use and those who wait for one."""

    lines: tuple[Line, ...]

    @classmethod
    def of(cls, lines: Iterable[Line]) -> Self:
        """Of all owners with searches that run or wait."""
        return cls(tuple(lines))

    def next(self) -> Line | None:
        """Who gets the next slot; None if nobody waits."""
        return min((each for each in self.lines if each.length), key=self._due, default=None)

    def ahead(self, owner: str, place: int) -> int:
        """About how many searches start before the one that has `place` others of its owner before it.

        By the tags alone: whose slots come free in the meantime, nobody knows.
        """
        own = next(each for each in self.lines if each.owner == owner)
        tag = own.tag + place / own.weight
        return place + sum(_starts_before(each, tag, own.first) for each in self.lines if each is not own)

    def _due(self, line: Line) -> tuple[int, float, float, str]:
        slots = 1 + sum(each.running for each in self.lines)
        share = round(slots * line.weight / sum(each.weight for each in self.lines), EXACT)
        if line.running >= math.ceil(share):
            return 2, line.running / line.weight, line.tag, line.first
        return int(line.running >= math.floor(share)), 0.0, line.tag, line.first


def _starts_before(line: Line, tag: float, first: str) -> int:
    """How many of the searches in `line` have a lesser tag, or the same and an older search."""
    behind = round((tag - line.tag) * line.weight, EXACT)
    if behind < 0:
        return 0
    whole = math.ceil(behind)
    return min(line.length, whole + (whole == behind and line.first < first))
