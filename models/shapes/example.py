"""One example of a task in the embedded world: its scenes, texts and target, drawn from the caller's generator."""

from dataclasses import dataclass
from random import Random

from models.shapes.caption import describe
from models.shapes.question import ANSWERS, ask
from models.shapes.scene import Scene
from models.shapes.statement import state
from models.workload import TaskName

TEXTS_PER_IMAGE = 8  # retrieval: one true caption, the others false


@dataclass(frozen=True, slots=True)
class Example:
    """`target` is the answer's label id (VQA), the truth (NLVR2) or the place of the true text (retrieval).

    `subjects` are, for each scene, the places of the things that the text, or the true one, asks or speaks of.
    """

    scenes: tuple[Scene, ...]
    texts: tuple[str, ...]
    target: int
    subjects: tuple[tuple[int, ...], ...]


def draw_example(task: TaskName, rng: Random) -> Example:
    """A fresh example."""
    if task is TaskName.VQA:
        scene, question = ask(rng)
        return Example((scene,), (question.text,), ANSWERS.index(question.answer), (question.subjects,))
    if task is TaskName.NLVR2:
        pair, statement = state(rng)
        return Example(pair, (statement.text,), int(statement.true), statement.subjects)
    scene, caption, false = describe(rng, false=TEXTS_PER_IMAGE - 1)
    target = rng.randrange(TEXTS_PER_IMAGE)
    captions = [other.text for other in false]
    captions.insert(target, caption.text)
    return Example((scene,), tuple(captions), target, (caption.subjects(scene),))
