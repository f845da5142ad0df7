"""A walk over all chromosomes gives what each would score alone; what was scored is not scored again."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks import table as table_command
from benchmarks.measuring import Question
from benchmarks.table import by_proxy, by_shared_weights, summary
from benchmarks.table_file import ScoredTable
from benchmarks.table_space import TableSpace
from benchmarks.table_walk import Walk
from benchmarks.table_weights import Shared, train_shared
from search.spec import SearchSpec, parse_spec

GENES, EXAMPLES = 4, 32
LAST = [(0, 0), (0, 1), (1, 0), (1, 1)]


@pytest.fixture(scope="module")
def spec() -> SearchSpec:
    return parse_spec({"data": "shapes-small", "proxy": {"batch_size": 8}})


@pytest.fixture(scope="module")
def shared(spec: SearchSpec, tmp_path_factory: pytest.TempPathFactory) -> Shared:
    folder = tmp_path_factory.mktemp("shared")
    return train_shared(TableSpace(GENES, spec), examples=EXAMPLES, kept_in=folder, steps=2)


def test_a_walk_scores_each_chromosome_as_it_would_be_alone(spec: SearchSpec, shared: Shared) -> None:
    table = TableSpace(GENES, spec)
    inputs, targets = shared.fitness.rows(torch.arange(EXAMPLES))
    counts = Walk(shared.student, table).correct(inputs, targets)
    alone = []
    with torch.inference_mode():
        for number in range(1 << GENES):
            architecture = table.whole(table.space.decode(table.genome(number)))
            scores = shared.student.task.scores(shared.student(inputs, architecture), targets)
            alone.append(round(scores.sum().item()))
    assert counts.tolist() == alone
    assert len(set(alone)) > 1, "masks differ"


def test_training_twice_gives_the_same_weights_and_a_file_saves_the_second(
    spec: SearchSpec, shared: Shared, tmp_path: Path
) -> None:
    table = TableSpace(GENES, spec)
    again = train_shared(table, examples=EXAMPLES, kept_in=tmp_path, steps=2)
    assert again.digest == shared.digest
    (file,) = tmp_path.glob("shared-*.safetensors")
    written = file.stat().st_mtime_ns
    assert train_shared(table, examples=EXAMPLES, kept_in=tmp_path, steps=2).digest == shared.digest
    assert file.stat().st_mtime_ns == written


def test_an_interrupted_table_goes_on_where_it_was(
    spec: SearchSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_command, "CHUNK", 8)
    table = TableSpace(2, spec)
    first = by_shared_weights(table, examples=32, steps=1, folder=tmp_path)
    chunks = sorted(tmp_path.glob("walk-*-8.npy"))
    assert len(chunks) == 4
    np.save(chunks[0], np.load(chunks[0]) + 100)
    chunks[1].unlink()
    again = by_shared_weights(table, examples=32, steps=1, folder=tmp_path)
    assert again.correct.shape == (2, 4)
    assert (again.correct.sum(0) - first.correct.sum(0)).tolist() == [100] * 4, "one kept, one scored again"
    assert again.made["shared_sha256"] == first.made["shared_sha256"]


def test_a_proxy_table_asks_for_every_chromosome_as_a_search_does(monkeypatch: pytest.MonkeyPatch) -> None:
    def answers(questions: Sequence[Question], **how: object) -> list[dict[str, float]]:
        assert [question.genome for question in questions] == [(1,) * 22 + last for last in LAST]
        return [{"accuracy": (index + 1) / 512} for index in range(len(questions))]

    monkeypatch.setattr(table_command, "ask", answers)
    assert by_proxy(TableSpace(2)).correct.tolist() == [[1, 2, 3, 4]]


def test_a_summary_shows_the_full_chromosome_and_the_noise(spec: SearchSpec) -> None:
    correct = np.array([[1, 2, 3, 4], [2, 3, 4, 8]], dtype=np.uint16)
    found = summary(TableSpace(2, spec), ScoredTable(2, 32, correct, {}))
    assert found["full"] == 12 / 32
    assert found["chromosomes within"] == {1.0: 4}, "none of two genes' chromosomes is as cheap as three quarters"
    assert "correlation of the halves" in found


def test_examples_come_in_whole_chunks(spec: SearchSpec) -> None:
    with pytest.raises(ValueError, match="100 examples; give a multiple of 128"):
        by_shared_weights(TableSpace(2, spec), examples=100)
