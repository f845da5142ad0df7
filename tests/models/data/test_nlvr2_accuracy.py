"""NLVR2's two splits are never mixed."""

import pytest

from models.data.nlvr2_accuracy import Nlvr2Accuracy, nlvr2_accuracy


def test_dev_and_test_p_apart() -> None:
    labels = {"dev-0-0-0": True, "dev-0-0-1": False, "test1-3-1-0": True, "test1-3-1-1": True}
    predictions = {"dev-0-0-0": True, "dev-0-0-1": True, "test1-3-1-0": True, "test1-3-1-1": True}
    assert nlvr2_accuracy(predictions, labels) == Nlvr2Accuracy(0.5, 1.0, 2, 2)


def test_a_split_that_was_not_judged_has_no_accuracy() -> None:
    assert nlvr2_accuracy({"dev-0-0-0": False}, {"dev-0-0-0": True}) == Nlvr2Accuracy(0.0, None, 1, 0)


def test_missing_and_foreign_examples_are_refused() -> None:
    with pytest.raises(ValueError, match="dev-0-0-1"):
        nlvr2_accuracy({"dev-0-0-0": True}, {"dev-0-0-0": True, "dev-0-0-1": True})
    with pytest.raises(ValueError, match="'train-0-0-0' belongs to neither"):
        nlvr2_accuracy({"train-0-0-0": True}, {"train-0-0-0": True})
    with pytest.raises(ValueError, match="1 predictions have no label, first dev-0-0-0"):
        nlvr2_accuracy({"dev-0-0-0": True}, {})
