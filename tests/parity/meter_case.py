"""METER's reference files under the names that cases have, whichever of the original's names they use."""

import re
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn

from models.architecture import Architecture
from models.meter import Meter
from models.network import ITM_HEAD, Network
from models.workload import TaskName
from tests.parity.case import FEATURES, PIXELS, Case, Student, compare_case
from tests.parity.compare import Comparison
from tests.parity.tensors import held_against

POSITIONS, POSITIONS_TOLERANCE = "positional_embedding", 1e-6
IMAGES = re.compile(r"(?:pixel_values|pixels|images?)[_.]?(\d*)$")
IDS = re.compile(r"(?:input_ids|text_ids|false_text_(\d+)_(?:input_)?ids)$")
MASK = re.compile(r"(?:attention_mask|text_masks?|false_text_(\d+)_(?:attention_)?masks?)$")


def named_as_cases(name: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The file's tensors with its inputs as `input_ids`, `attention_mask` and `pixel_values_0` and so on.

    An image's texts, which the original gives one by one or as rows, come as (B, texts, L).

    Raises:
        ValueError: there is no image or no text, or their rows do not go together.
    """
    images = _images(name, tensors)
    ids, mask = (_texts(name, tensors, pattern) for pattern in (IDS, MASK))
    texts, rest = divmod(ids.shape[:-1].numel(), len(images[0]))
    if rest:
        raise ValueError(f"{name}: {ids.shape[:-1].numel()} texts cannot be shared among {len(images[0])} images")
    if texts > 1:
        ids, mask = (tensor.reshape(-1, texts, tensor.shape[-1]) for tensor in (ids, mask))
    inputs = {f"{PIXELS}_{index}": image for index, image in enumerate(images)}
    given = {key: value for key, value in tensors.items() if not any(each.match(key) for each in (IDS, MASK, IMAGES))}
    outputs = {key: _as_rows(key, value, len(images[0]) * texts) for key, value in given.items()}
    return {"input_ids": ids, "attention_mask": mask, **inputs, **outputs}


def _images(name: str, tensors: Mapping[str, Tensor]) -> list[Tensor]:
    """The first image of each example, then the second ones: (B, 3, H, W) each."""
    names = sorted(each for each in tensors if IMAGES.match(each))
    images = [image for each in names for image in _apart(tensors[each])]
    if not images or any(image.ndim != 4 for image in images):
        found = {each: tuple(tensors[each].shape) for each in names}
        raise ValueError(f"{name}: expected images (B, 3, H, W) or (B, images, 3, H, W), found {found}")
    return images


def _apart(pixels: Tensor) -> list[Tensor]:
    return list(pixels.unbind(1)) if pixels.ndim == 5 else [pixels]


def _texts(name: str, tensors: Mapping[str, Tensor], pattern: re.Pattern[str]) -> Tensor:
    """Ids or mask (B, L) or, the true text first, (B, texts, L)."""
    numbers = {each: match[1] for each in tensors if (match := pattern.match(each))}
    names = sorted(numbers, key=lambda each: int(numbers[each] or -1))
    if [each for each in names if numbers[each] is None] != names[:1] or not names:
        raise ValueError(f"{name}: expected one tensor {pattern.pattern}, found {names}")
    return torch.stack([tensors[each] for each in names], dim=1) if len(names) > 1 else tensors[names[0]]


def _as_rows(name: str, tensor: Tensor, rows: int) -> Tensor:
    """Features of several texts of an image, one row a text."""
    apart = FEATURES.search(name) is not None and tensor.shape[0] != rows and tensor.shape[:2].numel() == rows
    return tensor.flatten(0, 1) if apart else tensor


def compare_meter(case: Case, network: Network) -> Iterator[Comparison]:
    """Every tensor of the case that is no input.

    Raises:
        ValueError: a tensor has a name that is not known.
    """
    others = {name: tensor for name, tensor in case.tensors.items() if name != POSITIONS}
    if POSITIONS in case.tensors:
        assert isinstance(network.backbone, Meter)
        ours, reference = network.backbone.image.positions, case.tensors[POSITIONS]
        yield held_against(f"{case.name}.{POSITIONS}", ours, reference, tolerance=POSITIONS_TOLERANCE)
    student = Student(_with_rank_head(network), Architecture.full(network.config.sub_layers))
    yield from compare_case(Case(case.name, others, case.config, case.relative), student)


def _with_rank_head(network: Network) -> Network:
    """The network with the head that ranking starts from, where its checkpoint has only the ITM head."""
    if ITM_HEAD not in network.heads or TaskName.RETRIEVAL in network.heads:
        return network
    rank = network.head(TaskName.RETRIEVAL).requires_grad_(False)
    heads = nn.ModuleDict({**dict(network.heads.items()), TaskName.RETRIEVAL: rank})
    return Network(network.backbone, heads, network.answers)
