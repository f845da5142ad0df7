"""Whatever is killed in the middle of a search: it goes on, nothing is scored twice, the result is the same."""

import json
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import pytest

from service.domain.records import StoredCandidate
from tests.end_to_end.conftest import CANDIDATES, SPEC, Finished
from tests.end_to_end.service import Service, scores, told

pytestmark = pytest.mark.timeout(600)  # a whole search after a restart, on a machine that is busy with other things

MIDDLE = 4  # candidates told when the fault comes


class Middle(NamedTuple):
    """A search in the middle of its run."""

    id: str
    told: dict[int, StoredCandidate]


def in_the_middle(service: Service) -> Middle:
    search_id = service.submit(SPEC)
    return Middle(search_id, service.told(search_id, at_least=MIDDLE))


def assert_it_went_on(service: Service, before: Middle, undisturbed: Finished) -> None:
    """The search ends as the undisturbed one did, and what was told before the fault is as it was."""
    assert len(before.told) < CANDIDATES, "the fault came after the end"
    view = service.ended(before.id)
    assert view["status"] == "succeeded", f"{view['error']}\n{service.logs()}"
    history = service.history(before.id)
    assert scores(history) == scores(service.history(undisturbed.id))
    assert view["chosen"] == undisturbed.view["chosen"]
    assert front(service, before.id) == front(service, undisturbed.id)
    now = told(history)
    assert {index: now[index] for index in before.told} == before.told
    assert len({(each.candidate.fidelity, each.candidate.genome) for each in history}) == len(history) == CANDIDATES
    assert sorted(each.told_order for each in now.values() if each.told_order is not None) == list(range(CANDIDATES))
    reports = scored(service, before.id)
    assert {index: reports[index] for index in before.told if reports[index] > 1} == {}


def front(service: Service, search_id: str) -> list[tuple[list[int], float]]:
    found = service.request("GET", f"/searches/{search_id}/front").json()
    return [(each["genome"], each["measurement"]["accuracy"]) for each in found]


def scored(service: Service, search_id: str) -> Counter[int]:
    """How often each candidate was scored by any worker, as Tune's own logs tell it."""
    logs = (service.state / "artifacts" / search_id / "tune").glob("*/result.json")
    return Counter(json.loads(line)["candidate"] for log in logs for line in log.read_text().splitlines())


def kill_a_worker(service: Service, _search_id: str) -> None:
    service.workers()[0].kill()


def kill_the_driver(service: Service, search_id: str) -> None:
    service.driver(search_id)[0].kill()


def kill_everything(service: Service, _search_id: str) -> None:
    service.kill()
    service.start()


def kill_the_raylet(service: Service, _search_id: str) -> None:
    service.processes("raylet/raylet")[0].kill()


@pytest.mark.parametrize("fault", [kill_a_worker, kill_the_driver, kill_everything, kill_the_raylet])
def test_killed_in_the_middle(undisturbed: Finished, service: Service, fault: Callable[[Service, str], None]) -> None:
    before = in_the_middle(service)
    fault(service, before.id)
    assert_it_went_on(service, before, undisturbed)
