"""VQA text against its published code: normalised strings, soft scores, the official accuracy."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from models.data.normalise import normalise, normalise_prediction, strip_punctuation
from models.data.vqa_accuracy import mean_by_group, official_accuracy, soft_score, soft_scores
from tests.parity.compare import Comparison
from tests.parity.tensors import read_json

ACCURACY = 1e-6  # percentage points
STRINGS: Mapping[str, Callable[[str], str]] = {
    "glossary": normalise,
    "official_punctuation": strip_punctuation,
    "official_prediction": normalise_prediction,
}


def compare(folder: Path) -> Iterator[Comparison]:
    """Every file of the folder, known by what it holds; strings and soft scores are exact.

    Raises:
        ValueError: there is no file, or one holds something else.
    """
    files = sorted(folder.glob("*"))
    if not files:
        raise ValueError(f"{folder} is empty; expected JSON files of strings, soft scores and accuracies")
    for file in files:
        yield from _compare_file(file.stem, read_json(file))


def _compare_file(name: str, data: Any) -> Iterator[Comparison]:  # noqa: ANN401
    if isinstance(data, list) and data and all("text" in entry for entry in data):
        return _compare_strings(name, data)
    if isinstance(data, dict) and data.get("cases"):
        return _compare_accuracies(name, data)
    if isinstance(data, dict) and data and all(count.isdecimal() for count in data):
        found = [str(count) for count, score in data.items() if soft_score(int(count)) != score]
        return iter([_differing(name, found, len(data))])
    raise ValueError(f"{name} holds neither strings with their normal forms, nor accuracy cases, nor soft scores")


def _compare_strings(name: str, entries: Sequence[Mapping[str, str]]) -> Iterator[Comparison]:
    columns = {key for entry in entries for key in entry} - {"text"}
    if not columns or not columns <= set(STRINGS):
        raise ValueError(f"{name}: expected normal forms among {sorted(STRINGS)}, got {sorted(columns)}")
    for column in sorted(columns):
        ours = STRINGS[column]
        found = [ascii(entry["text"]) for entry in entries if ours(entry["text"]) != entry[column]]
        yield _differing(f"{name}.{column}", found, len(entries))


def _compare_accuracies(name: str, data: Mapping[str, Any]) -> Iterator[Comparison]:
    cases: Sequence[Mapping[str, Any]] = data["cases"]
    ours = [100 * official_accuracy(case["prediction"], case["answers"]) for case in cases]
    yield _worst(f"{name}.accuracy", ours, [case["accuracy_percent"] for case in cases])
    wrong = [str(case["question_id"]) for case in cases if soft_scores(case["answers"]) != case["soft_scores"]]
    yield _differing(f"{name}.soft_scores", wrong, len(cases))
    for key in ("overall_percent", "overall_percent_rounded2"):
        mean = sum(ours) / len(ours)
        yield _worst(f"{name}.{key}", [round(mean, 2) if "rounded" in key else mean], [data[key]])
    for kind in ("answer_type", "question_type"):
        means, expected = mean_by_group(ours, [case[kind] for case in cases]), data[f"per_{kind}"]
        if set(means) != set(expected):
            raise ValueError(f"{name}: per_{kind} lists {sorted(expected)}; the cases have {sorted(means)}")
        yield _worst(f"{name}.per_{kind}", list(means.values()), [expected[group] for group in means])


def _worst(name: str, ours: Sequence[float], expected: Sequence[float]) -> Comparison:
    return Comparison(name, max(abs(one - other) for one, other in zip(ours, expected, strict=True)), ACCURACY)


def _differing(name: str, differing: Sequence[str], total: int) -> Comparison:
    """How many of `total` values differ, the first of them by name."""
    shown = f" (first {differing[0]})" if differing else ""
    return Comparison(f"{name}, differing of {total}{shown}", float(len(differing)), 0.0)
