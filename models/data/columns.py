"""Records as rows of the arrow columns, both ways; images are left to the caller."""

from collections.abc import Mapping, Sequence
from typing import Any

from models.data.errors import BadExampleError, Reason
from models.data.record import Answer, ImageSource, Line, Record
from models.data.schema import KEYS
from models.workload import TaskName

_TRUTH = {"True": True, "False": False}


def row_of(record: Record, task: TaskName) -> dict[str, Any]:
    """The values of a record's columns, without its images."""
    texts = [line.text for line in record.lines]
    if task is TaskName.RETRIEVAL:
        return {"caption": texts, "image_id": record.key, "split": record.part}
    if task is TaskName.NLVR2:
        truths = [str(line.truth) for line in record.lines]
        return {"questions": texts, "answers": truths, "identifier": record.key}
    asked = [line.answers for line in record.lines] if any(line.answers for line in record.lines) else []
    return {
        "questions": texts,
        "answers": [[answer.text for answer in answers] for answers in asked],
        "answer_labels": [[answer.label for answer in answers] for answers in asked],
        "answer_scores": [[answer.score for answer in answers] for answers in asked],
        "image_id": int(record.key),
        "question_id": [line.question_id for line in record.lines],
        "split": record.part,
    }


def record_of(
    row: Mapping[str, Any], task: TaskName, *, images: Sequence[ImageSource], part: str, where: str
) -> Record:
    """The record in a row.

    Args:
        row: the values of its columns, without images.
        task: whose columns they are.
        images: where its images lie.
        part: for data whose rows do not name one.
        where: how to call the row in a message.

    Raises:
        BadExampleError: a value is missing, or lists that belong together differ in length.
    """
    try:
        lines = _LINES[task](row)
        return Record(key=key_of(row[KEYS[task]]), part=row.get("split", part), images=tuple(images), lines=lines)
    except (TypeError, ValueError, KeyError) as error:
        message = f"{where}: its columns do not fit each other ({error}); convert the data again, or skip bad examples"
        raise BadExampleError(Reason.BAD_ENTRY, message) from None


def key_of(value: object) -> str:
    """A row's key as text.

    Raises:
        ValueError: there is none.
    """
    if value is None:
        raise ValueError("no identifier")
    return str(value)


def _questions(row: Mapping[str, Any]) -> tuple[Line, ...]:
    asked = list(zip(_texts(row["questions"]), row["question_id"], strict=True))
    if not row["answers"]:  # published without them
        return tuple(Line(text, question) for text, question in asked)
    columns = (row["answers"], row["answer_labels"], row["answer_scores"])
    answers = [tuple(Answer(*each) for each in zip(*given, strict=True)) for given in zip(*columns, strict=True)]
    return tuple(Line(text, question, given) for (text, question), given in zip(asked, answers, strict=True))


def _statements(row: Mapping[str, Any]) -> tuple[Line, ...]:
    pairs = zip(_texts(row["questions"]), row["answers"], strict=True)
    return tuple(Line(text, truth=_TRUTH[label]) for text, label in pairs)


def _captions(row: Mapping[str, Any]) -> tuple[Line, ...]:
    return tuple(map(Line, _texts(row["caption"])))


def _texts(texts: Sequence[str | None]) -> list[str]:
    found = [text for text in texts if text is not None]
    if len(found) != len(texts):
        raise ValueError("a text is null")
    return found


_LINES = {TaskName.VQA: _questions, TaskName.NLVR2: _statements, TaskName.RETRIEVAL: _captions}
