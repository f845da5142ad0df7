"""What one installation can bear: tokens by the minute, candidates by the search, room by the disk."""

import shutil
from pathlib import Path

import pytest

from search.budget_spec import BudgetSpec
from search.spec import SearchSpec
from service import limits
from service.limits import DiskFullError, RateLimiter, SpecTooLargeError, require_modest, require_room


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_caller_may_do_a_tenth_at_once_and_then_waits() -> None:
    seconds = Seconds()
    limiter = RateLimiter(60, clock=seconds)
    assert [limiter.wait("a") for _ in range(7)] == [0] * 6 + [1]
    seconds.now += 1.0
    assert [limiter.wait("a"), limiter.wait("a")] == [0, 1]


def test_whoever_is_refused_pays_nothing_for_it() -> None:
    seconds = Seconds()
    limiter = RateLimiter(1, clock=seconds)
    assert limiter.wait("a") == 0
    waits = []
    for _ in range(6):
        waits.append(limiter.wait("a"))
        seconds.now += 10
    assert waits == [60, 50, 40, 30, 20, 10]
    assert limiter.wait("a") == 0


def test_tokens_are_not_saved_up_beyond_the_bucket() -> None:
    seconds = Seconds()
    limiter = RateLimiter(60, clock=seconds)
    limiter.wait("a")
    seconds.now += 3600
    assert sum(limiter.wait("a") == 0 for _ in range(20)) == 6


def test_callers_do_not_share_a_bucket() -> None:
    limiter = RateLimiter(1, clock=Seconds())
    assert [limiter.wait(caller) for caller in "aab"] == [0, 60, 0]


def test_made_up_callers_take_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_CALLERS", 3)
    limiter = RateLimiter(1, clock=Seconds())
    for caller in "abcd":
        limiter.wait(caller)
    assert [limiter.wait(caller) for caller in "dcb"] == [60, 60, 60]
    assert limiter.wait("a") == 0  # forgotten


def test_a_search_that_wants_too_much_is_told_what_it_may_want() -> None:
    spec = SearchSpec(budget=BudgetSpec(candidates=101))
    require_modest(spec, max_candidates=101)
    with pytest.raises(SpecTooLargeError, match=r"budget.candidates is 101; .* have 100 at most"):
        require_modest(spec, max_candidates=100)


def test_a_full_disk_takes_no_search(tmp_path: Path) -> None:
    folder = tmp_path / "not" / "yet"
    require_room(folder, min_free_bytes=0)
    with pytest.raises(DiskFullError, match="MiB of disk are free, and below"):
        require_room(folder, min_free_bytes=shutil.disk_usage(tmp_path).total + 1)
