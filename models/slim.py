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

from models.adapter import Adapters
from models.architecture import Architecture
from models.batch import Batch
from models.heads import TASKS
from models.lightning import CheckpointError
from models.network import Network
from models.student import Student, embed_batch
from models.vilt import Embedded, Vilt
from models.vilt_config import ViltConfig
from models.weights import TOKENIZER, build_backbone, fill, read_json, read_weights, write_folder
from models.workload import TaskName

FORMAT = "twinsieve-slim/1"


@dataclass(frozen=True, slots=True)
class SlimModel:
    """A fine-tuned network without its dropped sub-layers, with its tokenizer and answers."""

    backbone: Vilt
    architecture: Architecture
    adapters: Adapters
    head: nn.Module
    task: TaskName
    answers: tuple[str, ...]
    tokenizer: Tokenizer

    @torch.inference_mode()
    def logits(self, batch: Batch) -> Tensor:
        """(B, classes) of a batch of the model's task."""
        embedded, passes = embed_batch(self.backbone, batch)
        return self._logits(embedded, passes)

    def _logits(self, embedded: Embedded, passes: int) -> Tensor:
        features = self.backbone(embedded, self.architecture, self.adapters)
        return TASKS[self.task].logits(self.head, features.pooled.unflatten(0, (-1, passes)))

    def answer(self, images: Image.Image | Sequence[Image.Image], text: str) -> list[tuple[str, float]]:
        """The answers to a question (VQA) or statement (NLVR2, two images), the likeliest first, scores 0 to 1.

        Raises:
            ValueError: the model ranks texts for an image and answers nothing, the number of images is wrong for its
                task, or the text is longer than it can read.
        """
        pictures = [images] if isinstance(images, Image.Image) else list(images)
        needed = 2 if self.task is TaskName.NLVR2 else 1
        if self.task is TaskName.RETRIEVAL:
            raise ValueError("this model was made for retrieval: use `rank` with an image and several texts")
        if len(pictures) != needed:
            raise ValueError(f"a model for {self.task} looks at {needed} image(s), not {len(pictures)}")
        logits = self.logits(self._batch(pictures, [text]))[0]
        scores = logits.sigmoid() if self.task is TaskName.VQA else logits.softmax(0)
        order = scores.argsort(descending=True).tolist()
        return [(self.answers[place], scores[place].item()) for place in order]

    def rank(self, image: Image.Image, texts: Sequence[str]) -> list[tuple[str, float]]:
        """`texts` by how well they fit the image, the best first, with their share of the softmax.

        Raises:
            ValueError: the model was made for another task, or there is no text.
        """
        if self.task is not TaskName.RETRIEVAL or not texts:
            raise ValueError(
                f"ranking needs a retrieval model and a text; this one is for {self.task}, {len(texts)} texts"
            )
        shares = self.logits(self._batch([image], texts))[0].softmax(0)
        return [(texts[place], shares[place].item()) for place in shares.argsort(descending=True).tolist()]

    def _batch(self, images: Sequence[Image.Image], texts: Sequence[str]) -> Batch:
        encoded = [self._encode(text) for text in texts]
        ids = torch.tensor([[row for row, _ in encoded]])  # (1, T, L)
        mask = torch.tensor([[row for _, row in encoded]])
        pixels = torch.stack([image_tensor(image, self.backbone.config) for image in images])[None]  # (1, I, 3, H, W)
        return Batch(ids, mask, pixels, None, torch.zeros(1))

    def _encode(self, text: str) -> tuple[list[int], list[int]]:
        """Ids and mask of a text, padded to the backbone's length."""
        length = self.backbone.config.max_text_length
        used = self.tokenizer.encode(text).ids
        if len(used) > length:
            raise ValueError(f"the text has {len(used)} tokens; this model reads at most {length}: {text!r}")
        padding = length - len(used)
        return used + [self.backbone.config.pad_id] * padding, [1] * len(used) + [0] * padding


