"""Retrieval as it is published: every text against every image, recall from the whole score matrix."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from models.backbone import Backbone, Images, Texts
from models.batch import Batch
from models.data.gallery import Gallery, texts_of
from models.data.retrieval_metrics import retrieval_recall
from models.inputs import Inputs, Prefix, concatenated
from models.student import Student

CHUNK = 64  # images read at a time
ON_DEVICE = 2**30  # bytes of read texts and images that stay on the device; more lie on the CPU

Progress = Callable[[int, int], None]
"""Called with how many pairs are done, of how many."""


@dataclass(frozen=True, slots=True)
class ReadGallery:
    """A gallery as the frozen prefix of a backbone leaves it; `image_of_text` (texts,) int64 is each text's image."""

    texts: Texts
    images: Images
    image_of_text: Tensor


@torch.inference_mode()
def read_gallery(backbone: Backbone, gallery: Gallery, prefix: Prefix, *, device: torch.device) -> ReadGallery:
    """Each distinct image and text of a gallery read once by the blocks in `prefix`, which no candidate changes.

    What takes more than `ON_DEVICE` bytes is kept on the CPU; `score_matrix` then takes to the device what it needs.

    Raises:
        ValueError: no image can be read, or one is bad and bad ones are not skipped.
    """
    texts, images, owners = list[Texts](), list[Images](), list[Tensor]()
    place, held = device, 0
    for batch in gallery.batches(CHUNK):
        owners.append(texts_of(batch)[2] + sum(len(part.modality) for part in images))
        text, image = _read(backbone, batch.to(device), prefix)
        held += text.tokens.nbytes + image.tokens.nbytes
        place = device if held <= ON_DEVICE else torch.device("cpu")
        texts.append(_text_on(text, place))
        images.append(_image_on(image, place))
    if not texts:
        raise ValueError(f"none of the {gallery.size} images of the gallery can be read")
    together = concatenated([_image_on(part, place) for part in images])
    return ReadGallery(_joined([_text_on(part, place) for part in texts]), together, torch.cat(owners))


def _read(backbone: Backbone, batch: Batch, prefix: Prefix) -> tuple[Texts, Images]:
    ids, mask, _ = texts_of(batch)
    images = backbone.read_images(
        batch.pixel_values[:, 0],
        None if batch.pixel_mask is None else batch.pixel_mask[:, 0],
        foreground=None if batch.foreground is None else batch.foreground[:, 0],
        blocks=prefix.image,
    )
    return backbone.read_texts(ids, mask, blocks=prefix.text), images


def _joined(parts: Sequence[Texts]) -> Texts:
    tokens, valid = torch.cat([part.tokens for part in parts]), torch.cat([part.valid for part in parts])
    return replace(parts[0], tokens=tokens, valid=valid)


@torch.inference_mode()
def score_matrix(
    student: Student, texts: Texts, images: Images, *, rows: int, progress: Progress | None = None
) -> Tensor:
    """Scores (images, texts), the higher the better, on the CPU; every pair of them passes the network once.

    Args:
        student: of a retrieval task.
        texts: each distinct text, read as far as its architecture leaves the text encoder alone.
        images: each distinct image, likewise; both on one device, which may be another than the student's.
        rows: pairs in one pass of the network; it bounds the memory and changes results by rounding alone.
        progress: hears of every pass.
    """
    device = next(student.parameters()).device
    count, each = len(images.modality), len(texts.tokens)
    total, place = count * each, images.modality.device  # where both lie
    scores = torch.empty(total)
    for start in range(0, total, rows):
        pairs = torch.arange(start, min(start + rows, total), device=place)
        image, which = (pairs // each).unique(return_inverse=True)  # so that one is moved once for all its texts
        pictures = _image_on(images.rows(image), device).rows(which.to(device))
        logits = student(Inputs(_text_on(texts.rows(pairs % each), device), pictures, 1))  # (pairs, 1)
        scores[start : start + rows] = logits.squeeze(1).float().cpu()
        if progress is not None:
            progress(start + len(pairs), total)
    return scores.view(count, each)


def _text_on(texts: Texts, device: torch.device) -> Texts:
    return replace(texts, tokens=texts.tokens.to(device), valid=texts.valid.to(device))


def _image_on(images: Images, device: torch.device) -> Images:
    def there(tensor: Tensor | None) -> Tensor | None:
        return None if tensor is None else tensor.to(device)

    return replace(
        images,
        tokens=images.tokens.to(device),
        valid=there(images.valid),
        modality=images.modality.to(device),
        foreground=there(images.foreground),
        scores=there(images.scores),
    )


def retrieval_metrics(matrix: Tensor, image_of_text: Tensor) -> dict[str, float]:
    """`tr_at_1`, ... `ir_at_10`, shares 0 to 1, of scores (images, texts): texts found for images, images for texts.

    Raises:
        ValueError: a score is NaN, or an image has no text.
    """
    recall = retrieval_recall(matrix, image_of_text)
    sides = {"tr": recall.text, "ir": recall.image}
    return {f"{side}_at_{cutoff}": share for side, shares in sides.items() for cutoff, share in shares.items()}
