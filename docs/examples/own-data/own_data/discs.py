"""The examples: a disc on grey, and a question about its colour."""

from random import Random

from PIL import Image, ImageDraw

from models.batch import Split, TaskData
from models.data.plain import PlainData, PlainExample
from models.data.reading import Reading
from models.workload import TaskName
from own_data.plugin import COLORS

SIDE = 96  # pixels
SIZES = {Split.TRAIN: 512, Split.FITNESS: 128, Split.VALIDATION: 128, Split.TEST: 256}


def examples(task: TaskName, reading: Reading) -> TaskData:
    """Called by a worker, with the backbone's tokenizer and image transform in `reading`."""
    return PlainData(task, reading, sizes=SIZES, make=example)


def example(split: Split, place: int) -> PlainExample:
    """The example at a place of a split, always the same; the generator is of that place alone."""
    rng = Random(f"discs/{split}/{place}")  # noqa: S311 - a picture, not a secret
    color, radius = rng.choice(list(COLORS)), rng.uniform(12, 24)
    x, y = (rng.uniform(radius, SIDE - radius) for _ in range(2))
    picture = Image.new("RGB", (SIDE, SIDE), (rng.randint(90, 160),) * 3)
    ImageDraw.Draw(picture).ellipse((x - radius, y - radius, x + radius, y + radius), fill=COLORS[color])
    return PlainExample("what color is the circle", (picture,), color)
