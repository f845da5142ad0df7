"""The queue actor without Ray: who waits is served, what is asked for ahead never gets lost, nobody waits in vain."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from search.contracts import Candidate, Fidelity
from tests.workers.test_lease_queue import told
from workers import queue_actor
from workers.lease_queue import Told
from workers.queue_actor import NOTHING, QueueActor, Request, Work

SIZES = {Fidelity.PROXY: 1}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_actor, "WAIT_SECONDS", 0.05)


def candidates(*indexes: int) -> list[Candidate]:
    return [Candidate(index, (index,)) for index in indexes]


def request(slot: int, turn: int, outcomes: Sequence[Told] = (), *, ahead: bool = False) -> Request:
    return Request(slot=slot, life=str(slot), turn=turn, told=outcomes, sizes=SIZES, ahead=ahead)


def indexes(work: Work) -> list[int]:
    return [candidate.index for candidate in work.candidates]


async def queue_with(workers: int, *indexes: int) -> QueueActor:
    queue = QueueActor()
    for slot in range(workers):
        await queue.begin(slot, str(slot))
    await queue.exchange(candidates(*indexes), None)
    return queue


def test_who_waits_is_served_as_soon_as_there_is_work() -> None:
    async def scenario() -> None:
        queue = await queue_with(1)
        waiting = asyncio.ensure_future(queue.next(request(0, 1)))
        await asyncio.sleep(0)
        await queue.exchange(candidates(7), None)
        assert indexes(await waiting) == [7]
        assert await queue.next(request(0, 2)) == NOTHING, "after a moment, that is"

    asyncio.run(scenario())


def test_the_idle_are_served_before_those_that_work_ahead() -> None:
    async def scenario() -> None:
        queue = await queue_with(2, 0)
        assert indexes(await queue.next(request(0, 1))) == [0]
        ahead = asyncio.ensure_future(queue.next(request(0, 2, ahead=True)))
        idle = asyncio.ensure_future(queue.next(request(1, 1)))
        await asyncio.sleep(0)
        await queue.exchange(candidates(1, 2), None)
        assert indexes(await idle) == [1]
        assert await ahead == NOTHING, "the last candidate is for whoever is free first"

    asyncio.run(scenario())


def test_a_later_request_takes_the_place_of_an_earlier_one() -> None:
    async def scenario() -> None:
        queue = await queue_with(1, 0)
        assert indexes(await queue.next(request(0, 1))) == [0]
        ahead = asyncio.ensure_future(queue.next(request(0, 2, ahead=True)))
        await asyncio.sleep(0)
        idle = asyncio.ensure_future(queue.next(request(0, 3, [told(0)])))
        await asyncio.sleep(0)
        assert await ahead == NOTHING
        news = await queue.exchange(candidates(1), None)
        assert [each.index for each in news.told] == [0]
        assert indexes(await idle) == [1]
        assert await queue.next(request(0, 2, ahead=True)) == NOTHING, "overtaken on the way"

    asyncio.run(scenario())


def test_what_came_ahead_after_all_is_not_given_twice() -> None:
    async def scenario() -> None:
        queue = await queue_with(1, 0, 1, 2)
        assert indexes(await queue.next(request(0, 1))) == [0]
        assert indexes(await queue.next(request(0, 2, ahead=True))) == [1]
        assert await queue.next(request(0, 3, [told(0)])) == NOTHING, "first what it has been given"
        assert indexes(await queue.next(request(0, 4, [told(1)]))) == [2]

    asyncio.run(scenario())


def test_a_worker_is_asked_how_many_it_wants_of_a_fidelity_that_is_new() -> None:
    async def scenario() -> None:
        queue = await queue_with(1)
        await queue.exchange([Candidate(0, (0,), Fidelity.AUDIT)], None)
        assert (await queue.next(request(0, 1))).asked is Fidelity.AUDIT

    asyncio.run(scenario())


def test_the_driver_hears_of_more_room_when_it_has_more() -> None:
    async def scenario() -> None:
        queue = await queue_with(1)
        news = asyncio.ensure_future(queue.exchange([], 3))
        await asyncio.sleep(0)
        await queue.begin(1, "1")
        assert (await news).room > 3
        assert (await queue.exchange([], None)).told == [], "without more it waits a moment"

    asyncio.run(scenario())


@pytest.mark.parametrize("ahead", [False, True])
def test_only_a_pack_that_its_worker_took_up_may_be_why_it_died(ahead: bool) -> None:
    """What went to a request whose worker was dead already goes out whole again."""

    async def scenario(*, taken: bool) -> list[int]:
        queue = await queue_with(1, 0, 1)
        pair = replace(request(0, 1, ahead=ahead), sizes={Fidelity.PROXY: 2})
        assert indexes(await queue.next(pair)) == [0, 1]
        if taken:
            await queue.tell(0, "0", told=())
        await queue.lose(0)
        await queue.begin(0, "again")
        return indexes(await queue.next(replace(pair, life="again")))

    assert asyncio.run(scenario(taken=True)) == [0], "alone, for it may happen again"
    assert asyncio.run(scenario(taken=False)) == [0, 1]


def test_a_worker_that_cannot_do_the_search_ends_it_unless_another_could() -> None:
    async def scenario() -> None:
        queue = await queue_with(2, 0)
        assert indexes(await queue.next(request(0, 1))) == [0]
        await queue.tell(0, "0", told=[told(0)])
        assert not await queue.refuse("a disk of mine is broken")
        assert (await queue.exchange([], None)).error is None
        await queue.close()
        assert await queue.refuse("it is still broken"), "then it may go home"

        other = await queue_with(1, 0)
        assert await other.refuse("no such data")
        assert (await other.exchange([], None)).error == "no such data"

    asyncio.run(scenario())


def test_the_retired_and_at_the_end_all_are_sent_home() -> None:
    async def scenario() -> None:
        queue = await queue_with(2, 0)
        assert indexes(await queue.next(request(0, 1))) == [0]
        await queue.retire(0)
        assert (await queue.next(request(0, 2, [told(0)]))).closed
        waiting = asyncio.ensure_future(queue.next(request(1, 1)))
        await asyncio.sleep(0)
        await queue.close("no such data")
        assert (await waiting).closed
        assert (await queue.exchange([], None)).error == "no such data"

    asyncio.run(scenario())
