"""The accuracy of NLVR2, dev and test-P apart: no figure mixes the two."""

from collections.abc import Mapping
from dataclasses import dataclass

_PREFIXES = {"dev": "dev", "test1": "test-P"}  # of identifiers; the public test set is called test1 in the data


@dataclass(frozen=True, slots=True)
class Nlvr2Accuracy:
    """Share of statements judged right, 0 to 1, with how many there were; None where a split was not judged."""

    dev: float | None
    test_p: float | None
    dev_examples: int
    test_p_examples: int


def nlvr2_accuracy(predictions: Mapping[str, bool], labels: Mapping[str, bool]) -> Nlvr2Accuracy:
    """The accuracies of `predictions`; both map an identifier, such as `test1-5-0-1`, to true or false.

    Raises:
        ValueError: the two name different examples, or one belongs to neither split.
    """
    if missing := sorted(set(labels) - set(predictions)):
        raise ValueError(f"{len(missing)} labelled examples have no prediction, first {missing[0]}; judge them all")
    if foreign := sorted(set(predictions) - set(labels)):
        raise ValueError(f"{len(foreign)} predictions have no label, first {foreign[0]}; are they for this split?")
    right: dict[str, list[bool]] = {"dev": [], "test-P": []}
    for identifier, predicted in predictions.items():
        right[_split(identifier)].append(predicted == labels[identifier])
    dev, test_p = right["dev"], right["test-P"]
    return Nlvr2Accuracy(_mean(dev), _mean(test_p), len(dev), len(test_p))


def _split(identifier: str) -> str:
    prefix = identifier.partition("-")[0]
    if prefix not in _PREFIXES:
        raise ValueError(f"NLVR2 is reported on dev and test1 (test-P); example {identifier!r} belongs to neither")
    return _PREFIXES[prefix]


def _mean(right: list[bool]) -> float | None:
    return sum(right) / len(right) if right else None
