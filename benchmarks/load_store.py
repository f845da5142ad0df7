"""Our store as a library, which is what Optuna's storage is: no HTTP, no key, nothing checked; and what drivers do."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks.load_loop import looped
from benchmarks.load_rows import GENES
from benchmarks.scale_database import MEASUREMENT
from search.contracts import Candidate
from search.spec import SearchSpec
from service.domain.records import Lease
from service.searches.store import Store
from service.storage.database import connect

LEASE_SECONDS = 3600.0  # longer than any measurement
PAGE = 100  # candidates, as many as a study of the peers has trials
WORDS: Mapping[str, str] = {
    "create": "Searches.create",
    "tell": "record_ask of 24 genes, record_tell",
    "get": "Searches.get",
    "poll": "Searches.get, counts by stage, the best candidate",
    "page": f"{PAGE} candidates from a random place of the long search",
}
"""What each operation is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What there is to look at."""

    long: str
    long_candidates: int
    polled: Sequence[str]


@dataclass(frozen=True, slots=True)
class Driver:
    """One that measures nothing, and tells it."""

    store: Store
    lease: Lease

    def pair(self, index: int) -> None:
        """An ask and its tell, each in a transaction of its own."""
        genome = tuple(index >> gene & 1 for gene in range(GENES))
        self.store.candidates.record_ask(self.lease, Candidate(index, genome), index)
        self.store.candidates.record_tell(self.lease, index, MEASUREMENT, MEASUREMENT["seconds"])


def loop(url: str, operation: str, stored: Stored, seconds: float, number: int) -> list[float]:
    """Milliseconds of one operation after the other, on searches drawn by a seed; tells are of a search of its own."""
    with _opened(url) as store:
        return looped(_calls(store, stored, random.Random(number))[operation](), seconds=seconds)


def claims(url: str, seconds: float, _number: int) -> list[float]:
    """Milliseconds of a claim and of giving the search back."""
    with _opened(url) as store:

        def claim(_number: int) -> None:
            if (lease := store.leases.claim()) is not None:
                store.leases.release(lease)

        return looped(claim, seconds=seconds)


def _calls(store: Store, stored: Stored, chance: random.Random) -> Mapping[str, Callable[[], Callable[[int], object]]]:
    spec = SearchSpec(name="load")

    def poll(_number: int) -> object:
        search = store.searches.get(chance.choice(stored.polled))
        best = store.candidates.named(search.id, (search.front or ())[:1])
        return search, store.candidates.progress([search.id]), best

    def page(_number: int) -> object:
        return store.candidates.page(stored.long, after=chance.randrange(stored.long_candidates), limit=PAGE)

    return {
        "create": lambda: lambda _number: store.searches.create(spec, "benchmark"),
        "tell": lambda: _claimed(store).pair,
        "get": lambda: lambda _number: store.searches.get(chance.choice(stored.polled)),
        "poll": lambda: poll,
        "page": lambda: page,
    }


def _claimed(store: Store) -> Driver:
    if (lease := store.leases.claim()) is None:
        raise RuntimeError("there is no queued search to claim: submit one for each process")
    return Driver(store, lease)


@contextmanager
def _opened(url: str) -> Iterator[Store]:
    engine = connect(url)
    try:
        yield Store.on(engine, lease_seconds=LEASE_SECONDS)
    finally:
        engine.dispose()
