"""The slim model a search ends with: only what is kept, loaded and asked without the search."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from tokenizers import Tokenizer
from torch import Tensor, nn

from models.architecture import Architecture
from models.batch import Batch
from models.cost import looks_for_foreground
from models.data.batching import batch_of
from models.data.example_reader import Example
from models.foreground.look import covered
from models.foreground.names import NONE, SALIENCY
from models.foreground.provider import ForegroundError, ForegroundProvider, Picture
from models.foreground.registry import open_foreground
from models.formats.lightning import CheckpointError
from models.formats.model_card import CARD, model_card
from models.heads import TASKS
from models.inputs import read_batch
from models.meter import Meter
from models.modules.build import Modules, build_modules
from models.network import Network
from models.pixels import PixelReading
from models.registry import CONFIGS, format_of
from models.student import Student
from models.vilt import Vilt
from models.weights import TOKENIZER, build_backbone, empty_backbone, fill, read_json, read_weights, write_folder
from models.workload import TaskName, classes_of, images_of

FORMAT = "twinsieve-slim/1"


@dataclass(frozen=True, slots=True)
class SlimModel:
    """A fine-tuned network without its dropped sub-layers, with its tokenizer and answers.

    `pixels` reads pictures as those of its fine-tune were read. `foreground` names the provider that its patch filter
    asks, 'none' if it asks nobody; `provider` is that one, None where it was not to be had.
    """

    backbone: Vilt | Meter
    architecture: Architecture
    carried: Modules
    head: nn.Module
    task: TaskName
    answers: tuple[str, ...]
    tokenizer: Tokenizer
    pixels: PixelReading
    foreground: str = NONE
    provider: ForegroundProvider | None = None

    @torch.inference_mode()
    def logits(self, batch: Batch) -> Tensor:
        """(B, classes) of a batch of the model's task."""
        inputs = read_batch(self.backbone, batch).all()
        features = self.backbone(inputs.texts, inputs.images, self.architecture, self.carried)
        return TASKS[self.task].logits(self.head, features.pooled.unflatten(0, (-1, inputs.passes)))

    def answer(
        self, images: Image.Image | Sequence[Image.Image], text: str, *, fallback: bool = False
    ) -> list[tuple[str, float]]:
        """The answers to a question (VQA) or other text (NLVR2: two images), the likeliest first, scores 0 to 1.

        Args:
            images: what it is about.
            text: the question or statement.
            fallback: where the model's foreground provider cannot look at a picture, go on by patch scores alone.

        Raises:
            ForegroundError: the provider cannot look at a picture, and `fallback` is off.
            ValueError: the model ranks texts for an image and answers nothing, the number of images is wrong for its
                task, or the text is longer than it can read.
        """
        pictures = [images] if isinstance(images, Image.Image) else list(images)
        needed = images_of(self.task)
        if self.task is TaskName.RETRIEVAL:
            raise ValueError("this model was made for retrieval: use `rank` with an image and several texts")
        if len(pictures) != needed:
            raise ValueError(f"a model for {self.task} looks at {needed} image(s), not {len(pictures)}")
        logits = self.logits(self._batch(pictures, [text], fallback=fallback))[0]
        scores = logits.sigmoid() if self.task is TaskName.VQA else logits.softmax(0)
        order = scores.argsort(descending=True).tolist()
        return [(self.answers[place], scores[place].item()) for place in order]

    def rank(self, image: Image.Image, texts: Sequence[str], *, fallback: bool = False) -> list[tuple[str, float]]:
        """`texts` by how well they fit the image, the best first, with their share of the softmax; see `answer`.

        Raises:
            ForegroundError: the foreground provider cannot look at the picture, and `fallback` is off.
            ValueError: the model was made for another task, or there is no text.
        """
        if self.task is not TaskName.RETRIEVAL or not texts:
            raise ValueError(
                f"ranking needs a retrieval model and a text; this one is for {self.task}, {len(texts)} texts"
            )
        shares = self.logits(self._batch([image], texts, fallback=fallback))[0].softmax(0)
        return [(texts[place], shares[place].item()) for place in shares.argsort(descending=True).tolist()]

    def _batch(self, images: Sequence[Image.Image], texts: Sequence[str], *, fallback: bool) -> Batch:
        encoded = [self._encode(text) for text in texts]
        ids = torch.tensor([row for row, _ in encoded])  # (T, L)
        mask = torch.tensor([row for _, row in encoded])
        read = [self.pixels(image) for image in images]
        pictures = [
            Picture("the given picture", np.array(image.convert("RGB")), each.geometry)
            for image, each in zip(images, read, strict=True)
        ]
        foreground = self._foreground(pictures, fallback=fallback)
        return batch_of([Example(ids, mask, tuple(each.pixels for each in read), torch.zeros(()), foreground)])

    def _foreground(self, pictures: Sequence[Picture], *, fallback: bool) -> tuple[Tensor, ...]:
        """What is covered of each patch of each picture; nothing where nobody is asked."""
        try:
            if self.foreground == NONE:
                return ()
            if self.provider is None:
                raise ForegroundError(f"no foreground '{self.foreground}' here: load the model with its folder of them")
            size = self.backbone.config.patch_size
            return tuple(covered(self.provider, picture, size) for picture in pictures)
        except ForegroundError as error:
            if fallback:
                return ()
            raise ForegroundError(
                f"this model keeps patches by the foreground of '{self.foreground}': {error}; "
                "to keep them by their scores alone, which it was not trained for, ask with fallback (--fallback)"
            ) from error

    def _encode(self, text: str) -> tuple[list[int], list[int]]:
        """Ids and mask of a text, padded to the backbone's length."""
        length = self.backbone.config.max_text_length
        used = self.tokenizer.encode(text).ids
        if len(used) > length:
            raise ValueError(f"the text has {len(used)} tokens; this model reads at most {length}: {text!r}")
        padding = length - len(used)
        return used + [self.backbone.config.pad_id] * padding, [1] * len(used) + [0] * padding


