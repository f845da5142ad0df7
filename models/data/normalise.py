"""VQA answers in the form the official evaluation compares: punctuation, number words, articles, contractions."""

import re
from collections.abc import Iterator

_PUNCTUATION = ';/[]"{}()=+\\_-><@`,?!'
_THOUSANDS = re.compile(r"\d,\d")
_PERIOD = re.compile(r"\.(?!\d)")
_MAX_PERIODS = 32  # the evaluation passes `re.UNICODE`, which is 32, where `sub` takes a count; kept to agree with it
_ARTICLES = frozenset({"a", "an", "the"})
_NUMBERS = {"none": "0"} | {
    word: str(number)
    for number, word in enumerate("zero one two three four five six seven eight nine ten".split())  # noqa: SIM905 - legible
}
_CONTRACTIONS = """
    ain't aren't can't could've couldn't couldn't've didn't doesn't don't hadn't hadn't've hasn't haven't he'd he'd've
    he's how'd how'll how's isn't it'd it'd've it'll ma'am mightn't mightn't've might've mustn't must've needn't not've
    o'clock oughtn't 'ow's'at shan't she'd've should've shouldn't shouldn't've somebody'd've somebody'll somebody's
    someone'd someone'd've someone'll someone's something'd something'd've something'll that's there'd there'd've
    there're there's they'd they'd've they'll they're they've 'twas wasn't we'd've we've weren't what'll what're what's
    what've when's where'd where's where've who'd who'd've who'll who's who've why'll why're why's won't would've
    wouldn't wouldn't've y'all y'all'll y'all'd've you'd you'd've you'll you're you've
"""


def _with_one_apostrophe_less(word: str) -> Iterator[str]:
    return (word[:place] + word[place + 1 :] for place, character in enumerate(word) if character == "'")


_REPAIRED = {
    wrong: contraction for contraction in _CONTRACTIONS.split() for wrong in _with_one_apostrophe_less(contraction)
} | {"somebody'd": "somebodyd"}  # the published table has this one the wrong way round


def strip_punctuation(text: str) -> str:
    """`text` without punctuation: the evaluation's first step, and its only one for ground truth.

    A character is removed where it touches a space anywhere in `text`, or `text` has a comma between digits; else a
    space takes its place. Then the first 32 periods that no digit follows go (VQA evaluation, Antol et al., 2015).
    """
    stripped = text
    thousands = _THOUSANDS.search(text) is not None
    for mark in _PUNCTUATION:
        gone = thousands or f"{mark} " in text or f" {mark}" in text
        stripped = stripped.replace(mark, "" if gone else " ")
    return _PERIOD.sub("", stripped, count=_MAX_PERIODS)


def normalise(text: str) -> str:
    """The form in which answers enter the vocabulary (ViLT, METER): no punctuation, then word by word in lower case."""
    words = (_NUMBERS.get(word, word) for word in strip_punctuation(text).lower().split())
    return " ".join(_REPAIRED.get(word, word) for word in words if word not in _ARTICLES)


def normalise_prediction(text: str) -> str:
    """The form in which the evaluation compares a prediction: as `normalise`, with outer white space gone first."""
    return normalise(text.replace("\n", " ").replace("\t", " ").strip())
