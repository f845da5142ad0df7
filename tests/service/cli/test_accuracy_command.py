"""`twinsieve data vqa-accuracy` and `nlvr2-accuracy`: predictions of any model, and files that do not fit."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.service.commands import Cli, assert_mistake

ANSWERS = {
    1: ("yes/no", "is the", ["yes"] * 10),
    2: ("number", "how many", ["2"] * 2 + ["3"] * 8),
    3: ("other", "what is", ["red"] * 5 + ["dark red"] * 5),
    4: ("other", "what is", ["blue"] * 10),
}
PREDICTED = {1: "Yes.", 2: "two", 3: "red", 4: "green"}


def annotations(folder: Path) -> Path:
    file = folder / "annotations.json"
    entries = [
        {
            "question_id": question,
            "answer_type": answer_type,
            "question_type": question_type,
            "answers": [{"answer": answer, "answer_id": place} for place, answer in enumerate(answers)],
        }
        for question, (answer_type, question_type, answers) in ANSWERS.items()
    ]
    file.write_text(json.dumps({"info": {}, "annotations": entries}))
    return file


def results(folder: Path, predicted: object) -> Path:
    file = folder / "results.json"
    file.write_text(json.dumps(predicted))
    return file


def official(predicted: Mapping[int, object]) -> list[dict[str, object]]:
    return [{"question_id": question, "answer": answer} for question, answer in predicted.items()]


def test_vqa_accuracy_overall_and_by_type(cli: Cli, tmp_path: Path) -> None:
    """Two of ten agree: 0.6 by leaving one out; all else is all or nothing here."""
    files = annotations(tmp_path), results(tmp_path, official(PREDICTED))
    done = cli("data", "vqa-accuracy", *files)
    assert done.code == 0
    lines = [" ".join(line.split()) for line in done.out.splitlines()]
    for line in (
        "overall 65.00",
        "answer: yes/no 100.00",
        "answer: number 60.00",
        "answer: other 50.00",
        "question: how many 60.00",
        "4 questions",
    ):
        assert line in lines
    plain = json.loads(cli("data", "vqa-accuracy", *files, "--json").out)
    assert plain["overall"] == pytest.approx(0.65)
    assert plain["by_question_type"] == pytest.approx({"is the": 1.0, "how many": 0.6, "what is": 0.5})


@pytest.mark.parametrize(
    ("predicted", "expected"),
    [
        (official({1: "yes", 2: "2"}), ["lacks 2 annotated questions, first 3"]),
        (official(PREDICTED | {9: "red"}), ["answers 1 questions without annotation, first 9"]),
        ([*official(PREDICTED), *official({2: "2"})], ["results.json [4]", "question 2 came before"]),
        (official(PREDICTED | {2: 2}), ["results.json [1]", "expected 'answer' (str)"]),
        ([{"question_id": "1", "answer": "yes"}], ["results.json [0]", "expected 'question_id' (int)"]),
        ({"1": "yes"}, ["results.json", "no list at its top"]),
        ([], ["results.json", "no list at its top"]),
        (["yes"], ["results.json [0]", "expected an object"]),
    ],
)
def test_vqa_results_that_do_not_fit(cli: Cli, tmp_path: Path, predicted: object, expected: Sequence[str]) -> None:
    assert_mistake(cli("data", "vqa-accuracy", annotations(tmp_path), results(tmp_path, predicted)), *expected)


def test_vqa_files_that_are_none(cli: Cli, tmp_path: Path) -> None:
    given = results(tmp_path, official(PREDICTED))
    assert_mistake(cli("data", "vqa-accuracy", tmp_path / "absent.json", given), "absent.json cannot be read")
    assert_mistake(cli("data", "vqa-accuracy", given, given), "no list 'annotations'")
    given.write_text("[{")
    assert_mistake(cli("data", "vqa-accuracy", annotations(tmp_path), given), "results.json is torn or no JSON")


def nlvr2(folder: Path, prefix: str, rows: str) -> tuple[Path, Path]:
    split, predicted = folder / "split.json", folder / "results.csv"
    labels = {f"{prefix}-0-0-0": "True", f"{prefix}-0-1-0": "False", f"{prefix}-1-0-0": "True"}
    split.write_text("".join(json.dumps({"identifier": name, "label": each}) + "\n" for name, each in labels.items()))
    predicted.write_text(rows)
    return split, predicted


@pytest.mark.parametrize(("prefix", "name"), [("dev", "dev"), ("test1", "test-P")])
def test_nlvr2_accuracy_of_a_split(cli: Cli, tmp_path: Path, prefix: str, name: str) -> None:
    rows = f"{prefix}-1-0-0,false\n\n{prefix}-0-0-0, True\n{prefix}-0-1-0,FALSE\n"
    done = cli("data", "nlvr2-accuracy", *nlvr2(tmp_path, prefix, rows))
    assert done.code == 0
    assert done.out == f"{name}: 66.67 % of 3 statements\n"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("dev-0-0-0,True\n", "2 labelled examples have no prediction, first dev-0-1-0"),
        ("dev-0-0-0,True\ndev-0-1-0,True\ndev-1-0-0,True\ndev-9-0-0,True\n", "1 predictions have no label"),
        ("dev-0-0-0,True\ndev-0-0-0,True\n", "line 2: dev-0-0-0 came before"),
        ("identifier,prediction\n", "line 1: expected 'identifier,True'"),
        ("dev-0-0-0\n", "line 1: expected 'identifier,True'"),
        ("x" * 200_000, "is no CSV file"),
    ],
)
def test_nlvr2_results_that_do_not_fit(cli: Cli, tmp_path: Path, rows: str, expected: str) -> None:
    assert_mistake(cli("data", "nlvr2-accuracy", *nlvr2(tmp_path, "dev", rows)), expected)


def test_nlvr2_files_that_are_none(cli: Cli, tmp_path: Path) -> None:
    split, predicted = nlvr2(tmp_path, "dev", "")
    assert_mistake(cli("data", "nlvr2-accuracy", split, tmp_path / "absent.csv"), "absent.csv cannot be read")
    predicted.write_bytes(b"\xff\xfe")
    assert_mistake(cli("data", "nlvr2-accuracy", split, predicted), "is no CSV file")
    split.write_text('{"identifier": "dev-0-0-0"}\n')
    predicted.write_text("dev-0-0-0,True\n")
    assert_mistake(cli("data", "nlvr2-accuracy", split, predicted), "expected an 'identifier' and a 'label'")
