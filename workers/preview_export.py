"""`export_preview`: what a finalist's patch filter does to some images of the test split, for people to look at."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from tokenizers import Tokenizer
from torch import Tensor

from models.architecture import PatchKeep, PatchMode
from models.backbone_config import BackboneConfig
from models.batch import Batch, Split
from models.data.whole_file import whole_file
from models.inputs import read_batch
from models.patch_filter import choose_patches, random_order
from models.patch_preview import FILE, MOST, Keep, PatchPreview, PreviewImage, picture_name
from models.seen_patches import SeenPatches, seen_patches
from models.student import Student
from models.vilt_config import ViltConfig
from search.space import VILT_PLACE
from search.space_spec import SpaceSpec
from workers.workbench import Workbench

LOOKED_AT = 48  # examples: several may ask about one image


@dataclass(frozen=True, slots=True)
class _Found:
    """One image of one example; `row` is its place in what the filter sees."""

    row: int
    example: int
    pixels: Tensor  # (3, H, W)


def export_preview(folder: Path, student: Student, bench: Workbench) -> None:
    """Write the preview of a fine-tuned student; written again it is the same.

    Where it drops no patches the scores are those that the filter of the search space would have met in its place.

    Raises:
        OSError: it cannot be written.
        DataError: no example can be read.
    """
    space, network = bench.job.spec.space, bench.network
    keep = student.architecture.patches or would_be_filter(space, network.config)
    batch = bench.examples(Split.TEST).batch.rows(slice(0, LOOKED_AT))
    seen, size = _seen(batch, student, keep), network.config.patch_size
    texts, images = _texts(batch, network.tokenizer), list[PreviewImage]()
    for number, found in enumerate(_different(batch)):
        image = _image(found, seen, keep, text=texts[found.example], patch_size=size)
        picture = _picture(found.pixels, bench)[: image.rows * size, : image.columns * size]
        with whole_file(folder / picture_name(number)) as file:
            Image.fromarray(picture).save(file, "PNG")
        images.append(image)
    preview = PatchPreview(
        patch_size=size,
        filtered=student.architecture.patches is not None,
        keep=Keep.model_validate(asdict(keep)),
        foreground=space.foreground,
        images=tuple(images),
    )
    with whole_file(folder / FILE) as file:  # last: what it names is there
        file.write(preview.model_dump_json().encode())


def would_be_filter(space: SpaceSpec, config: BackboneConfig) -> PatchKeep:
    """One that keeps everything, where the space's filter is or would be first."""
    last = config.patch_places
    default = min(VILT_PLACE, last) if isinstance(config, ViltConfig) else last
    return PatchKeep(1.0, min(space.patch_places, default=default), space.patch_mode, space.patch_foreground)


@torch.inference_mode()
def _seen(batch: Batch, student: Student, keep: PatchKeep) -> SeenPatches:
    """A row for each image of each example: with its text, of several with the true one."""
    backbone = student.network.backbone
    images = torch.arange(batch.pixel_values.shape[1], device=batch.targets.device).expand(len(batch), -1)
    passes = batch.targets.view(-1, 1) if _has_several_texts(batch) else images
    inputs = read_batch(backbone, batch).all().picked(passes)
    return seen_patches(backbone, inputs, replace(student.architecture, patches=keep), student.carried)


def _has_several_texts(batch: Batch) -> bool:
    return batch.input_ids.shape[1] > 1


def _different(batch: Batch) -> Iterator[_Found]:
    """The first images that differ."""
    known, images = set[bytes](), batch.pixel_values.shape[1]
    for row in range(len(batch) * images):
        pixels = batch.pixel_values[row // images, row % images].cpu()
        if len(known) < MOST and (content := pixels.numpy().tobytes()) not in known:
            known.add(content)
            yield _Found(row, row // images, pixels)


def _texts(batch: Batch, tokenizer: Path | None) -> list[str]:
    """What is said in each example; nothing where the network came without a tokenizer."""
    if tokenizer is None:
        return [""] * len(batch)
    read, examples = Tokenizer.from_file(str(tokenizer)), torch.arange(len(batch))
    text = batch.targets.cpu() if _has_several_texts(batch) else torch.zeros_like(examples)
    ids, mask = (each.cpu()[examples, text] for each in (batch.input_ids, batch.attention_mask))
    return [read.decode(row[used.bool()].tolist()) for row, used in zip(ids, mask, strict=True)]


def _image(found: _Found, seen: SeenPatches, keep: PatchKeep, *, text: str, patch_size: int) -> PreviewImage:
    """Without its padding, which lies right of it and below."""
    here = slice(found.row, found.row + 1)
    real, scores = seen.real[here], seen.scores[here]  # (1, N)
    foreground = None if seen.foreground is None else seen.foreground[here]
    kept = choose_patches(real, keep=keep, scores=scores, foreground=foreground)
    grid = real[0].view(-1, found.pixels.shape[-1] // patch_size)
    return PreviewImage(
        text=text,
        rows=int(grid[:, 0].sum()),
        columns=int(grid[0].sum()),
        scores=tuple(scores[real].tolist()),
        foreground=None if foreground is None else tuple(foreground[real].clamp(0, 1).tolist()),
        order=tuple(random_order(real)[real].tolist()) if keep.mode is PatchMode.RANDOM else None,
        kept=tuple(kept[real].nonzero().flatten().tolist()),
    )


def _picture(pixels: Tensor, bench: Workbench) -> NDArray[np.uint8]:
    """(3, H, W) as the network reads it to (H, W, 3) uint8."""
    levels = pixels.permute(1, 2, 0) * torch.tensor(bench.pixels.std) + torch.tensor(bench.pixels.mean)
    colors: NDArray[np.uint8] = (levels * 255).round().clamp(0, 255).to(torch.uint8).numpy()
    return colors
