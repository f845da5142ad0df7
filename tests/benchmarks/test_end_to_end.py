"""Which tree runs, which keys it knows, and how runs become a table; the service itself is tested elsewhere."""

import json
import shutil
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from benchmarks.end_to_end_service import _ended
from benchmarks.end_to_end_table import equal_quality, table, times_as_fast
from benchmarks.end_to_end_tree import HERE, Tree, checked_out, revision
from benchmarks.end_to_end_variants import BEFORE, EQUAL, SAME, variants


def run(seconds: float, accuracy: float) -> dict[str, Any]:
    return {
        "seconds": seconds,
        "accuracy": accuracy,
        "macs_ratio": 0.75,
        "no_skip_accuracy": 0.8,
        "evaluations": 84,
        "told": {"proxy": 84, "final": 4},
    }


RUNS = {
    BEFORE: [run(100.0, 0.780), run(200.0, 0.790)],
    SAME: [run(50.0, 0.780), run(50.0, 0.790)],
    EQUAL: [run(25.0, 0.776), run(25.0, 0.787)],
    "too little": [run(5.0, 0.700), run(5.0, 0.710)],
}


def test_times_are_compared_seed_by_seed() -> None:
    assert times_as_fast(RUNS[SAME], RUNS[BEFORE]) == 3.0


def test_the_fastest_of_equal_quality_is_not_the_fastest() -> None:
    assert equal_quality(RUNS) == EQUAL
    assert equal_quality({BEFORE: RUNS[BEFORE], "too little": RUNS["too little"]}) is None


def test_the_table_comes_from_recorded_json() -> None:
    variants_ = {name: {"spec": {}, "left_out": [], "runs": runs} for name, runs in RUNS.items()}
    figures = json.loads(json.dumps({"before": "abc", "after": "def", "variants": variants_}))
    console = Console(width=200, record=True, file=StringIO())
    console.print(table(figures))
    text = console.export_text()
    assert "before abc, after def" in text
    assert f"fastest at equal quality (-0.5 points at most): {EQUAL}" in text
    assert "4 final" in text


def test_this_tree_imports_itself_and_knows_its_specs() -> None:
    tree = Tree(HERE)
    assert tree.imported() == HERE / "service" / "__init__.py"
    for each in variants(quick=False, seed=3):
        spec, left_out = tree.known(each.spec)
        assert spec["seed"] == 3
        assert left_out == ()
    spec, left_out = tree.known({"nonsense": 1, "budget": {"candidates": 50, "more": 2}})
    assert spec == {"budget": {"candidates": 50}}
    assert sorted(left_out) == ["budget.more", "nonsense"]


def test_another_tree_that_imports_this_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="imports service from"):
        Tree(tmp_path).imported()


def test_a_copied_tree_wins_over_the_installed_one(tmp_path: Path) -> None:
    (tmp_path / "service").mkdir()
    shutil.copy(HERE / "service" / "__init__.py", tmp_path / "service" / "__init__.py")
    assert Tree(tmp_path).imported() == tmp_path / "service" / "__init__.py"


def test_a_revision_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="no revision 'not-one'"):
        revision("not-one")
    with pytest.raises(ValueError, match="no revision"), checked_out("not-one"):
        pass


def test_all_variants_search_the_same_and_only_the_first_before() -> None:
    first, *others = variants(quick=False, seed=1)
    assert first.before
    assert "fidelity" not in first.spec
    assert not any(each.before for each in others)
    for each in others:
        assert {**each.spec, "budget": 0, "fidelity": 0} == {**first.spec, "budget": 0, "fidelity": 0}
        assert each.spec["fidelity"]["audit"] == 0


def test_a_search_is_summed_up_by_its_chosen_model() -> None:
    def candidate(index: int, fidelity: str, genome: list[int], accuracy: float, macs: float) -> dict[str, Any]:
        measurement = {"accuracy": accuracy, "macs": macs}
        return {
            "index": index,
            "fidelity": fidelity,
            "genome": genome,
            "seconds": 2.0,
            "measurement": measurement,
        }

    candidates = [
        candidate(0, "proxy", [1, 0], 0.6, 5.0),
        candidate(1, "proxy", [0, 1], 0.7, 5.0),
        candidate(2, "test", [1, 1], 0.82, 10.0),
        candidate(3, "test", [0, 1], 0.81, 5.0),
    ]
    found = _ended(12.0, {"chosen": 1}, candidates)
    assert (found.seconds, found.accuracy, found.macs, found.macs_ratio) == (12.0, 0.81, 5.0, 0.5)
    assert (found.evaluations, found.no_skip_accuracy) == (2, 0.82)
    assert found.told == {"proxy": 2, "test": 2}
    assert found.scoring_seconds == {"proxy": 4.0, "test": 4.0}
