"""Real Ray: workers that join, leave and are sent home while a search runs, which loses nothing by it."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from models.registry import BackboneEntry
from search.spec import parse_spec
from tests.workers.sleeping import Endless, Sleepers
from workers.cluster import Cluster, embedded_cluster
from workers.scoring_job import ScoringJob
from workers.tune_runner import TuneRunner

SECONDS = 0.05


def job(entry: BackboneEntry, artifacts: Path, workers: int) -> ScoringJob:
    return ScoringJob(parse_spec({"backbone": entry.name, "workers": workers}), entry, artifacts)


def logged(artifacts: Path) -> list[int]:
    """The candidates in Tune's logs."""
    lines = (line for log in artifacts.glob("tune/*/result.json") for line in log.read_text().splitlines())
    return [json.loads(line)["candidate"] for line in lines]


@contextmanager
def node(address: str, folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Another node of the cluster at `address`, with room for one worker."""
    with (folder / "node.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.workers.node", address], stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield process
    finally:
        kill(process)


def kill(node: "subprocess.Popen[bytes]") -> None:
    """As if its power had gone."""
    if node.poll() is None:
        os.killpg(node.pid, signal.SIGKILL)
    node.wait()


def test_a_search_goes_on_with_nodes_that_join_and_without_those_that_are_lost(
    tiny: BackboneEntry, tmp_path: Path
) -> None:
    joined, lost, out_then = threading.Event(), threading.Event(), list[int]()

    def enough(search: Endless) -> bool:
        if len(search.told) > 5:
            joined.set()
        if not out_then and len(search.tellers()) == 2 and min(search.tellers().values()) > 5:
            lost.set()
            out_then.extend(index for index in range(search.asked) if index not in search.told)
        return bool(out_then) and len(search.told) > out_then[-1] + 20 and set(out_then) <= set(search.told)

    with embedded_cluster(1, tmp_path) as cluster:

        def join_and_leave() -> None:
            joined.wait(30)
            with node(cluster.address, tmp_path) as other:
                lost.wait(30)
                kill(other)

        other = threading.Thread(target=join_and_leave)
        other.start()
        search = Endless(enough)
        runner = TuneRunner(job(tiny, tmp_path, 2), address=cluster.address, opener=Sleepers(SECONDS))
        utilisation = runner.run(search)
        other.join()
    assert search.stopped, "it was not over in time"
    assert utilisation.slots == 2
    assert utilisation.worker_seconds is not None
    assert utilisation.wall_seconds < utilisation.worker_seconds < 2 * utilisation.wall_seconds
    assert 0 < utilisation.share <= 1


def test_their_number_may_change_while_a_search_runs(tiny: BackboneEntry, cluster: Cluster, artifacts: Path) -> None:
    """Three are wanted where two fit, then one, then two again: what was sent home finished what it held."""
    wanted, steps = [3], [0]

    def enough(search: Endless) -> bool:
        tellers = search.tellers(steps[-1])
        if len(steps) == 1 and len(tellers) == 2:
            wanted.append(1)
            steps.append(len(search.told))
        elif len(steps) == 2 and len(search.told) > steps[-1] + 40:
            if len(search.tellers(len(search.told) - 30)) == 1:
                wanted.append(2)
                steps.append(len(search.told))
        elif len(steps) == 3:
            return len(tellers) == 2
        return False

    search = Endless(enough)
    runner = TuneRunner(
        job(tiny, artifacts, 1), address=cluster.address, opener=Sleepers(SECONDS, pack=2), slots=lambda: wanted[-1]
    )
    utilisation = runner.run(search)
    assert search.stopped, "it was not over in time"
    assert len(search.tellers()) == 3, "one worker stayed, one went home, one came"
    assert utilisation.slots == 2
    assert utilisation.worker_seconds is not None
    assert utilisation.worker_seconds < 1.9 * utilisation.wall_seconds
    assert {outcome["pack"] for outcome in search.told.values()} == {2.0}
    assert sorted(logged(artifacts)) == sorted(set(logged(artifacts)))
    assert set(search.told) <= set(logged(artifacts))
