"""The desk without Ray: the queue hears of every pack that is taken up, and what is asked for ahead comes next."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from search.contracts import Candidate, Fidelity
from tests.workers.test_lease_queue import told
from workers import desk as module
from workers.desk import Desk
from workers.lease_queue import Told
from workers.queue_actor import Request, Work


@dataclass
class Method:
    """An actor's method, answered at once."""

    remote: Callable[..., object]


@dataclass
class Queue:
    """Gives one candidate after another, and notes what it is asked and told."""

    requests: list[Request] = field(default_factory=list)
    tells: list[tuple[int, str, Sequence[Told]]] = field(default_factory=list)

    @property
    def next(self) -> Method:
        return Method(self._next)

    @property
    def tell(self) -> Method:
        return Method(lambda slot, life, *, told: self.tells.append((slot, life, told)))

    def _next(self, request: Request) -> Work:
        self.requests.append(request)
        return Work((Candidate(len(self.requests), (0,)),))


def size(_fidelity: Fidelity) -> int:
    return 1


def indexes(pack: Sequence[Candidate] | None) -> list[int]:
    return [candidate.index for candidate in pack or ()]


@pytest.fixture(autouse=True)
def _without_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    ray = SimpleNamespace(get=lambda answer: answer, wait=lambda answers, timeout: (answers, []))  # noqa: ARG005 - Ray's
    monkeypatch.setattr(module, "ray", ray)


def test_every_pack_that_is_taken_up_is_known_to_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    queue = Queue()
    desk = Desk(queue, 7)
    assert indexes(desk.next((), size)) == [1]
    ((slot, life, outcomes),) = queue.tells
    assert (slot, outcomes) == (7, ()), "nobody knows yet how long a pack takes"

    monkeypatch.setattr(module, "SHORT_SECONDS", float("inf"))
    assert indexes(desk.next([told(1)], size)) == [2]
    assert [request.ahead for request in queue.requests] == [False, False, True], "which says it as well"
    assert len(queue.tells) == 1

    monkeypatch.setattr(module, "SHORT_SECONDS", 0.0)
    assert indexes(desk.next([told(2)], size)) == [3], "that was asked for ahead"
    assert queue.tells[1:] == [(7, life, [told(2)])]
    assert len(queue.requests) == 3, "the last pack was long"
