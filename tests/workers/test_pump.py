"""The pump asks while there is room, tells everything once, and adds up what was useful."""

from collections import deque
from collections.abc import Sequence

import pytest

from search.contracts import Candidate, Outcome
from workers.attendance import Presence
from workers.lease_queue import Told
from workers.pump import pump


class Generations:
    """Asks `width` candidates, then waits for all of them, `count` times."""

    def __init__(self, width: int, count: int) -> None:
        self._width = width
        self._count = count
        self.asked = 0
        self.told: list[int] = []

    @property
    def finished(self) -> bool:
        return len(self.told) == self._width * self._count

    def ask(self) -> Candidate | None:
        if self.finished or self.asked == (len(self.told) // self._width + 1) * self._width:
            return None
        self.asked += 1
        return Candidate(self.asked - 1, (0,))

    def tell(self, index: int, outcome: Outcome) -> None:
        assert index not in self.told
        self.told.append(index)

    def front(self) -> list[Candidate]:
        return []


class OneByOne:
    """Measures one candidate per exchange."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.out: deque[Candidate] = deque()
        self.most = 0
        self.more: list[bool] = []

    def exchange(self, candidates: Sequence[Candidate], *, more: bool) -> Sequence[Told]:
        self.out.extend(candidates)
        self.most = max(self.most, len(self.out))
        self.more.append(more)
        return [Told(self.out.popleft().index, {"accuracy": 0.5}, 2.0)]

    def presence(self) -> Presence:
        return Presence(2, 10.0, 16.0)


@pytest.mark.parametrize("room", [1, 3, 50])
def test_all_are_told_and_never_more_are_out_than_there_is_room(room: int) -> None:
    algorithm, counter = Generations(4, 2), OneByOne(room)
    found = pump(algorithm, counter)
    assert algorithm.told == list(range(8))
    assert counter.most == min(room, 4)
    assert (found.candidates, found.scoring_seconds, found.slots) == (8, 16.0, 2)
    assert found.share == pytest.approx(16 / 16)


def test_it_says_whether_room_is_what_it_lacks() -> None:
    wide, narrow = OneByOne(50), OneByOne(2)
    pump(Generations(4, 1), wide)
    pump(Generations(4, 1), narrow)
    assert not any(wide.more)
    assert narrow.more[0]
