"""Half-trained candidates: found again, by others too, and never more of them than there is room for."""

from pathlib import Path

import pytest
import torch

from models.registry import BackboneEntry
from search.contracts import Genome
from tests.workers.specs import small_spec
from workers import rung_states
from workers.rung_states import RungState, RungStates
from workers.scoring_job import ScoringJob

GENOMES: list[Genome] = [(0, 1), (1, 0), (1, 1), (0, 0)]


@pytest.fixture
def job(tiny: BackboneEntry, artifacts: Path) -> ScoringJob:
    return ScoringJob(small_spec(), tiny, artifacts)


def state(steps: int, value: float = 0.0) -> RungState:
    return RungState(steps, {"weight": torch.full((100,), value)})


def test_another_worker_finds_the_file(job: ScoringJob) -> None:
    RungStates(job).keep(GENOMES[0], state(3, 0.5))
    found = RungStates(job).find(GENOMES[0], until=3)
    assert found is not None
    assert found.steps == 3
    assert torch.equal(found.tensors["weight"], torch.full((100,), 0.5))


def test_a_state_that_went_too_far_is_no_start(job: ScoringJob) -> None:
    states = RungStates(job)
    states.keep(GENOMES[0], state(3))
    assert states.find(GENOMES[0], until=2) is None
    assert RungStates(job).find(GENOMES[0], until=2) is None


def test_who_went_further_is_found(job: ScoringJob) -> None:
    """The file of another worker beats what this one remembers, as far as it may be used."""
    states = RungStates(job)
    states.keep(GENOMES[0], state(1))
    RungStates(job).keep(GENOMES[0], state(3))
    found = [states.find(GENOMES[0], until=until) for until in (1, 2, 3, 4)]
    assert [each.steps for each in found if each is not None] == [1, 1, 3, 3]
    states.keep(GENOMES[0], state(5))
    found = [states.find(GENOMES[0], until=4), states.find(GENOMES[0], until=5)]
    assert [each and each.steps for each in found] == [None, 5]


def test_a_state_of_another_search_is_no_start(job: ScoringJob, tiny: BackboneEntry) -> None:
    RungStates(job).keep(GENOMES[0], state(3))
    assert RungStates(ScoringJob(small_spec(seed=1), tiny, job.artifacts)).find(GENOMES[0], until=3) is None


def test_a_torn_file_is_no_start(job: ScoringJob) -> None:
    RungStates(job).keep(GENOMES[0], state(3))
    (file,) = job.rungs_folder.iterdir()
    file.write_bytes(file.read_bytes()[:50])
    assert RungStates(job).find(GENOMES[0], until=3) is None


def test_what_is_forgotten_is_nowhere(job: ScoringJob) -> None:
    states = RungStates(job)
    for genome in GENOMES[:2]:
        states.keep(genome, state(1))
    states.forget(GENOMES[0])
    assert states.find(GENOMES[0], until=1) is None
    assert len(list(job.rungs_folder.iterdir())) == 1
    states.clear()
    assert states.find(GENOMES[1], until=1) is None
    assert not job.rungs_folder.exists()
    states.clear()


def test_memory_keeps_what_was_left_last(job: ScoringJob, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rung_states, "MEMORY_BYTES", 2 * state(1).nbytes)
    states = RungStates(job)
    for genome in GENOMES:
        states.keep(genome, state(1))
    for file in job.rungs_folder.iterdir():
        file.unlink()
    assert [states.find(genome, until=1) is not None for genome in GENOMES] == [False, False, True, True]


def test_the_folder_keeps_what_was_written_last(job: ScoringJob, monkeypatch: pytest.MonkeyPatch) -> None:
    states = RungStates(job)
    states.keep(GENOMES[0], state(1))
    (first,) = job.rungs_folder.iterdir()
    monkeypatch.setattr(rung_states, "FOLDER_BYTES", 2 * first.stat().st_size)
    for genome in GENOMES[1:]:
        states.keep(genome, state(1))
    found = [RungStates(job).find(genome, until=1) is not None for genome in GENOMES]
    assert found == [False, False, True, True]
