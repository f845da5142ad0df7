"""The client: in a process of its own, it sends requests at a fixed rate or as fast as answers come, and times them.

At a fixed rate (an open loop) a request is due whether or not the ones before it were answered, and its time counts
from when it was due: a server that stalls is charged for everybody who would have waited (Tene's "coordinated
omission"). Without a rate (a closed loop) each of so many connections sends its next request when its last one is
answered, which finds the highest throughput.
"""

import asyncio
import gc
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx

from benchmarks.spread import Spread

TIMEOUT_SECONDS = 60.0

Send = Callable[[float], Coroutine[Any, Any, None]]
"""Sends the next request, which was due at that time."""

OK = range(200, 300)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request; `stream` reads events until the server ends them, `fresh` gives each sending a key of its own."""

    method: str = "GET"
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    stream: bool = False
    fresh: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to send: `calls` in turns, to `addresses` in turns; `rate` is in requests per second."""

    addresses: Sequence[str]
    calls: Sequence[Call]
    seconds: float
    rate: float | None = None
    connections: int = 16
    warm_up: int = 20  # requests that are not timed
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """What came of it: milliseconds per answer, over all that were answered with 2xx."""

    per_second: float
    times: Spread
    errors: Mapping[str, int]  # by status, or by the name of the exception


def drive(plans: Sequence[Plan]) -> list[Timed]:
    """Carry out `plans`, all at the same time.

    Raises:
        RuntimeError: of one of them, nothing was answered as it should be.
    """

    async def all_of_them() -> list[Timed]:
        return await asyncio.gather(*(_Client(plan).run() for plan in plans))

    gc.freeze()
    return asyncio.run(all_of_them())


class _Client:
    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._sent = count()
        self._times: list[float] = []
        self._errors: Counter[str] = Counter()

    async def run(self) -> Timed:
        connections = self._plan.connections
        limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
        async with httpx.AsyncClient(limits=limits, timeout=TIMEOUT_SECONDS, trust_env=False) as client:

            async def send(due: float) -> None:
                await self._send(client, due)

            await asyncio.gather(*(send(0.0) for _ in range(self._plan.warm_up)))
            self._times, self._errors = [], Counter()
            start = time.perf_counter()
            await (self._closed(send) if self._plan.rate is None else self._open(send, self._plan.rate))
            seconds = time.perf_counter() - start
        if not self._times:
            raise RuntimeError(f"{self._plan.name}: no request succeeded: {dict(self._errors)}")
        return Timed(per_second=len(self._times) / seconds, times=Spread.of(self._times), errors=dict(self._errors))

    async def _closed(self, send: Send) -> None:
        end = time.perf_counter() + self._plan.seconds

        async def connection() -> None:
            while (now := time.perf_counter()) < end:
                await send(now)

        await asyncio.gather(*(connection() for _ in range(self._plan.connections)))

    async def _open(self, send: Send, rate: float) -> None:
        start = time.perf_counter()
        async with asyncio.TaskGroup() as tasks:
            for number in range(round(rate * self._plan.seconds)):
                due = start + number / rate
                if (early := due - time.perf_counter()) > 0:
                    await asyncio.sleep(early)
                tasks.create_task(send(due))

    async def _send(self, client: httpx.AsyncClient, due: float) -> None:
        number, plan = next(self._sent), self._plan
        call = plan.calls[number % len(plan.calls)]
        url = plan.addresses[number % len(plan.addresses)] + call.path
        fresh = {"Idempotency-Key": f"{plan.name}-{time.time_ns()}-{number}"} if call.fresh else {}
        headers = {**call.headers, **fresh}
        try:
            status = await _answered(client, call, url, headers)
        except httpx.HTTPError as error:
            self._errors[type(error).__name__] += 1
            return
        if status in OK:
            self._times.append(1e3 * (time.perf_counter() - due))
        else:
            self._errors[str(status)] += 1


async def _answered(client: httpx.AsyncClient, call: Call, url: str, headers: Mapping[str, str]) -> int:
    """The status, once the whole answer has come."""
    if not call.stream:
        answer = await client.request(call.method, url, params=call.query, json=call.body, headers=headers)
        return answer.status_code
    async with client.stream(call.method, url, params=call.query, headers=headers) as streamed:
        async for _ in streamed.aiter_raw():
            pass
        return streamed.status_code
