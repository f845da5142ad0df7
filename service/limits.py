"""What one installation can bear: how fast a caller may ask, how much a search may want, how full the disk may be."""

import math
import shutil
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from search.spec import SearchSpec

MAX_CALLERS = 10_000  # of whom a process remembers how much they asked; the one who was silent longest is forgotten


class SpecTooLargeError(ValueError):
    """A spec that wants more than this installation lets one search have."""


class DiskFullError(Exception):
    """There is too little room for what another search would write."""


class RateLimiter:
    """`per_minute` requests of each caller on average, a tenth of them at once.

    It lives in one process: with several APIs behind a balancer a caller has as much in each. Any thread may use it.
    The rule is the generic cell rate algorithm (ITU-T I.371), a token bucket that keeps one time for each caller: when
    the bucket will be full again.
    """

    def __init__(self, per_minute: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval = 60 / per_minute  # seconds that a request costs
        self._burst = max(1, per_minute // 10) * self._interval
        self._clock = clock
        self._lock = threading.Lock()
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def wait(self, caller: str) -> int:
        """Take a request in: 0 where it may come, else the seconds after which it might, rounded up."""
        with self._lock:
            now = self._clock()
            then = max(now, self._full_at.pop(caller, now))
            wait = then + self._interval - now - self._burst
            self._full_at[caller] = then if wait > 0 else then + self._interval
            if len(self._full_at) > MAX_CALLERS:
                self._full_at.popitem(last=False)
            return max(0, math.ceil(wait))


def require_modest(spec: SearchSpec, *, max_candidates: int) -> None:
    """Refuse a search that wants more than the installation allows any.

    Raises:
        SpecTooLargeError: it wants more proxy evaluations than that.
    """
    wanted = spec.budget.candidates
    if wanted > max_candidates:
        raise SpecTooLargeError(
            f"budget.candidates is {wanted}; this installation lets one search have {max_candidates} at most: ask for "
            "fewer, or ask an admin to raise TWINSIEVE_MAX_CANDIDATES"
        )


def require_room(folder: Path, *, min_free_bytes: int) -> None:
    """Refuse before the disk is full, as then not even the searches that run could end well.

    Raises:
        DiskFullError: less than `min_free_bytes` are free where `folder` is, or will be.
    """
    free = shutil.disk_usage(existing(folder)).free
    if free < min_free_bytes:
        raise DiskFullError(
            f"{free >> 20} MiB of disk are free, and below {min_free_bytes >> 20} MiB no search is accepted; delete "
            "artifacts of old searches, or ask an admin"
        )


def existing(folder: Path) -> Path:
    """The folder, or the nearest above it that is there: what will be made below lies on the same disk."""
    return next(place for place in (folder, *folder.absolute().parents) if place.is_dir())
