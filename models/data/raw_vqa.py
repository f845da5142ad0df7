"""VQAv2 as its authors publish it: questions and annotations in JSON, images in folders."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.data.errors import BadExampleError, Reason
from models.data.image_folder import ImageFolders
from models.data.json_items import items, value
from models.data.record import Answer, Line, Record
from models.data.skips import Skips
from models.data.vocabulary import Vocabulary
from models.data.vqa_accuracy import soft_scores

_FOLDERS = {"train": "train2014", "val": "val2014", "test": "test2015", "test-dev": "test2015"}
_QUESTIONS = {**_FOLDERS, "test-dev": "test-dev2015"}
ANNOTATED = ("train", "val")


def files(folder: Path, part: str) -> list[Path]:
    """What a part consists of: its questions, their annotations, the folder of its images."""
    questions = folder / f"v2_OpenEnded_mscoco_{_QUESTIONS[part]}_questions.json"
    annotations = [_annotations(folder, part)] if part in ANNOTATED else []
    return [questions, *annotations, folder / _FOLDERS[part]]


def vocabulary(folder: Path) -> Vocabulary:
    """The answers of the published rule, in the order that released heads have: train first, then val.

    Raises:
        FileFormatError: the annotations of one of the two cannot be read.
    """
    return Vocabulary.build(
        item["multiple_choice_answer"]
        for part in ANNOTATED
        for item in items(_annotations(folder, part), "annotations")
        if isinstance(item.get("multiple_choice_answer"), str)  # one without is met when its question is read
    )


@dataclass(slots=True)
class _Asked:
    """One question while its answers are looked for."""

    image_id: int
    text: str
    annotated: bool = False
    answers: tuple[Answer, ...] | None = None  # None: not, or not yet, usable


def read(folder: Path, part: str, skips: Skips) -> Iterator[Record]:
    """The images of a part in the order of the questions, each with its questions.

    Answers are looked up as annotators wrote them; a question without an answer in the vocabulary is left out, as in
    the published code, and counted.

    Raises:
        DataError: a file cannot be read; with `on_error="raise"`, an entry cannot be used or an image is missing.
    """
    asked = _questions(files(folder, part)[0], skips)
    if part in ANNOTATED:
        _annotate(asked, _annotations(folder, part), vocabulary(folder).labels, skips)
    images = ImageFolders([folder / _FOLDERS[part]])
    for image_id, lines in _by_image(asked, annotated=part in ANNOTATED, skips=skips).items():
        try:
            image = images.image(f"COCO_{_FOLDERS[part]}_{image_id:012d}.jpg")
        except BadExampleError as error:
            skips.meet(error)
        else:
            yield Record(str(image_id), part, (image,), tuple(lines))


def _annotations(folder: Path, part: str) -> Path:
    return folder / f"v2_mscoco_{_FOLDERS[part]}_annotations.json"


def _questions(file: Path, skips: Skips) -> dict[int, _Asked]:
    asked: dict[int, _Asked] = {}
    for place, item in enumerate(items(file, "questions")):
        where = f"{file} questions[{place}]"
        try:
            question = value(item, "question_id", int, where=where)
            if question in asked:
                message = f"{where}: question {question} came before; remove one of them, or skip bad examples"
                raise BadExampleError(Reason.DUPLICATE, message)
            image_id = value(item, "image_id", int, where=where)
            asked[question] = _Asked(image_id, value(item, "question", str, where=where))
        except BadExampleError as error:
            skips.meet(error)
    return asked


def _annotate(asked: Mapping[int, _Asked], file: Path, labels: Mapping[str, int], skips: Skips) -> None:
    for place, item in enumerate(items(file, "annotations")):
        where = f"{file} annotations[{place}]"
        try:
            question = value(item, "question_id", int, where=where)
            if question not in asked:
                message = f"{where}: no question {question} in this part; are both files of one version?"
                raise BadExampleError(Reason.NO_QUESTION, message)
            if asked[question].annotated:
                message = f"{where}: question {question} was annotated before; remove one, or skip bad examples"
                raise BadExampleError(Reason.DUPLICATE, message)
            asked[question].annotated = True
            asked[question].answers = _answers(item, labels, where)
        except BadExampleError as error:
            skips.meet(error)


def _answers(item: Mapping[str, Any], labels: Mapping[str, int], where: str) -> tuple[Answer, ...]:
    """The answers that have a label, with their scores, in order of first appearance."""
    value(item, "multiple_choice_answer", str, where=where)
    given = [value(answer, "answer", str, where=where) for answer in value(item, "answers", list, where=where)]
    if not given:
        message = f"{where}: question {item['question_id']} has no answer; remove it, or skip bad examples"
        raise BadExampleError(Reason.NO_ANSWER, message)
    return tuple(Answer(text, labels[text], score) for text, score in soft_scores(given).items() if text in labels)


def _by_image(asked: Mapping[int, _Asked], *, annotated: bool, skips: Skips) -> dict[int, list[Line]]:
    lines: dict[int, list[Line]] = {}
    for question, found in asked.items():
        if not annotated:
            lines.setdefault(found.image_id, []).append(Line(found.text, question))
        elif found.answers:
            lines.setdefault(found.image_id, []).append(Line(found.text, question, found.answers))
        elif not found.annotated:
            message = f"question {question} has no annotation; download the annotations again, or skip bad examples"
            skips.meet(BadExampleError(Reason.NO_ANNOTATION, message))
        elif found.answers is not None:  # else its annotation is counted already
            skips.count(Reason.NO_LABEL, f"question {question}")
    return lines
