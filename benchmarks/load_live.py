"""How long it takes from an outcome in the database to everybody who follows that search over server-sent events."""

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from multiprocessing import get_context

import httpx

from benchmarks.load_store import Driver
from benchmarks.spread import Spread
from service.domain.records import Lease
from service.searches.store import Store
from service.storage.database import connect

PER_SECOND = 4  # outcomes of the search that is followed
TIMEOUT_SECONDS = 30.0  # without a line; the server says every 15 s that it lives
DATA = "data: "


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """What followers got: milliseconds from the outcome's own time to its arrival; how many of those due came."""

    streams: int
    delay: Spread
    share: float


def live(
    addresses: Sequence[str], lease: Lease, *, url: str, headers: Mapping[str, str], streams: int, seconds: float
) -> Live:
    """Tell outcomes under `lease` for a while, with so many streams of its search open.

    Raises:
        RuntimeError: no outcome arrived.
    """
    path = f"/v1/searches/{lease.search_id}/events"
    followed = [addresses[number % len(addresses)] + path for number in range(streams)]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        following = pool.submit(_follow, followed, headers, seconds)
        told = pool.submit(_tell, url, lease, seconds).result()
        delays = following.result()
    if not delays:
        raise RuntimeError(f"none of {told} outcomes came over any of {streams} streams")
    return Live(streams=streams, delay=Spread.of(delays), share=len(delays) / (told * streams))


def _tell(url: str, lease: Lease, seconds: float) -> int:
    """Outcomes in the middle third of the time, when all streams are open and none is closed yet."""
    engine = connect(url)
    try:
        driver, count = Driver(Store.on(engine), lease), round(PER_SECOND * seconds / 3)
        time.sleep(seconds / 3)
        for index in range(count):
            driver.pair(index)
            time.sleep(1 / PER_SECOND)
        return count
    finally:
        engine.dispose()


def _follow(urls: Sequence[str], headers: Mapping[str, str], seconds: float) -> list[float]:
    delays = list[float]()

    async def follow(client: httpx.AsyncClient, url: str) -> None:
        async with client.stream("GET", url, headers=headers) as answer:
            answer.raise_for_status()
            async for line in answer.aiter_lines():
                if line.startswith(DATA) and (told_at := json.loads(line[len(DATA) :]).get("told_at")):
                    delays.append(1e3 * (time.time() - datetime.fromisoformat(told_at).timestamp()))

    async def all_of_them() -> None:
        limits = httpx.Limits(max_connections=len(urls))
        async with httpx.AsyncClient(limits=limits, timeout=TIMEOUT_SECONDS, trust_env=False) as client:
            following = [asyncio.create_task(follow(client, url)) for url in urls]
            _, pending = await asyncio.wait(following, timeout=1.5 * seconds, return_when=asyncio.FIRST_EXCEPTION)
            for each in pending:
                each.cancel()
            ended = await asyncio.gather(*following, return_exceptions=True)
            if failed := [each for each in ended if isinstance(each, Exception)]:
                raise failed[0]

    asyncio.run(all_of_them())
    return delays
