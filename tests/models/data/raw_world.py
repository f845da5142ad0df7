"""Small raw data sets in their published layouts, with made-up questions and pictures of several sizes."""

import io
import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from PIL import Image
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit
from tokenizers.processors import TemplateProcessing

from models.data.reading import Reading
from models.data.transforms import vilt_transform

ANSWERS = ("yes", "no", "red", "2")  # each often enough to be in the vocabulary
QUESTIONS = 3  # about each image
CAPTIONS = 5
WORDS = tuple("abcdefghijklmnopqrstuvwxyz0123456789")

Json = dict[str, Any]


def reading(**changes: Any) -> Reading:  # noqa: ANN401 - any field of a reading
    """Texts of 8 tokens by single words, pictures as ViLT sees them at 32 pixels."""
    tokenizer = Tokenizer(
        WordLevel({word: place for place, word in enumerate(("[PAD]", "[UNK]", "[CLS]", *WORDS))}, unk_token="[UNK]")
    )
    tokenizer.pre_tokenizer = WhitespaceSplit()
    tokenizer.post_processor = TemplateProcessing(single="[CLS] $A", special_tokens=[("[CLS]", 2)])
    settings: Json = {"tokenizer": tokenizer, "text_tokens": 8, "transform": partial(vilt_transform, shorter=32)}
    return Reading(**(settings | changes))


def picture(rng: Random, kind: str) -> bytes:
    """A picture of one colour, encoded; some are wide, some high."""
    size = rng.choice([(40, 40), (80, 40), (40, 60)])
    encoded = io.BytesIO()
    Image.new("RGB", size, tuple(rng.randrange(256) for _ in range(3))).save(encoded, kind)
    return encoded.getvalue()


def save(file: Path, content: bytes | str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content.encode() if isinstance(content, str) else content)


def write_vqa(folder: Path, sizes: Mapping[str, int]) -> Path:
    """VQAv2 with so many images in each of train, val, test and test-dev."""
    rng = Random(0)
    for number, (part, size) in enumerate(sizes.items()):
        year = {"test": "test2015", "test-dev": "test-dev2015"}.get(part, f"{part}2014")
        images = year.replace("-dev", "")
        ids = [1000 * (number + 1) + place for place in range(size)]
        asked = [(image, 100 * image + place) for place in range(QUESTIONS) for image in ids]
        questions = [{"image_id": image, "question": f"{image % 7} {key}", "question_id": key} for image, key in asked]
        save(folder / f"v2_OpenEnded_mscoco_{year}_questions.json", json.dumps({"info": {}, "questions": questions}))
        for image in ids:
            save(folder / images / f"COCO_{images}_{image:012d}.jpg", picture(rng, "JPEG"))
        if not part.startswith("test"):
            annotations = [annotation(image, key, rng) for image, key in reversed(asked)]  # in another order
            save(folder / f"v2_mscoco_{year}_annotations.json", json.dumps({"annotations": annotations}))
    return folder


def annotation(image: int, question: int, rng: Random) -> Json:
    """Ten answers; the majority's comes 4 to 10 times."""
    majority = ANSWERS[question % len(ANSWERS)]
    others = [rng.choice((*ANSWERS, "The answer!")) for _ in range(rng.randrange(7))]
    given = [majority] * (10 - len(others)) + others
    answers = [{"answer": text, "answer_confidence": "yes", "answer_id": place} for place, text in enumerate(given, 1)]
    about = {"image_id": image, "question_id": question, "question_type": "what", "answer_type": "other"}
    return about | {"multiple_choice_answer": majority, "answers": answers}


def write_nlvr2(folder: Path, sizes: Mapping[str, int]) -> Path:
    """NLVR2 with so many image sets, of two pairs with two statements each, in each of train, dev and test1."""
    rng = Random(1)
    for part, size in sizes.items():
        lines = []
        for number in range(size):
            for pair in (f"{part}-{number}-0", f"{part}-{number}-1"):
                where = folder / "images" / "train" / str(number % 3) if part == "train" else folder / part
                for place in (0, 1):
                    save(where / f"{pair}-img{place}.png", picture(rng, "PNG"))
                for statement in (0, 1):
                    line: Json = {"identifier": f"{pair}-{statement}", "sentence": f"{number} {statement}"}
                    line |= {"label": str(statement == 0)} | ({"directory": number % 3} if part == "train" else {})
                    lines.append(json.dumps(line))
        save(folder / "nlvr2" / "data" / f"{part}.json", "\n".join(lines) + "\n")
    return folder


def write_captions(folder: Path, sizes: Mapping[str, int], *, coco: bool = False) -> Path:
    """Flickr30k, or COCO, with so many images in each part; the first caption of every image comes twice."""
    rng = Random(2)
    images: list[Json] = []
    for part, size in sizes.items():
        for number in range(size):
            year = "train2014" if part == "train" else "val2014"
            key = 1000 * len(images) + number
            name = f"COCO_{year}_{key:012d}.jpg" if coco else f"{key}.jpg"
            save(folder / (year if coco else "flickr30k-images") / name, picture(rng, "JPEG"))
            captions = [f"{part} {number} {place}" for place in (0, *range(CAPTIONS))]
            about: Json = {"filepath": year, "cocoid": key} if coco else {}
            about |= {"filename": name, "split": part, "sentences": [{"raw": caption} for caption in captions]}
            images.append(about)
    name = "dataset_coco.json" if coco else "dataset_flickr30k.json"
    save(folder / "karpathy" / name, json.dumps({"images": images, "dataset": "made up"}))
    return folder


VQA_SIZES = {"train": 12, "val": 6, "test": 2, "test-dev": 1}
NLVR2_SIZES = {"train": 12, "dev": 3, "test1": 3}
CAPTION_SIZES = {"train": 30, "val": 4, "test": 4}
