"""What a lab has stored after years, made up from a seed: searches, their candidates, counts and journal."""

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from search.contracts import Fidelity
from search.spec import SearchSpec
from service.domain.action import Action
from service.domain.records import FINISHED, Status
from service.domain.search_id import ALPHABET, LENGTH, RANDOM_BITS
from service.events.journal import SERVICE

GENES = 24  # of `shapes-vilt`
OWNERS = 40
FRONT = 8  # candidates on the front of a search that measured any
START = datetime(2024, 1, 1, tzinfo=UTC)
APART = timedelta(minutes=10)  # one submission and the next
LEASE = timedelta(days=3650)  # nobody drives what is stored as running, and nobody shall claim it

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """How much is stored; of the candidates one long search, still running, has half, `measured` searches the rest."""

    searches: int
    candidates: int
    measured: int
    queued: int

    def __post_init__(self) -> None:
        if self.measured + self.queued >= self.searches or self.candidates < 2 * self.measured:
            raise ValueError(f"{self} do not fit together: each measured search needs a candidate and a row")


FULL = Amounts(searches=100_000, candidates=1_000_000, measured=5_000, queued=500)
QUICK = Amounts(searches=1_000, candidates=4_000, measured=50, queued=20)


@dataclass(frozen=True, slots=True)
class _Search:
    """One search of those stored."""

    id: str
    number: int
    at: datetime
    status: Status
    owner: str
    candidates: int


class Rows:
    """Rows by table, in the order of creation: what is over, what has candidates, the long one, what is queued."""

    def __init__(self, amounts: Amounts, *, seed: int = 0) -> None:
        self._amounts = amounts
        self._seed = seed

    @property
    def long(self) -> str:
        """The search that runs and has half of all candidates."""
        return self._searches[-self._amounts.queued - 1].id

    @property
    def long_candidates(self) -> int:
        """How many that one has."""
        return self._amounts.candidates // 2

    @property
    def measured(self) -> Sequence[str]:
        """Searches that have ended and have candidates."""
        return [each.id for each in self._searches if each.candidates and each.status is not Status.RUNNING]

    @property
    def queued(self) -> Sequence[str]:
        """Searches that wait."""
        return [each.id for each in self._searches if each.status is Status.QUEUED]

    @property
    def ids(self) -> Sequence[str]:
        """All of them, oldest first."""
        return [each.id for each in self._searches]

    @cached_property
    def _searches(self) -> Sequence[_Search]:
        chance, amounts = random.Random(self._seed), self._amounts
        before = amounts.searches - amounts.queued - 1
        found = []
        for number in range(amounts.searches):
            at = START + number * APART
            status = Status.QUEUED if number > before else Status.RUNNING if number == before else _end(chance)
            share = amounts.candidates // 2 if number == before else 0
            if before - amounts.measured <= number < before:
                status, share = Status.SUCCEEDED, amounts.candidates // 2 // amounts.measured
            owner = f"owner-{chance.randrange(OWNERS):02}"
            found.append(_Search(_id(at, chance), number, at, status, owner, share))
        return found

    def searches(self) -> Iterator[Row]:
        """Rows of `searches`."""
        plain = SearchSpec(budget=SearchSpec().budget.model_copy(update={"candidates": 1_000_000}))
        spec = plain.model_dump(mode="json")
        for each in self._searches:
            over, running = each.status in FINISHED, each.status is Status.RUNNING
            front = list(range(min(FRONT, each.candidates)))
            yield {
                "id": each.id,
                "name": f"load-{each.number}",
                "status": str(each.status),
                "spec": json.dumps(spec | {"name": f"load-{each.number}"}),
                "version": "benchmark",
                "created_at": each.at,
                "started_at": None if each.status is Status.QUEUED else each.at,
                "finished_at": each.at + APART if over else None,
                "attempts": int(running),
                "lease_token": "0" * 32 if running else None,
                "lease_expires_at": datetime.now(UTC) + LEASE if running else None,
                "cancel_requested": each.status is Status.CANCELLED,
                "owner": each.owner,
                "front": json.dumps(front),
                "error": "made up" if each.status is Status.FAILED else None,
                "result": json.dumps({"chosen": front[0], "artifact": None}) if each.candidates and over else None,
            }

    def candidates(self) -> Iterator[Row]:
        """Rows of `candidates`: proxies, all told."""
        chance = random.Random(self._seed)
        for search in self._searches:
            for index in range(search.candidates):
                yield {
                    "search_id": search.id,
                    "index": index,
                    "genome": json.dumps([index >> gene & 1 for gene in range(GENES)]),
                    "fidelity": str(Fidelity.PROXY),
                    "asked_after": index,
                    "asked_at": search.at,
                    "told_order": index,
                    "told_at": search.at,
                    "measurement": json.dumps(_measurement(chance)),
                    "seconds": 1.25,
                    "measure_key": f"{chance.getrandbits(256):064x}",
                }

    def stage_counts(self) -> Iterator[Row]:
        """Rows of `stage_counts`: what counting the candidates would give."""
        for each in self._searches:
            if each.candidates:
                counts = {"asked": each.candidates, "told": each.candidates, "failed": 0, "reused": 0}
                yield {
                    "search_id": each.id,
                    "fidelity": str(Fidelity.PROXY),
                    **counts,
                    **dict.fromkeys(("seconds", "busy_seconds"), 1.25 * each.candidates),
                }

    def journal(self) -> Iterator[Row]:
        """Rows of `journal`: two of what runs, three of what is over, one of what waits."""
        for each in self._searches:
            steps = [(each.owner, Action.SUBMITTED)]
            if each.status is not Status.QUEUED:
                steps.append((SERVICE, Action.STARTED))
            if each.status in FINISHED:
                steps.append((SERVICE, Action(str(each.status))))
            for actor, action in steps:
                yield {
                    "at": each.at,
                    "actor": actor,
                    "action": str(action),
                    "search_id": each.id,
                    "owner": each.owner,
                    "detail": "{}",
                }


def _end(chance: random.Random) -> Status:
    return chance.choices((Status.SUCCEEDED, Status.FAILED, Status.CANCELLED), (90, 5, 5))[0]


def _id(at: datetime, chance: random.Random) -> str:
    """As `service.domain.search_id.new_id`, from a seed."""
    number = int(at.timestamp() * 1000) << RANDOM_BITS | chance.getrandbits(RANDOM_BITS)
    return "".join(ALPHABET[number >> shift & 31] for shift in range(5 * (LENGTH - 1), -1, -5))


def _measurement(chance: random.Random) -> Mapping[str, float]:
    return {
        "accuracy": round(chance.uniform(0.3, 0.8), 6),
        "macs": float(chance.randrange(10_000_000, 30_000_000)),
        "parameters": 612_345.0,
        "trainable_parameters": 41_234.0,
        "seconds": 1.25,
    }
