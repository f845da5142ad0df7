"""How good VQA answers are: the soft scores that heads are trained on, and the accuracy of the official evaluation."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from statistics import fmean

from models.data.normalise import normalise_prediction, strip_punctuation

_SOFT_SCORES = (0.0, 0.3, 0.6, 0.9, 1.0)
_AGREEING = 3  # annotators who must have said it for a full score


def soft_score(count: int) -> float:
    """The score of an answer that `count` of the ten annotators gave (ViLT, METER)."""
    return _SOFT_SCORES[min(count, 4)]


def soft_scores(answers: Iterable[str]) -> dict[str, float]:
    """The score of each answer, as it was written, in order of first appearance."""
    return {answer: soft_score(count) for answer, count in Counter(answers).items()}


def official_accuracy(prediction: str, answers: Sequence[str]) -> float:
    """The accuracy of one prediction, 0 to 1: mean over leaving one annotator out of min(1, matches / 3).

    Ground truth loses only its punctuation, and not even that where all annotators agree, as in the evaluation that
    ALBEF's descendants use; other public versions also drop its articles.

    Raises:
        ValueError: nobody answered.
    """
    if not answers:
        raise ValueError("accuracy needs at least one annotator's answer, got none")
    given = normalise_prediction(prediction)
    truths = answers if len(set(answers)) == 1 else [strip_punctuation(answer) for answer in answers]
    matches = sum(truth == given for truth in truths)
    left_out = (min(Fraction(1), Fraction(matches - (truth == given), _AGREEING)) for truth in truths)
    return float(sum(left_out) / len(truths))


def mean_by_group(scores: Sequence[float], groups: Sequence[str]) -> Mapping[str, float]:
    """The mean score of each group, such as an answer type, in order of first appearance.

    Raises:
        ValueError: there are more of one than of the other.
    """
    by_group = defaultdict(list)
    for score, group in zip(scores, groups, strict=True):
        by_group[group].append(score)
    return {group: fmean(members) for group, members in by_group.items()}