def image_tensor(image: Image.Image, config: ViltConfig) -> Tensor:
    """A picture as the backbone's square input: (3, H, W) float32, mean and standard deviation 0.5 (ViLT)."""
    square = image.convert("RGB").resize((config.image_size, config.image_size), Image.Resampling.BICUBIC)
    pixels = torch.from_numpy(np.array(square, dtype=np.uint8)).permute(2, 0, 1)
    return pixels.float() / 127.5 - 1.0


def export_slim(
    folder: Path, student: Student, *, network: Network, task: TaskName, provenance: Mapping[str, object]
) -> None:
    """Write the slim model of a fine-tuned student: `config.json`, `model.safetensors`, `tokenizer.json`.

    Raises:
        ValueError: the network has no tokenizer to go with the model.
    """
    if network.tokenizer is None:
        raise ValueError("the backbone came without a tokenizer.json; a model that cannot read text is not exported")
    config = {
        "format": FORMAT,
        "task": str(task),
        "backbone": network.config.to_json(),
        "architecture": student.architecture.to_json(),
        "answers": list(answers_of(task, network.answers)),
        "provenance": dict(provenance),
    }
    held = {
        f"blocks.{sub_layer.block}.{sub_layer.kind}."
        for sub_layer, choice in zip(network.config.sub_layers, student.architecture.choices, strict=True)
        if choice.keep
    }
    backbone = network.backbone.state_dict() | {f"pooler.{k}": v for k, v in student.pooler.state_dict().items()}
    state = {
        f"backbone.{key}": value
        for key, value in backbone.items()
        if not key.startswith("blocks.") or any(key.startswith(prefix) for prefix in held)
    }
    state |= {f"adapters.{key}": value for key, value in student.adapters.state_dict().items()}
    state |= {f"head.{key}": value for key, value in student.head.state_dict().items()}
    write_folder(folder, config=config, state=state, tokenizer=network.tokenizer)


def answers_of(task: TaskName, vqa: Sequence[str]) -> tuple[str, ...]:
    """Names of the classes of a task."""
    return {TaskName.VQA: tuple(vqa), TaskName.NLVR2: ("false", "true"), TaskName.RETRIEVAL: ()}[task]


def load_slim(folder: Path) -> SlimModel:
    """The model in a folder that `export_slim` wrote.

    Raises:
        CheckpointError: the folder is missing, torn or of another format.
    """
    if not folder.is_dir():
        raise CheckpointError(f"no folder {folder}; give one that `twinsieve export` wrote")
    config = read_json(folder / "config.json")
    if config.get("format") != FORMAT:
        raise CheckpointError(f"{folder.name} has format {config.get('format')!r}; expected {FORMAT!r}")
    try:
        return _build(folder, config)
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, CheckpointError):
            raise
        raise CheckpointError(f"{folder.name}/config.json is damaged: {error}") from error


def _build(folder: Path, config: Mapping[str, Any]) -> SlimModel:
    sizes, task = ViltConfig.from_json(config["backbone"]), TaskName(config["task"])
    architecture, answers = Architecture.from_json(config["architecture"]), tuple(config["answers"])
    state = read_weights(folder)
    backbone = build_backbone(sizes, state, source=folder.name, slim=architecture)
    adapters = Adapters(sizes.hidden_size, architecture, generator=torch.Generator())
    head = TASKS[task].head(sizes, len(answers))
    for module, prefix in ((adapters, "adapters."), (head, "head.")):
        weights = {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
        fill(module, weights, source=folder.name)
        module.eval().requires_grad_(False)
    tokenizer = _read_tokenizer(folder / TOKENIZER)
    return SlimModel(backbone, architecture, adapters, head, task, answers, tokenizer)


def _read_tokenizer(file: Path) -> Tokenizer:
    try:
        tokenizer = Tokenizer.from_file(os.fspath(file))
    except Exception as error:  # tokenizers raises a bare Exception
        raise CheckpointError(f"{file.parent.name}/{file.name} is missing or damaged: {error}") from error
    tokenizer.no_padding()
    tokenizer.no_truncation()  # a text that is too long is refused, not cut
    return tokenizer
