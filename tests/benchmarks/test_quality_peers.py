"""Other libraries in the loop: they ask chromosomes, respect the bound as far as they can, and repeat under a seed."""

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.quality_loop import Entry, Trace, race
from benchmarks.quality_problem import Problem
from benchmarks.quality_suites import problem

for needed in ("optuna", "deephyper", "syne_tune", "pymoo"):
    pytest.importorskip(needed, reason="the extra 'bench' is not installed")

from benchmarks import quality_runs  # noqa: E402 - these need the extra
from benchmarks.quality_contest import OURS, Run, contestants  # noqa: E402 - as above
from benchmarks.quality_fronts import covered, nondominated  # noqa: E402 - as above

PEERS = [name for name in contestants(1) if not name.startswith(OURS)]
POSED = problem("block knapsack", 0)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", PEERS)
def test_a_peer_repeats_under_its_seed(name: str) -> None:
    entry: Entry = contestants(1)[name]
    first, again, other = (race(POSED, entry(POSED, 24, seed), 24) for seed in (3, 3, 4))
    assert first.evaluated == again.evaluated != other.evaluated
    assert len(first.evaluated) == len(set(first.evaluated)) == 24
    assert POSED.feasible[first.evaluated].all()


def test_what_is_kept_is_not_run_again(tmp_path: Path) -> None:
    runs = [Run("OneMax", "ours: random", seed, 10) for seed in (0, 1)]
    file = tmp_path / "kept.jsonl"
    first = quality_runs.traces(runs, kept_in=file, processes=1)
    lines = file.read_text().splitlines()
    assert len(lines) == 2
    marked = [json.dumps([json.loads(lines[0])[0], {"evaluated": [7], "asks": 1, "seconds": 0.0}]), lines[1][:20]]
    file.write_text("\n".join(marked) + "\n")
    again = quality_runs.traces(runs, kept_in=file, processes=1)
    kept = next(run for run in runs if list(run.key) == json.loads(lines[0])[0])
    (cut,) = (run for run in runs if run != kept)
    assert again[kept] == Trace([7], 1, 0.0), "taken from the file"
    assert again[cut].evaluated == first[cut].evaluated, "run again after a cut line"


@pytest.fixture
def square() -> Problem:
    """Sixteen-gene chromosomes of which three make a front."""
    values, macs = np.zeros(1 << 16), np.full(1 << 16, 100)
    values[[1, 2, 3]], macs[[1, 2, 3]] = (0.2, 0.6, 0.8), (10, 20, 50)
    return Problem("square", POSED.space, values, macs, None)


def test_the_whole_front_covers_everything(square: Problem) -> None:
    whole = covered(square, Trace([0, 3, 1, 2], 4, 0.0), 40)
    assert whole == {20: pytest.approx(1.0), 40: pytest.approx(1.0)}
    part = covered(square, Trace([2], 1, 0.0), 20)
    assert part == {20: pytest.approx(1.0)}, "the ends of a front span its box and cover none of it"
    assert covered(square, Trace([0], 1, 0.0), 20) == {20: 0.0}


def test_dominated_and_equal_points_are_not_on_the_front() -> None:
    costs = np.array([[0.1, 5.0], [0.1, 5.0], [0.2, 4.0], [0.2, 6.0], [0.05, 9.0], [0.1, 7.0]])
    assert nondominated(costs).tolist() == [[0.05, 9.0], [0.1, 5.0], [0.2, 4.0]]
