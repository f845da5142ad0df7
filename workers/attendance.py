"""Which workers are there, and for how many seconds they were: they may join, leave, and fall silent."""

from collections.abc import Callable, Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Presence:
    """What a search has used of its workers since the first candidate went out."""

    most: int  # workers at once
    wall_seconds: float
    worker_seconds: float


@dataclass(slots=True)
class _Worker:
    life: str
    began: float
    seen: float


class Attendance:
    """A worker is a `slot`, and each start of it a `life`; the latest life that arrived has the slot.

    A life that gives no sign for `silence` seconds has left, as of its last sign. One that was only slow is let back in
    by its next sign, unless another life has its slot by then.
    """

    def __init__(self, clock: Callable[[], float], *, silence: float) -> None:
        self._clock = clock
        self._silence = silence
        self._there: dict[int, _Worker] = {}
        self._latest: dict[int, str] = {}
        self._since: float | None = None
        self._nobody_before = 0.0  # seconds of the clock
        self._past_seconds = 0.0
        self._most = 0

    def __len__(self) -> int:
        return len(self._there)

    @property
    def slots(self) -> Collection[int]:
        """Of the workers that are there."""
        return self._there.keys()

    def arrive(self, slot: int, life: str) -> None:
        """A worker has started; whatever life had its slot is over."""
        self._end(slot, self._clock())
        self._latest[slot] = life
        self._enter(slot, life)

    def current(self, slot: int, life: str) -> bool:
        """Whether no other life has the slot; this one may have fallen silent."""
        return self._latest.get(slot) == life

    def sign(self, slot: int, life: str) -> None:
        """Note a sign of life; one of a life that has lost its slot says nothing."""
        if not self.current(slot, life):
            return
        if slot not in self._there:
            self._enter(slot, life)
        self._there[slot].seen = self._clock()

    def has(self, slot: int, life: str) -> bool:
        """Whether this life of a worker is there."""
        return slot in self._there and self._there[slot].life == life

    def leave(self, slot: int, life: str) -> None:
        """A worker has gone home."""
        if self.has(slot, life):
            self._end(slot, self._clock())

    def lose(self, slot: int) -> None:
        """Whatever life had this slot is known to be over, and gets nothing more."""
        self._end(slot, self._clock())
        self._latest.pop(slot, None)

    def expire(self) -> bool:
        """Let the silent ones go; whether there can be any. It looks only when the longest silent one's time is up."""
        now = self._clock()
        if now < self._nobody_before:
            return False
        for slot, worker in list(self._there.items()):
            if now - worker.seen >= self._silence:
                self._end(slot, worker.seen)
        self._nobody_before = min((each.seen for each in self._there.values()), default=now) + self._silence
        return True

    def meter(self) -> None:
        """Count seconds from now on, if they are not counted already."""
        if self._since is None:
            self._since, self._most = self._clock(), len(self._there)

    def presence(self) -> Presence:
        """Seconds so far; the workers that are there count until now."""
        if self._since is None:
            return Presence(len(self._there), 0.0, 0.0)
        now = self._clock()
        present = sum(self._counted(worker, now) for worker in self._there.values())
        return Presence(self._most, now - self._since, self._past_seconds + present)

    def _enter(self, slot: int, life: str) -> None:
        self._there[slot] = _Worker(life, self._clock(), self._clock())
        self._most = max(self._most, len(self._there))

    def _end(self, slot: int, at: float) -> None:
        worker = self._there.pop(slot, None)
        if worker is not None:
            self._past_seconds += self._counted(worker, at)

    def _counted(self, worker: _Worker, until: float) -> float:
        return 0.0 if self._since is None else max(0.0, until - max(worker.began, self._since))
