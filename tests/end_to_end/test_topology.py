"""An installation on separate hosts: searches over all of them, a driver that slept too long, a storm of faults."""

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

import psutil
import pytest
from sqlalchemy import Row, select

from benchmarks.faults_plan import Target, plan
from benchmarks.faults_storm import QUICK, calm, storm
from benchmarks.faults_struck import send
from benchmarks.faults_verdict import Result, lost, twice
from benchmarks.hosts import HostsError, require_hosts
from benchmarks.hosts_client import Client
from benchmarks.hosts_lab import DISPATCHER, DISPATCHERS, DRIVER, WORKERS, Lab, Plan, lab
from service.domain.records import Status
from service.storage.database import reading
from service.storage.schema import metadata
from service.storage.tables import SearchRow

pytestmark = [
    pytest.mark.timeout(900),  # on a machine that is busy with other things
    pytest.mark.skipif("TWINSIEVE_HOSTS" not in os.environ, reason="takes minutes: set TWINSIEVE_HOSTS=1"),
]

SECONDS = 240.0
SEED, FAULTS = 3, 20
T = TypeVar("T")
Rows = Mapping[str, Sequence[Row[tuple[object, ...]]]]


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    try:
        require_hosts()
    except HostsError as error:
        pytest.skip(str(error))
    with lab(tmp_path_factory.mktemp("lab"), Plan(slots=QUICK.slots)) as found:
        yield found


@pytest.fixture(scope="module")
def undisturbed(installation: Lab) -> Mapping[str, Result]:
    """One search of each spec at the same time."""
    return calm(installation, QUICK)


def test_searches_run_over_all_hosts(installation: Lab, undisturbed: Mapping[str, Result]) -> None:
    assert len(undisturbed) == len(DISPATCHERS) == len(WORKERS) == 2
    for search_id, result in undisturbed.items():
        assert result.status is Status.SUCCEEDED
        assert twice(result.history, installation.store.candidates.progress([search_id])[search_id]) == 0
        views = [Client([each], installation.client.key).view(search_id) for each in installation.client.addresses]
        assert views[0] == views[1]
        assert views[0]["chosen"] == result.chosen
    assert drivers_of(installation, undisturbed) == set(DISPATCHERS)
    assert scored_on(installation, undisturbed) == {installation.hosts[name].address for name in WORKERS}


def test_a_frozen_driver_whose_lease_was_taken_writes_nothing_when_it_wakes(
    installation: Lab, undisturbed: Mapping[str, Result]
) -> None:
    search_id = installation.client.submit(QUICK.specs[0])
    until(lambda: told(installation, search_id), lambda found: found >= 2)
    (frozen,) = drivers(installation, search_id)
    send(signal.SIGSTOP, [frozen])
    until(lambda: drivers(installation, search_id), lambda found: len(found) == 2)
    (taker,) = [each for each in drivers(installation, search_id) if each != frozen]
    dispatchers = [each for name in DISPATCHERS for each in installation.hosts[name].processes(DISPATCHER)]
    others = [taker, *dispatchers]
    send(signal.SIGSTOP, others)
    before = rows(installation, search_id)
    send(signal.SIGCONT, [frozen])
    until(frozen.status, lambda status: status == psutil.STATUS_ZOMBIE)  # its dispatcher cannot take it away
    assert rows(installation, search_id) == before
    send(signal.SIGCONT, others)
    until(lambda: installation.store.searches.get(search_id).status, lambda status: status.finished)
    found, expected = Result.of(search_id, installation), next(iter(undisturbed.values()))
    assert (found.status, found.front, found.chosen) == (expected.status, expected.front, expected.chosen)
    assert lost(found, expected, {}) == 0
    assert twice(found.history, installation.store.candidates.progress([search_id])[search_id]) == 0


def test_twenty_faults_change_nothing(installation: Lab, undisturbed: Mapping[str, Result]) -> None:
    found = storm(installation, QUICK, undisturbed, plan(SEED, FAULTS, QUICK.pace))
    assert Counter(each.target for each in found.struck).keys() == set(Target)
    assert found.verdict.searches >= QUICK.together
    assert found.verdict.clean, f"{found.verdict}\n{installation.tails()}"


def drivers(installation: Lab, search_id: str) -> list[psutil.Process]:
    """The processes that drive a search, or believe so."""
    hosts = [installation.hosts[name] for name in DISPATCHERS]
    return [each for host in hosts for each in host.processes(f"{DRIVER} {search_id}")]


def drivers_of(installation: Lab, searches: Mapping[str, Result]) -> set[str]:
    """The dispatchers' hosts that claimed any of these searches."""
    said = {name: installation.units[name].log.read_text() for name in DISPATCHERS}
    return {name for name, text in said.items() if any(search_id in text for search_id in searches)}


def scored_on(installation: Lab, searches: Mapping[str, Result]) -> set[str]:
    """The addresses of the nodes that scored for these searches, as Tune's own logs tell it."""
    folders = [installation.folder / "state" / "artifacts" / search_id / "tune" for search_id in searches]
    logs = [log for folder in folders for log in folder.glob("*/result.json")]
    return {json.loads(line)["node_ip"] for log in logs for line in log.read_text().splitlines()}


def told(installation: Lab, search_id: str) -> int:
    history = installation.store.candidates.history(search_id)
    return sum(each.outcome is not None for each in history)


def rows(installation: Lab, search_id: str) -> Rows:
    """Everything that the database says of a search, in any table."""
    found: dict[str, Sequence[Row[tuple[object, ...]]]] = {}
    with reading(installation.store.engine) as session:
        for table in metadata.sorted_tables:
            column = table.c.id if table is SearchRow.__table__ else table.c.get("search_id")
            if column is not None:
                query = select(table).where(column == search_id).order_by(*table.primary_key)
                found[table.name] = session.execute(query).all()
    return found


def until(look: Callable[[], T], satisfied: Callable[[T], bool]) -> T:
    """What `look` sees once it satisfies."""
    deadline = time.monotonic() + SECONDS
    while not satisfied(seen := look()):
        assert time.monotonic() < deadline, f"still {seen!r} after {SECONDS:.0f} s"
        time.sleep(0.1)
    return seen
