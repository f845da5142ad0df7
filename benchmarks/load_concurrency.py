"""Many at once: API processes that take submissions, some of them repeated, and dispatchers that claim what comes.

All of them are processes of their own over one database. The dispatchers are the service's own; the drivers that they
start end at once and note under which lease, so that a search that two of them had would show.
"""

import random
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from multiprocessing import get_context
from pathlib import Path

import httpx
from sqlalchemy import func, select

from benchmarks.load_servers import api_processes
from search.spec import SearchSpec
from service.domain.action import Action
from service.domain.person import Role
from service.domain.records import FINISHED, Lease, Status
from service.driving.dispatcher import Dispatcher
from service.searches.store import Store
from service.storage.database import connect, reading, upgrade
from service.storage.journal_tables import JournalRow
from service.storage.tables import SearchRow

OWNERS = 4
MOST = 3  # times that a submission is sent
SENDERS = 16  # threads that submit
DRIVERS = 4  # of one dispatcher at once
POLL_SECONDS = 0.02
PATIENCE_SECONDS = 120.0  # for what was submitted to be claimed


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What came of it; `right` where every submission became one search, and that search one claim."""

    submissions: int  # different ones
    sent: int  # requests, the repeated ones among them
    refused: int  # requests without a 2xx
    disagreeing: int  # submissions whose requests were not all answered with the same search
    searches: int  # rows
    submitted: int  # entries of the journal
    started: int
    claims: Sequence[int]  # of each dispatcher
    claimed_twice: int  # searches
    unfinished: int
    seconds: float

    @property
    def right(self) -> bool:
        """Nothing was lost, nothing came twice."""
        counts = {self.searches, self.submitted, self.started, sum(self.claims)}
        wrong = self.refused, self.disagreeing, self.claimed_twice, self.unfinished
        return counts == {self.submissions} and not any(wrong)


def concurrency(url: str, folder: Path, *, submissions: int, apis: int, dispatchers: int, seed: int = 0) -> Shown:
    """Submit to `apis` processes while `dispatchers` claim, on an empty database."""
    engine = connect(url)
    upgrade(engine)
    store, stop, start = Store.on(engine), folder / "stop", time.perf_counter()
    keys = [store.keys.create(f"owner-{number}", Role.MEMBER).key for number in range(OWNERS)]
    try:
        with ProcessPoolExecutor(dispatchers, mp_context=get_context("spawn")) as pool:
            claiming = [pool.submit(_dispatch, url, stop) for _ in range(dispatchers)]
            try:
                with api_processes(apis, folder, url=url) as running:
                    answers = _submitted(running.addresses, keys, submissions, seed)
                _wait(store)
            finally:
                stop.touch()
            claims = [each.result() for each in claiming]
        return _shown(store, submissions, answers, claims, time.perf_counter() - start)
    finally:
        engine.dispose()


class _Instant:
    """A driver whose search is over as soon as it begins."""

    def __init__(self, store: Store, lease: Lease) -> None:
        store.leases.finish(lease, Status.SUCCEEDED, result={"chosen": None, "artifact": None})

    def poll(self) -> int:
        return 0

    def terminate(self) -> None:
        """It has ended."""

    def kill(self) -> None:
        """It has ended."""

    def last_words(self) -> str:
        return ""


def _dispatch(url: str, stop: Path) -> list[str]:
    """The searches that this dispatcher claimed, in order."""
    engine, claimed = connect(url), list[str]()
    store = Store.on(engine)

    def spawn(lease: Lease) -> _Instant:
        claimed.append(lease.search_id)
        return _Instant(store, lease)

    dispatcher = Dispatcher(store.leases, spawn, max_running=DRIVERS)
    while not stop.exists():
        dispatcher.step()
        time.sleep(POLL_SECONDS)
    dispatcher.shut_down()
    engine.dispose()
    return claimed


def _submitted(addresses: Sequence[str], keys: Sequence[str], count: int, seed: int) -> list[tuple[int, str | None]]:
    """Which search each request was answered with, by the number of the submission; None where it was refused."""
    chance = random.Random(seed)
    several = [[number] * chance.randint(1, MOST) for number in range(count)]
    chance.shuffle(several)
    # neighbours are sent at the same time, to different processes: the hardest way to repeat something
    numbers = list(chain.from_iterable(several))
    with httpx.Client(timeout=60, trust_env=False) as client, ThreadPoolExecutor(SENDERS) as pool:

        def send(place: int, number: int) -> tuple[int, str | None]:
            headers = {
                "Authorization": f"Bearer {keys[number % len(keys)]}",
                "Idempotency-Key": f"submission-{number // len(keys)}",  # each owner uses the same keys
            }
            spec = SearchSpec(name=f"search-{number}").model_dump(mode="json")
            answer = client.post(f"{addresses[place % len(addresses)]}/v1/searches", json=spec, headers=headers)
            return number, str(answer.json()["id"]) if answer.is_success else None

        return list(pool.map(send, range(len(numbers)), numbers))


def _wait(store: Store) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while _unfinished(store) and time.monotonic() < end:
        time.sleep(POLL_SECONDS)


def _shown(
    store: Store,
    submissions: int,
    answers: Sequence[tuple[int, str | None]],
    claims: Sequence[Sequence[str]],
    seconds: float,
) -> Shown:
    found = dict[int, set[str | None]]()
    for number, search_id in answers:
        found.setdefault(number, set()).add(search_id)
    times = Counter(chain.from_iterable(claims))
    with reading(store.engine) as session:
        searches = session.scalars(select(func.count()).select_from(SearchRow)).one()
        counted = select(JournalRow.action, func.count()).group_by(JournalRow.action)
        actions = dict(session.execute(counted).all())
    return Shown(
        submissions=submissions,
        sent=len(answers),
        refused=sum(search_id is None for _, search_id in answers),
        disagreeing=sum(len(several) > 1 for several in found.values()),
        searches=searches,
        submitted=actions.get(Action.SUBMITTED, 0),
        started=actions.get(Action.STARTED, 0) + actions.get(Action.CLAIMED, 0),
        claims=[len(each) for each in claims],
        claimed_twice=sum(count > 1 for count in times.values()),
        unfinished=_unfinished(store),
        seconds=seconds,
    )


def _unfinished(store: Store) -> int:
    query = select(func.count()).select_from(SearchRow).where(SearchRow.status.not_in([str(each) for each in FINISHED]))
    with reading(store.engine) as session:
        return session.scalars(query).one()
