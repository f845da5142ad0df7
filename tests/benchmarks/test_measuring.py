"""An interrupted benchmark goes on where it was."""

import json
from pathlib import Path

import pytest

from benchmarks import measuring
from benchmarks.measuring import Question, ask, with_steps
from search.spec import SearchSpec, parse_spec


@pytest.fixture
def quick() -> SearchSpec:
    return parse_spec({"data": "shapes-small", "proxy": {"steps": 0, "fitness_examples": 32}})


def test_what_is_known_is_not_measured_again(
    quick: SearchSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "CACHE", tmp_path)
    questions = [Question(quick, tuple(int(place != left) for place in range(24))) for left in (3, 4)]
    first = ask(questions, title="", kept_in="test", processes=1)
    lines = (tmp_path / "test.jsonl").read_text().splitlines()
    assert len(lines) == 2
    marked = [json.dumps([json.loads(lines[0])[0], {"accuracy": -1.0}]), lines[1][:10]]
    (tmp_path / "test.jsonl").write_text("\n".join(marked) + "\n")
    again = ask(questions, title="", kept_in="test", processes=1)
    place = next(place for place, question in enumerate(questions) if question.key == json.loads(lines[0])[0])
    assert again[place] == {"accuracy": -1.0}, "taken from the file"
    assert again[1 - place]["accuracy"] == first[1 - place]["accuracy"], "measured again after a cut line"


def test_a_question_of_other_settings_is_another_one(quick: SearchSpec) -> None:
    genome = (1,) * 24
    keys = {Question(spec, genome).key for spec in (quick, with_steps(quick, 1), with_steps(quick, 0, seed=1))}
    assert len(keys) == 3
    assert Question(with_steps(quick, 0), genome).key == Question(quick, genome).key
