"""A data folder of generated pictures and questions, laid out as VQAv2 is published: real sizes without a download."""

import json
import random
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

WIDTH, HEIGHT = 640, 480  # pixels: the usual size in COCO
COLOURS: Mapping[str, tuple[int, int, int]] = {
    "red": (200, 30, 30),
    "green": (30, 160, 60),
    "blue": (40, 60, 200),
    "yellow": (220, 200, 40),
}
SHAPES = ("circle", "square")
QUESTIONS = ("what color is the shape?", "is it a circle or a square?")
ANSWERS = (*COLOURS, *SHAPES)
PARTS = {"train2014": 3, "val2014": 1}  # in quarters of the images
ANNOTATORS = 10


def random_vqa(folder: Path, *, images: int, seed: int = 0) -> Path:
    """`folder` with `images` pictures of one shape on noise and two questions about each; one that is there stays.

    Raises:
        ValueError: fewer than 40 images: every answer must come nine times to be in the vocabulary.
    """
    if images < 40:
        raise ValueError(f"{images} images are too few for a vocabulary: make 40 or more")
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    staged = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        rng, first = random.Random(seed), 1
        for part, quarters in PARTS.items():
            last = first + images * quarters // 4
            _write_part(staged, part, range(first, last), rng)
            first = last
        staged.rename(folder)
    except BaseException:
        shutil.rmtree(staged, ignore_errors=True)
        raise
    return folder


def _write_part(folder: Path, part: str, numbers: range, rng: random.Random) -> None:
    """Images by number, with the number alone deciding colour and shape, so that all answers are equally frequent."""
    questions, annotations = [], []
    (folder / part).mkdir()
    for number in numbers:
        answers = (list(COLOURS)[number % len(COLOURS)], SHAPES[number // len(COLOURS) % len(SHAPES)])
        _picture(*answers, rng).save(folder / part / f"COCO_{part}_{number:012d}.jpg", quality=85)
        for place, (question, answer) in enumerate(zip(QUESTIONS, answers, strict=True)):
            named = {"image_id": number, "question_id": 1000 * number + place}
            questions.append({**named, "question": question})
            given = [{"answer": answer, "answer_id": person + 1} for person in range(ANNOTATORS)]
            annotations.append({**named, "multiple_choice_answer": answer, "answers": given})
    asked = folder / f"v2_OpenEnded_mscoco_{part}_questions.json"
    asked.write_text(json.dumps({"questions": questions}), encoding="utf-8")
    answered = folder / f"v2_mscoco_{part}_annotations.json"
    answered.write_text(json.dumps({"annotations": annotations}), encoding="utf-8")


def _picture(colour: str, shape: str, rng: random.Random) -> Image.Image:
    """One shape somewhere on coarse noise."""
    noise = np.frombuffer(rng.randbytes(HEIGHT // 8 * WIDTH // 8 * 3), np.uint8).reshape(HEIGHT // 8, WIDTH // 8, 3)
    picture = Image.fromarray(noise // 2 + 64).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    side = rng.randint(HEIGHT // 4, HEIGHT // 2)
    left, top = rng.randint(0, WIDTH - side), rng.randint(0, HEIGHT - side)
    draw = ImageDraw.Draw(picture)
    outline = draw.ellipse if shape == "circle" else draw.rectangle
    outline((left, top, left + side, top + side), fill=COLOURS[colour])
    return picture
