"""`looped`: one call again and again for some seconds; `Writers`: processes that all do so at the same time."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from typing import Any

from benchmarks.load_client import Timed
from benchmarks.spread import Spread

WARM_UP = 3  # calls that are not timed
START_SECONDS = 300.0  # until all processes are there

Loop = Callable[..., list[float]]
_met: list[Barrier] = []  # one, in the processes of `Writers`


def looped(call: Callable[[int], object], *, seconds: float) -> list[float]:
    """Milliseconds of each call, which gets its number; one at least."""
    for number in range(WARM_UP):
        call(number)
    times = list[float]()
    end = time.perf_counter() + seconds
    while not times or time.perf_counter() < end:
        start = time.perf_counter()
        call(WARM_UP + len(times))
        times.append(1e3 * (time.perf_counter() - start))
    return times


def merged(several: Sequence[Sequence[float]]) -> Timed:
    """Of loops that ran side by side; each rate is of the loop's own time."""
    rate = sum(1e3 * len(times) / sum(times) for times in several)
    return Timed(per_second=rate, times=Spread.of([each for times in several for each in times]), errors={})


@dataclass(frozen=True, slots=True)
class Writers:
    """Processes that do the same at the same time."""

    count: int
    _pool: ProcessPoolExecutor

    @classmethod
    @contextmanager
    def start(cls, count: int) -> Iterator["Writers"]:
        """So many, until the context ends."""
        context = get_context("spawn")
        meeting = context.Barrier(count)
        with ProcessPoolExecutor(count, mp_context=context, initializer=_meet, initargs=(meeting,)) as pool:
            yield cls(count, pool)

    def together(self, loop: Loop, *arguments: Any) -> Timed:  # noqa: ANN401 - those of `loop`
        """`loop(*arguments, number)` in each process: calls per second of all of them, and their times."""
        started = [self._pool.submit(_begin_together, loop, *arguments, number) for number in range(self.count)]
        return merged([each.result() for each in started])


def _meet(meeting: Barrier) -> None:
    _met.append(meeting)


def _begin_together(loop: Loop, *arguments: Any) -> list[float]:  # noqa: ANN401 - those of `loop`
    _met[0].wait(START_SECONDS)
    return loop(*arguments)
