"""`Quota`: how much of an installation one owner may use."""

from dataclasses import dataclass
from typing import TypedDict


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """What one owner may use; None is as much as there is."""

    queued: int | None = None  # searches that wait
    running: int | None = None  # searches at once; who claims a search keeps to it
    candidates: int | None = None  # of one search
    gpu_hours: float | None = None  # of scoring on a worker, in searches of the last 30 days
    weight: float = 1.0  # of the slots, where several owners want them


class Given(TypedDict, total=False):
    """What is said of one owner; the rest is left to the installation's settings."""

    queued: int
    running: int
    candidates: int
    gpu_hours: float
    weight: float


NAMES = tuple(Given.__annotations__)
LEAST_WEIGHT = 0.001
MOST = 2**31 - 1  # of a column of integers
