"""The examples: pictures of the embedded world, and how many things are on each."""

from random import Random

from PIL import Image

from models.batch import Split, TaskData
from models.data.plain import PlainData, PlainExample
from models.data.reading import Reading
from models.shapes.render import render
from models.shapes.scene import sample_scene
from models.workload import TaskName

SIZES = {Split.TRAIN: 512, Split.FITNESS: 128, Split.VALIDATION: 128, Split.TEST: 256}


def examples(task: TaskName, reading: Reading) -> TaskData:
    """Called by a worker, with the backbone's tokenizer and image transform in `reading`."""
    return PlainData(task, reading, sizes=SIZES, make=example)


def example(split: Split, place: int) -> PlainExample:
    """The example at a place of a split, always the same."""
    scene = sample_scene(Random(f"counted-shapes/{split}/{place}"))  # noqa: S311 - a picture, not a secret
    return PlainExample("how many things are there", (Image.fromarray(render(scene)),), str(len(scene.things)))
