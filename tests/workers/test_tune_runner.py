"""Real Ray: the result of a serial run, through killed workers, torn files and clusters that are not there."""

import os
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import psutil
import pytest
import torch

from models.registry import BackboneEntry
from search.build import build_algorithm, build_space
from search.contracts import Candidate, ClusterLostError, Failure, Fidelity, Outcome, RunnerError, SearchAlgorithm
from search.spec import SearchSpec
from tests.workers.specs import alone, small_spec, without_time
from workers.cluster import Cluster
from workers.scorer import Scorer
from workers.scoring_job import ScoringJob
from workers.serial_runner import SerialRunner
from workers.tune_runner import TuneRunner


class Noted:
    """A search that notes every ask and tell, and calls back on each tell."""

    def __init__(self, algorithm: SearchAlgorithm, on_tell: "threading.Event | None" = None) -> None:
        self.algorithm = algorithm
        self.asked: list[Candidate] = []
        self.outcomes: dict[int, Outcome] = {}
        self.told_something = on_tell

    @property
    def finished(self) -> bool:
        return self.algorithm.finished

    def ask(self) -> Candidate | None:
        if (candidate := self.algorithm.ask()) is not None:
            self.asked.append(candidate)
        return candidate

    def tell(self, index: int, outcome: Outcome) -> None:
        assert index not in self.outcomes, "an outcome counts once"
        self.outcomes[index] = outcome
        self.algorithm.tell(index, outcome)
        if self.told_something is not None:
            self.told_something.set()

    def front(self) -> list[Candidate]:
        return list(self.algorithm.front())

    def measured(self) -> dict[int, dict[str, float]]:
        return {index: without_time(outcome) for index, outcome in self.outcomes.items()}


def genetic_spec(**changes: object) -> SearchSpec:
    algorithm = {"name": "genetic", "population": 6}
    return small_spec(**({"algorithm": algorithm, "budget": {"candidates": 14, "macs_ratio": 0.9}} | changes))


def search(spec: SearchSpec, entry: BackboneEntry, on_tell: "threading.Event | None" = None) -> Noted:
    return Noted(build_algorithm(spec, build_space(spec, entry)), on_tell)


def worker_pids() -> list[int]:
    """Ray's worker processes that run a trial."""
    return [process.pid for process in psutil.process_iter() if "ray::ImplicitFunc" in " ".join(_command(process))]


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


@pytest.fixture(scope="module")
def serial(tiny: BackboneEntry, tmp_path_factory: pytest.TempPathFactory) -> Noted:
    """The undisturbed run that the others must equal."""
    spec, noted = genetic_spec(), search(genetic_spec(), tiny)
    scorer = Scorer(ScoringJob(spec, tiny, tmp_path_factory.mktemp("serial")), device=torch.device("cpu"))
    SerialRunner(lambda candidate: alone(scorer, candidate)).run(noted)
    return noted


def test_two_workers_give_the_serial_result(
    serial: Noted, tiny: BackboneEntry, cluster: Cluster, artifacts: Path
) -> None:
    spec, noted = genetic_spec(), search(genetic_spec(), tiny)
    utilisation = TuneRunner(ScoringJob(spec, tiny, artifacts), address=cluster.address).run(noted)
    assert noted.asked == serial.asked
    assert noted.measured() == serial.measured()
    assert noted.front() == serial.front()
    assert utilisation.slots == 2
    assert utilisation.candidates == len(serial.asked)
    assert 0 < utilisation.share <= 1


def test_a_look_at_the_whole_backbone_goes_the_same_way(
    tiny: BackboneEntry, cluster: Cluster, artifacts: Path, tmp_path: Path
) -> None:
    """It has no accuracy; what it found decides what is fine-tuned."""
    spec = genetic_spec(algorithm={"name": "ranked"}, budget={"macs_ratio": 0.8})
    serial, noted = search(spec, tiny), search(spec, tiny)
    scorer = Scorer(ScoringJob(spec, tiny, tmp_path / "serial"), device=torch.device("cpu"))
    SerialRunner(lambda candidate: alone(scorer, candidate)).run(serial)
    TuneRunner(ScoringJob(spec, tiny, artifacts), address=cluster.address).run(noted)
    assert noted.measured() == serial.measured()
    stages = [each.fidelity for each in noted.asked]
    assert stages == [Fidelity.PROBE, Fidelity.PLAIN, Fidelity.FINAL, Fidelity.FINAL, Fidelity.TEST, Fidelity.TEST]
    assert set(noted.measured()[0]) == {f"gene.{gene}" for gene in range(6)}


