"""One search of many GPUs in simulated time: which station is busy, and who waits for whom.

A heap of events of our own: a station that serves in the order of arrival needs one number, the time it is next free,
so that a million candidates take seconds, where a process of SimPy for each of them takes minutes.
"""

import heapq
import math
import random
from dataclasses import dataclass, field
from enum import IntEnum

from benchmarks.scale_services import Load, Services, Setting, Station
from workers.lease_queue import AHEAD


@dataclass(frozen=True, slots=True)
class Simulated:
    """How it went: shares are 0 to 1 of the time from the first ask to the last tell."""

    seconds: float
    candidates: int
    gpu_share: float
    shares: dict[Station, float]
    database_share: float

    @property
    def throughput(self) -> float:
        """Candidates per second."""
        return self.candidates / self.seconds


@dataclass(slots=True)
class Servers:
    """Equal servers behind one line: work that comes in the order of time leaves in it."""

    count: int = 1
    busy: float = 0.0
    _free: list[float] = field(init=False)

    def __post_init__(self) -> None:
        self._free = [0.0] * self.count

    def serve(self, now: float, seconds: float) -> float:
        """When work that comes `now` is done."""
        done = max(now, self._free[0]) + seconds
        heapq.heapreplace(self._free, done)
        self.busy += seconds
        return done


class _Event(IntEnum):
    SCORED = 0  # a worker has outcomes and wants candidates
    TAKEN = 1  # the queue actor has the outcomes
    WRITTEN = 2  # the driver has told what it got, asked for more, and written down both
    EXCHANGED = 3  # the queue actor has the new candidates, the driver the new outcomes


def simulate(setting: Setting, services: Services, load: Load, *, seed: int = 0) -> Simulated:
    """A search whose algorithm never makes a worker wait: a steady-state one, or a population of thousands.

    As many packs are out for each GPU as the real queue allows. Workers begin at time 0, loaded, and ask for the next
    pack when one is done; the queue's own order of who gets what is left out, as all workers are alike.
    """
    return _Run(setting, services, load, random.Random(seed)).simulated()


class _Run:
    """One simulation; the numbers in events are candidates."""

    def __init__(self, setting: Setting, services: Services, load: Load, rng: random.Random) -> None:
        self._setting, self._services, self._load, self._rng = setting, services, load, rng
        self._thinking = setting.thinking(services, load)
        self._events: list[tuple[float, int, int, int]] = []
        self._entered = 0  # breaks ties in the order of entry
        self._queue = Servers(setting.queues)
        self._idle = load.gpus
        self._stock = self._told = self._asked = self._finished = 0
        self._driver_free = False
        self._driver_busy = self._database_busy = self._scoring = 0.0
        self._mean = math.log(load.seconds) - load.spread**2 / 2

    def simulated(self) -> Simulated:
        """Run it to its last tell."""
        self._turn(0.0, AHEAD * self._load.gpus * self._setting.pack, told=0)
        now = 0.0
        while self._events:
            now, _, event, count = heapq.heappop(self._events)
            self._happen(now, _Event(event), count)
        queue = self._queue.busy / now / self._setting.queues
        shares = {Station.QUEUE: queue, Station.DRIVER: self._driver_busy / now}
        gpu_share = self._scoring / now / self._load.gpus
        return Simulated(now, self._finished, gpu_share, shares, self._database_busy / now)

    def _happen(self, now: float, event: _Event, count: int) -> None:
        match event:
            case _Event.SCORED:
                self._at(self._queue.serve(now, self._services.handing(2 * count)), _Event.TAKEN, count)
            case _Event.TAKEN:
                self._told += count
                self._idle += 1
                self._give(now)
                self._wake(now)
            case _Event.WRITTEN:
                done = self._queue.serve(now, self._services.handing(2 * count))
                self._driver_busy += done - now
                self._at(done, _Event.EXCHANGED, count)
            case _Event.EXCHANGED:
                self._stock += count
                self._driver_free = True
                self._give(now)
                self._wake(now)

    def _at(self, time: float, event: _Event, count: int) -> None:
        self._entered += 1
        heapq.heappush(self._events, (time, self._entered, event, count))

    def _give(self, now: float) -> None:
        """Candidates to workers that wait."""
        while self._stock and self._idle:
            count = min(self._setting.pack, self._stock)
            self._stock -= count
            self._idle -= 1
            seconds = count * self._rng.lognormvariate(self._mean, self._load.spread)
            self._scoring += seconds
            self._at(now + seconds, _Event.SCORED, count)

    def _wake(self, now: float) -> None:
        """The driver's turn, if it is free and there is something to tell."""
        if self._driver_free and self._told:
            told, self._told = self._told, 0
            self._turn(now, told, told=told)

    def _turn(self, now: float, wanted: int, *, told: int) -> None:
        """The driver tells, asks for as many as are wanted, and writes both down."""
        self._driver_free = False
        self._finished += told
        fresh = min(wanted, self._load.candidates - self._asked)
        self._asked += fresh
        written = self._setting.writing(self._services, told=told, asked=fresh)
        done = now + written + (told + fresh) / 2 * self._thinking
        self._database_busy += written
        self._driver_busy += done - now
        self._at(done, _Event.WRITTEN, fresh)
