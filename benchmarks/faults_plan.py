"""`plan`: which faults come when, all of it from a seed."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import product

from benchmarks.hosts_lab import APIS, DATABASE, DISPATCHERS, HEAD, WORKERS


class Kind(StrEnum):
    """What is done."""

    KILL = "kill"  # SIGKILL
    FREEZE = "freeze"  # SIGSTOP, and SIGCONT after a while
    CUT = "cut"  # nothing gets through between two hosts for a while


class Target(StrEnum):
    """To what it is done: to one process, or to everything that runs on a host."""

    WORKER = "worker"
    WORKER_HOST = "worker host"
    DRIVER = "driver"
    DISPATCHER = "dispatcher"
    API = "API"
    POSTGRES = "PostgreSQL"
    HEAD = "Ray head"
    NETWORK = "network"


LINKS: Sequence[tuple[str, str]] = (
    *product((*APIS, *DISPATCHERS), (DATABASE,)),
    *product((*DISPATCHERS, *WORKERS), (HEAD,)),
    *product(DISPATCHERS, WORKERS),
)
"""The pairs of hosts that have something to say to each other."""

CUTS = 4  # cards of a deck, beside one for each other kind of fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault that shall be."""

    after_seconds: float  # since the one before began
    kind: Kind
    target: Target
    lasts_seconds: float  # of a freeze or a cut; 0 for a kill
    luck: float  # 0 to 1: which of the processes that there are, or which pair of hosts


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast faults come and how long they last."""

    between_seconds: float  # on average
    longest_seconds: float


def plan(seed: int, faults: int, pace: Pace) -> Sequence[Fault]:
    """`faults` faults: every kind of every target once, in random order, before any comes again."""
    rng = random.Random(seed)
    cards = _cards(rng)
    return [_fault(*next(cards), rng, pace) for _ in range(faults)]


def _cards(rng: random.Random) -> Iterator[tuple[Kind, Target]]:
    single = [target for target in Target if target is not Target.NETWORK]
    while True:
        deck = [*product((Kind.KILL, Kind.FREEZE), single), *[(Kind.CUT, Target.NETWORK)] * CUTS]
        rng.shuffle(deck)
        yield from deck


def _fault(kind: Kind, target: Target, rng: random.Random, pace: Pace) -> Fault:
    lasts = rng.uniform(0.0, pace.longest_seconds)
    return Fault(
        after_seconds=rng.uniform(0.0, 2 * pace.between_seconds),
        kind=kind,
        target=target,
        lasts_seconds=0.0 if kind is Kind.KILL else lasts,
        luck=rng.random(),
    )
