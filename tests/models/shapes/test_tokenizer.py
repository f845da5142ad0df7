"""The tokenizer of the closed vocabulary, as it ships."""

from pathlib import Path

import pytest

from models.batch import Split
from models.shapes.dataset import ShapesData
from models.shapes.tokenizer import MAX_TOKENS, PAD, SPECIAL, UNKNOWN, build_tokenizer, load_tokenizer, words
from models.workload import TaskName


def test_special_tokens_come_first_and_padding_is_0() -> None:
    assert words()[: len(SPECIAL)] == SPECIAL
    assert words().index(PAD) == 0
    assert len(set(words())) == len(words())


def test_the_shipped_tokenizer_is_the_one_this_code_builds() -> None:
    assert load_tokenizer().to_str() == build_tokenizer().to_str()


def test_a_text_comes_back_from_its_ids() -> None:
    encoding = load_tokenizer().encode("What colour is the small star?")
    assert encoding.tokens[:8] == ["[CLS]", "what", "color", "is", "the", "small", "star", "[SEP]"]
    assert len(encoding.ids) == MAX_TOKENS
    assert sum(encoding.attention_mask) == 8
    assert load_tokenizer().decode(encoding.ids) == "what color is the small star"


@pytest.mark.parametrize("task", TaskName)
def test_no_generated_text_has_an_unknown_word_or_is_too_long(task: TaskName) -> None:
    tokenizer = load_tokenizer()
    texts = [text for example in ShapesData(task).drawn(Split.TRAIN, 800) for text in example.texts]
    encodings = tokenizer.encode_batch(texts)
    assert not any(UNKNOWN in encoding.tokens for encoding in encodings)
    assert max(len(encoding.ids) for encoding in encodings) == MAX_TOKENS


def test_every_word_of_the_vocabulary_is_used() -> None:
    used = {
        word
        for task in TaskName
        for example in ShapesData(task).drawn(Split.TRAIN, 800)
        for text in example.texts
        for word in text.split()
    }
    assert set(words()) - set(SPECIAL) == used


def test_no_tokenizer_is_said_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no tokenizer in .*missing\.json"):
        load_tokenizer(tmp_path / "missing.json")
