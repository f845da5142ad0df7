"""Questions, statements and captions say what the scenes show, and their words alone do not say what is true."""

from collections import Counter
from random import Random

import pytest

from models.shapes.caption import describe
from models.shapes.question import ANSWERS, FAMILIES, Kind, ask, questions
from models.shapes.scene import sample_scene
from models.shapes.statement import state
from tests.models.shapes.reader import answer, true_of, truth

SCENES = [sample_scene(Random(seed)) for seed in range(60)]


@pytest.mark.parametrize("kind", Kind)
def test_every_answer_is_what_a_reader_of_the_scene_says(kind: Kind) -> None:
    asked = [(scene, question) for scene in SCENES for question in questions(scene, kind)]
    assert asked
    for scene, question in asked:
        assert answer(scene, question.text) == question.answer, (question.text, scene)
        assert question.answer in FAMILIES[kind].answers


def test_every_kind_and_every_answer_is_asked() -> None:
    asked = [ask(Random(seed))[1] for seed in range(3000)]
    assert {question.kind for question in asked} == set(Kind)
    assert {question.answer for question in asked} == set(ANSWERS)
    assert max(Counter(question.answer for question in asked).values()) < 0.15 * len(asked)


def test_subjects_are_the_things_a_question_is_about() -> None:
    for seed in range(300):
        scene, question = ask(Random(seed))
        assert set(question.subjects) <= set(range(len(scene.things)))
        if question.kind in (Kind.COLOR, Kind.EXTREME_COLOR, Kind.NEIGHBOR_COLOR):
            assert scene.things[question.subjects[0]].color == question.answer


def test_every_statement_is_as_true_as_a_reader_finds_it() -> None:
    for seed in range(600):
        (left, right), statement = state(Random(seed))
        assert truth(left, right, statement.text) is statement.true, statement.text


def test_half_of_the_statements_of_every_form_are_true() -> None:
    drawn = [state(Random(seed))[1] for seed in range(3000)]
    for opening in ("both", "only", "there are more", "the left image shows exactly"):
        truths = [statement.true for statement in drawn if statement.text.startswith(opening)]
        assert len(truths) > 100
        assert 0.42 < sum(truths) / len(truths) < 0.58


def test_one_caption_is_true_and_the_others_false() -> None:
    for seed in range(300):
        scene, caption, false = describe(Random(seed), false=7)
        assert true_of(scene, caption.text)
        assert len({other.text for other in [caption, *false]}) == 8
        assert not any(true_of(scene, other.text) for other in false)


def test_most_captions_have_another_with_the_very_same_words_beside_them() -> None:
    """A bag of words cannot tell those apart."""
    twins = 0
    for seed in range(300):
        _, caption, false = describe(Random(seed), false=7)
        bags = [tuple(sorted(other.text.split())) for other in (caption, *false)]
        twins += len(set(bags)) < len(bags)
    assert twins > 0.8 * 300


def test_the_true_caption_is_a_twin_of_a_false_one_about_as_often_as_any_other() -> None:
    shared = 0
    for seed in range(300):
        _, caption, false = describe(Random(seed), false=7)
        shared += any(sorted(other.text.split()) == sorted(caption.text.split()) for other in false)
    assert shared > 0.25 * 300
