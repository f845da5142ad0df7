"""A scored table survives its file, and refuses counts that are not its own."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.table_file import ScoredTable

CORRECT = np.array([[1, 2, 3, 4], [2, 3, 4, 8]], dtype=np.uint16)


def test_a_table_reads_as_it_was_written(tmp_path: Path) -> None:
    table = ScoredTable(2, 16, CORRECT, {"seed": 3})
    table.save(tmp_path / "deep" / "table.npz")
    again = ScoredTable.load(tmp_path / "deep" / "table.npz")
    assert (again.genes, again.examples, again.made) == (2, 16, {"seed": 3})
    assert again.correct.tolist() == CORRECT.tolist()
    assert again.correct.dtype == np.uint16


def test_accuracy_is_over_all_parts() -> None:
    assert ScoredTable(2, 16, CORRECT, {}).accuracy.tolist() == [3 / 16, 5 / 16, 7 / 16, 12 / 16]


def test_equal_halves_correlate_fully() -> None:
    same = np.stack([CORRECT[0], CORRECT[0] + 1])
    assert ScoredTable(2, 16, same, {}).halves_correlation == pytest.approx(1.0)
    assert ScoredTable(2, 16, CORRECT, {}).halves_correlation < 0.99


def test_counts_of_another_space_are_refused() -> None:
    with pytest.raises(ValueError, match="3 genes make 8 chromosomes; counts are"):
        ScoredTable(3, 16, CORRECT, {})