def test_a_killed_worker_is_replaced_and_the_result_is_the_same(
    serial: Noted, tiny: BackboneEntry, cluster: Cluster, artifacts: Path
) -> None:
    told, killed = threading.Event(), []
    noted = search(genetic_spec(), tiny, told)

    def kill_when_it_runs() -> None:
        told.wait(60)
        pid = worker_pids()[0]
        os.kill(pid, signal.SIGKILL)
        killed.append(pid)

    killer = threading.Thread(target=kill_when_it_runs)
    killer.start()
    TuneRunner(ScoringJob(genetic_spec(), tiny, artifacts), address=cluster.address).run(noted)
    killer.join()
    assert killed
    assert noted.asked == serial.asked
    assert noted.measured() == serial.measured()


def test_a_torn_backbone_ends_the_search_with_its_name(tiny: BackboneEntry, cluster: Cluster, tmp_path: Path) -> None:
    import dataclasses
    import shutil

    torn = dataclasses.replace(tiny, path=tmp_path / "torn", name="torn")
    shutil.copytree(tiny.path, torn.path)
    weights = torn.path / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-50])
    noted = search(genetic_spec(), torn)
    with pytest.raises(RunnerError, match=r"backbone 'torn' cannot be loaded: .*torn or no safetensors"):
        TuneRunner(ScoringJob(genetic_spec(), torn, tmp_path), address=cluster.address).run(noted)
    assert not noted.outcomes


def test_a_cluster_that_is_not_there_is_an_error(tiny: BackboneEntry, artifacts: Path) -> None:
    """After a while: its head may be on its way."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    start = time.monotonic()
    runner = TuneRunner(ScoringJob(genetic_spec(), tiny, artifacts), address=address, patience=1.0)
    with pytest.raises(ClusterLostError, match=f"for 1 s no Ray head answers at {address}"):
        runner.run(search(genetic_spec(), tiny))
    assert 1 <= time.monotonic() - start < 10


def test_a_worker_that_fits_nowhere_is_an_error(tiny: BackboneEntry, cluster: Cluster, artifacts: Path) -> None:
    """After a while: a node may be on its way."""
    runner = TuneRunner(ScoringJob(genetic_spec(), tiny, artifacts), address=cluster.address, cpus=64, patience=1.0)
    with pytest.raises(RunnerError, match=r"a worker needs {'cpu': 64.0} of one node; for 1 s .* no such node"):
        runner.run(search(genetic_spec(), tiny))


def test_every_port_of_the_embedded_cluster_is_on_loopback(cluster: Cluster) -> None:
    family = [psutil.Process(cluster.pid), *psutil.Process(cluster.pid).children(recursive=True)]
    listening = [
        connection.laddr.ip
        for process in family
        for connection in process.net_connections()
        if connection.status == psutil.CONN_LISTEN
    ]
    assert len(listening) > 5
    assert {ip.removeprefix("::ffff:") for ip in listening} <= {"127.0.0.1", "::1"}


def test_the_cluster_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    """SIGKILL of the parent leaves no Ray process behind."""
    code = (
        "import pathlib, sys, time\n"
        "from workers.cluster import embedded_cluster\n"
        "with embedded_cluster(1, pathlib.Path(sys.argv[1])) as cluster:\n"
        "    print(cluster.pid, flush=True)\n"
        "    time.sleep(300)\n"
    )
    import sys

    parent = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    head = psutil.Process(int(parent.stdout.readline()))
    family = [head, *head.children(recursive=True)]
    assert len(family) > 3
    parent.kill()
    parent.wait()
    parent.stdout.close()
    _, alive = psutil.wait_procs(family, timeout=30)
    assert not alive


def test_a_failed_candidate_is_told_as_a_value(tiny: BackboneEntry, cluster: Cluster, artifacts: Path) -> None:
    """A TEST whose weights were never made fails; the search goes on to its end."""
    spec = genetic_spec(proxy={"steps": 4, "batch_size": 8, "fitness_examples": 64, "learning_rate": 1.0})
    artifacts.mkdir(parents=True)
    (artifacts / "finals").write_text("a file where a folder should be")
    noted = search(spec, tiny)
    TuneRunner(ScoringJob(spec, tiny, artifacts), address=cluster.address).run(noted)
    failures = [outcome for outcome in noted.outcomes.values() if isinstance(outcome, Failure)]
    assert failures
    assert noted.finished
