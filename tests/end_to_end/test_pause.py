"""A search that is paused in the middle lets its workers go, and goes on as if nobody had paused it."""

import pytest

from tests.end_to_end.conftest import SPEC, Finished
from tests.end_to_end.service import Service, scores, told

pytestmark = pytest.mark.timeout(600)


def test_paused_and_resumed(service: Service, undisturbed: Finished) -> None:
    search_id = service.submit(SPEC)
    service.told(search_id, at_least=3)
    workers = service.until(service.workers, bool)
    assert service.request("POST", f"/searches/{search_id}/pause").json()["pause_requested"]
    service.until(lambda: service.view(search_id), lambda view: view["status"] == "paused")
    service.until(lambda: [each for each in workers if each.is_running()], lambda alive: not alive)
    service.until(lambda: service.driver(search_id), lambda found: not found)
    before = told(service.history(search_id))
    assert 3 <= len(before) < len(service.history(undisturbed.id))

    assert service.request("POST", f"/searches/{search_id}/resume").json()["status"] == "queued"
    view = service.ended(search_id)
    assert view["status"] == "succeeded", f"{view['error']}\n{service.logs()}"
    rows = service.history(search_id)
    assert {index: told(rows)[index] for index in before} == before
    assert scores(rows) == scores(service.history(undisturbed.id))
    assert view["chosen"] == undisturbed.view["chosen"]
