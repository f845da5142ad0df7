"""Predictions for VQAv2 in the official results format, and how right they are by the official rules."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import Any, TypeVar

from models.data.errors import FileFormatError
from models.data.json_items import items
from models.data.vqa_accuracy import mean_by_group, official_accuracy

Value = TypeVar("Value", int, str, list[Any])


@dataclass(frozen=True, slots=True)
class VqaReport:
    """Mean accuracies, 0 to 1, of all questions and of each type, in order of first appearance."""

    questions: int
    overall: float
    by_answer_type: Mapping[str, float]
    by_question_type: Mapping[str, float]

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def judge_vqa(annotations: Path, results: Path) -> VqaReport:
    """The accuracies of a results file, `[{"question_id": 1, "answer": "red"}, ...]`.

    As in the official evaluation, the results are for the annotated questions and no others.

    Args:
        annotations: VQAv2's, such as `v2_mscoco_val2014_annotations.json`.
        results: what was predicted.

    Raises:
        FileFormatError: a file cannot be read or has another format, answers a question twice, or the two are not for
            the same questions.
    """
    predicted = _predictions(results)
    scores, answer_types, question_types = list[float](), list[str](), list[str]()
    judged, missing = set[int](), list[int]()
    for where, item in _numbered(annotations, "annotations"):
        question = _once(item, judged, where)
        if question in predicted:
            scores.append(official_accuracy(predicted[question], _answers(item, where)))
            answer_types.append(_field(item, "answer_type", str, where))
            question_types.append(_field(item, "question_type", str, where))
        else:
            missing.append(question)
    _same_questions(results, missing, [question for question in predicted if question not in judged])
    by_answer, by_question = (mean_by_group(scores, types) for types in (answer_types, question_types))
    return VqaReport(len(scores), fmean(scores), by_answer, by_question)


def _predictions(results: Path) -> dict[int, str]:
    seen: set[int] = set()
    return {_once(item, seen, where): _field(item, "answer", str, where) for where, item in _numbered(results)}


def _numbered(file: Path, name: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects of a list, each with its place for messages."""
    return ((f"{file} {name}[{place}]", item) for place, item in enumerate(items(file, name)))


def _once(item: Mapping[str, Any], seen: set[int], where: str) -> int:
    """The id of an item's question, which from now on has been seen."""
    question = _field(item, "question_id", int, where)
    if question in seen:
        raise FileFormatError(f"{where}: question {question} came before; remove one of them")
    seen.add(question)
    return question


def _answers(item: Mapping[str, Any], where: str) -> list[str]:
    """What the annotators said."""
    answers = _field(item, "answers", list, where)
    if not answers:
        raise FileFormatError(f"{where}: question {item['question_id']} has no answer; download the annotations again")
    return [_field(answer, "answer", str, where) for answer in answers]


def _field(item: object, name: str, kind: type[Value], where: str) -> Value:
    found = item.get(name) if isinstance(item, dict) else None
    if not isinstance(found, kind) or isinstance(found, bool):
        raise FileFormatError(f"{where}: expected '{name}' ({kind.__name__}), got {item!r:.80}; is it the right file?")
    return found


def _same_questions(results: Path, missing: list[int], foreign: list[int]) -> None:
    """Pass results for the annotated questions and no others."""
    if missing:
        raise FileFormatError(
            f"{results} lacks {len(missing)} annotated questions, first {missing[0]}; answer them all"
        )
    if foreign:
        raise FileFormatError(
            f"{results} answers {len(foreign)} questions without annotation, first {foreign[0]}; is it for this split?"
        )
