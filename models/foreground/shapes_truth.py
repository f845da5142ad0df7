"""Where the things of the embedded world are: the boxes that a perfect detector would find."""

from collections.abc import Iterator, Sequence

from models.batch import Split
from models.foreground.provider import Box
from models.shapes.dataset import ShapesData
from models.shapes.render import OUTLINE
from models.shapes.scene import Scene, Thing


def scene_boxes(scene: Scene) -> tuple[Box, ...]:
    """The box around each thing as it stands upright; rendering tilts it a little."""
    return tuple(_around(thing) for thing in scene.things)


def _around(thing: Thing) -> Box:
    across, down = zip(*OUTLINE[thing.shape], strict=True)
    return Box(
        thing.x + thing.radius * min(across),
        thing.y + thing.radius * min(down),
        thing.x + thing.radius * max(across),
        thing.y + thing.radius * max(down),
    )


def image_ids(data: ShapesData, split: Split, count: int | None = None) -> list[list[str]]:
    """Names of the images of the first `count` examples (all of them: None), in their order."""
    return data.image_ids(split, count)


def true_boxes(data: ShapesData, split: Split, count: int | None = None) -> Iterator[tuple[str, Sequence[Box]]]:
    """The name and boxes of each image of the first `count` examples of a split."""
    for names, example in zip(image_ids(data, split, count), data.drawn(split, count), strict=True):
        for name, scene in zip(names, example.scenes, strict=True):
            yield name, scene_boxes(scene)
