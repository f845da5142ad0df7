"""Soft scores and the official accuracy; the original code's own numbers are compared in tests/parity."""

from itertools import repeat

import pytest

from models.data.vqa_accuracy import mean_by_group, official_accuracy, soft_scores


def test_soft_scores_count_answers_as_written() -> None:
    answers = [*repeat("red", 4), *repeat("Red", 3), *repeat("blue", 2), "a red"]
    assert soft_scores(answers) == {"red": 1.0, "Red": 0.9, "blue": 0.6, "a red": 0.3}


@pytest.mark.parametrize(("agreeing", "expected"), [(0, 0.0), (1, 0.3), (2, 0.6), (3, 0.9), (4, 1.0), (9, 1.0)])
def test_leaving_one_annotator_out(agreeing: int, expected: float) -> None:
    answers = [*repeat("red", agreeing), *repeat("blue", 10 - agreeing)]
    assert official_accuracy(" RED.\n", answers) == pytest.approx(expected)


def test_ground_truth_loses_its_punctuation_where_annotators_differ() -> None:
    assert official_accuracy("1,000", [*repeat("1,000", 9), "red"]) == 1.0
    assert official_accuracy("1,000", list(repeat("1,000", 10))) == 0.0
    assert official_accuracy("the dog", [*repeat("the dog", 9), "red"]) == 0.0  # its article stays


def test_nobody_answered() -> None:
    with pytest.raises(ValueError, match="at least one annotator's answer"):
        official_accuracy("red", [])


def test_mean_by_group() -> None:
    assert mean_by_group([1.0, 0.0, 0.5], ["other", "number", "other"]) == {"other": 0.75, "number": 0.0}
    with pytest.raises(ValueError, match="shorter"):
        mean_by_group([1.0, 0.0], ["other"])
