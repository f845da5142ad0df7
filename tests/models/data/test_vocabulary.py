"""The vocabulary is built as ViLT and METER build theirs, and read in the order of released heads."""

import json
from pathlib import Path

import pytest

from models.data.vocabulary import Vocabulary, VocabularyError


def test_frequent_answers_in_order_of_first_appearance() -> None:
    answers = ["rare", "Two.", "yes"] + ["yes"] * 8 + ["2"] * 7 + ["rare"] * 7 + ["two"]
    vocabulary = Vocabulary.build(answers)
    assert vocabulary.answers == ("2", "yes")
    assert vocabulary.labels == {"2": 0, "yes": 1}
    assert len(vocabulary) == 2
    assert Vocabulary.build(answers, min_count=8).answers == ("rare", "2", "yes")


@pytest.mark.parametrize(
    "data",
    [
        ["no", "yes", "2"],
        {"0": "no", "2": "2", "1": "yes"},
        {"yes": 1, "no": 0, "2": 2},
        {"model_type": "vilt", "id2label": {"0": "no", "1": "yes", "2": "2"}},
    ],
)
def test_released_orders_are_read(tmp_path: Path, data: object) -> None:
    file = tmp_path / "answers.json"
    file.write_text(json.dumps(data))
    assert Vocabulary.read(file).answers == ("no", "yes", "2")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "torn or no JSON"),
        ("3", "expected a list of answers or answers by label, got int"),
        ("{}", "expected a list of answers or answers by label, got dict"),
        ('{"a": 0, "b": 2}', "label ids 0 to 1"),
        ('{"zero": "no"}', "a label id is a whole number"),
        ('["no", "no"]', "these repeat: no"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "answers.json"
    file.write_text(text)
    with pytest.raises(VocabularyError, match=message):
        Vocabulary.read(file)