def export_slim(
    folder: Path,
    student: Student,
    *,
    network: Network,
    task: TaskName,
    pixels: PixelReading,
    provenance: Mapping[str, object],
    foreground: str = NONE,
) -> None:
    """Write the slim model of a fine-tuned student: its config, weights and tokenizer, with a card for a model hub.

    Args:
        folder: appears whole or not at all.
        student: what was fine-tuned.
        network: whose frozen weights it used.
        task: what it does.
        pixels: how the pictures of its fine-tune were read.
        provenance: where it comes from, as JSON.
        foreground: the provider's name, which is stored if the student's patch filter asks it.

    Raises:
        ValueError: the network has no tokenizer to go with the model.
    """
    if network.tokenizer is None:
        raise ValueError("the backbone came without a tokenizer.json; a model that cannot read text is not exported")
    config = {
        "format": FORMAT,
        "task": str(task),
        "backbone_format": format_of(network.config),
        "backbone": network.config.to_json(),
        "architecture": student.architecture.to_json(),
        "answers": list(answers_of(task, network.answers)),
        "pixels": pixels.to_json(),
        "foreground": foreground if looks_for_foreground(student.architecture) else NONE,
        "provenance": dict(provenance),
    }
    held = empty_backbone(network.config, student.architecture).state_dict().keys()
    backbone = network.backbone.state_dict() | {f"pooler.{k}": v for k, v in student.pooler.state_dict().items()}
    state = {f"backbone.{key}": value for key, value in backbone.items() if key in held}
    state |= {f"modules.{key}": value for key, value in student.carried.state_dict().items()}
    state |= {f"head.{key}": value for key, value in student.head.state_dict().items()}
    further = {CARD: model_card(config)}
    write_folder(folder, config=config, state=state, tokenizer=network.tokenizer, further=further)


def answers_of(task: TaskName, vqa: Sequence[str]) -> tuple[str, ...]:
    """Names of the classes of a task."""
    return classes_of(task, vqa)


def load_slim(folder: Path, foregrounds: Path | None = None) -> SlimModel:
    """The model in a folder that `export_slim` wrote.

    Args:
        folder: of the model.
        foregrounds: where the folders of foreground providers lie; without it, a model that asks one answers only with
            `fallback`.

    Raises:
        CheckpointError: the folder is missing, torn or of another format.
        ForegroundError: `foregrounds` has no such provider, or its folder cannot be used.
    """
    if not folder.is_dir():
        raise CheckpointError(f"no folder {folder}; give one that `twinsieve export` wrote")
    config = read_json(folder / "config.json")
    if config.get("format") != FORMAT:
        raise CheckpointError(f"{folder.name} has format {config.get('format')!r}; expected {FORMAT!r}")
    try:
        return _build(folder, config, foregrounds)
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, (CheckpointError, ForegroundError)):
            raise
        raise CheckpointError(f"{folder.name}/config.json is damaged: {error}") from error


def _build(folder: Path, config: Mapping[str, Any], foregrounds: Path | None) -> SlimModel:
    sizes, task = CONFIGS[config["backbone_format"]].from_json(config["backbone"]), TaskName(config["task"])
    architecture, answers = Architecture.from_json(config["architecture"]), tuple(config["answers"])
    state = read_weights(folder)
    backbone = build_backbone(sizes, state, source=folder.name, slim=architecture)
    carried = build_modules(backbone, architecture, generator=torch.Generator())
    head = TASKS[task].head(sizes, len(answers))
    for module, prefix in ((carried, "modules."), (head, "head.")):
        weights = {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
        fill(module, weights, source=folder.name)
        module.eval().requires_grad_(False)
    name = str(config["foreground"])
    provider = open_foreground(name, foregrounds) if foregrounds is not None or name == SALIENCY else None
    return SlimModel(
        backbone=backbone,
        architecture=architecture,
        carried=carried,
        head=head,
        task=task,
        answers=answers,
        tokenizer=_read_tokenizer(folder / TOKENIZER),
        pixels=PixelReading.from_json(config["pixels"]),
        foreground=name,
        provider=provider,
    )


def _read_tokenizer(file: Path) -> Tokenizer:
    try:
        tokenizer = Tokenizer.from_file(os.fspath(file))
    except Exception as error:  # tokenizers raises a bare Exception
        raise CheckpointError(f"{file.parent.name}/{file.name} is missing or damaged: {error}") from error
    tokenizer.no_padding()
    tokenizer.no_truncation()  # a text that is too long is refused, not cut
    return tokenizer
