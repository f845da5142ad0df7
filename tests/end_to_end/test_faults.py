"""Whatever is killed in the middle of a search, one after the other: it goes on, and ends as if nothing had been."""

import json
from collections import Counter
from collections.abc import Callable, Sequence

import pytest

from service.domain.records import StoredCandidate
from tests.end_to_end.conftest import CANDIDATES, SPEC, Finished
from tests.end_to_end.service import Service, scores, told

pytestmark = pytest.mark.timeout(600)  # a whole search with restarts, on a machine that is busy with other things

STEP = 4  # candidates told between one fault and the next


def assert_it_went_on(service: Service, search_id: str, undisturbed: Finished) -> dict[int, StoredCandidate]:
    """The search ends as the undisturbed one did; its candidates by index."""
    view = service.ended(search_id)
    assert view["status"] == "succeeded", f"{view['error']}\n{service.logs()}"
    history = service.history(search_id)
    assert scores(history) == scores(service.history(undisturbed.id))
    assert view["chosen"] == undisturbed.view["chosen"]
    assert front(service, search_id) == front(service, undisturbed.id)
    now = told(history)
    assert len({(each.candidate.fidelity, each.candidate.genome) for each in history}) == len(history) == CANDIDATES
    assert sorted(each.told_order for each in now.values() if each.told_order is not None) == list(range(CANDIDATES))
    return now


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


FAULTS: Sequence[Callable[[Service, str], None]] = (
    kill_a_worker,
    kill_the_driver,
    kill_the_raylet,
    kill_everything,
)


def test_killed_again_and_again(undisturbed: Finished, service: Service) -> None:
    search_id, before = service.submit(SPEC), list[dict[int, StoredCandidate]]()
    for number, fault in enumerate(FAULTS, start=1):
        before.append(service.told(search_id, at_least=STEP * number))
        assert len(before[-1]) < CANDIDATES, "the fault came after the end"
        fault(service, search_id)
    now, reports = assert_it_went_on(service, search_id, undisturbed), scored(service, search_id)
    for fault, known in zip(FAULTS, before, strict=True):
        assert {index: now[index] for index in known} == known, f"{fault.__name__} changed what was told before it"
        assert [index for index in known if reports[index] > 1] == [], f"scored again after {fault.__name__}"
