"""One case of a network's reference: its inputs run through our network, its tensors held against ours."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from models.architecture import Architecture
from models.backbone import Features, Images
from models.modules.build import Modules
from models.network import Network
from tests.parity.compare import Comparison
from tests.parity.task_outputs import OUTPUT, TARGET, Pooled, compare_outputs
from tests.parity.tensors import held_against, named

FEATURES = re.compile(r"text_feats|image_cls_feats|image_feats_raster|image_valid_raster|image_feats|cls_feats")
TOLERANCES = {"image_valid_raster": 0.0, "cls_feats": 1e-5}
FEATURE_TOLERANCE = 2e-5  # of the other kinds
RELATIVE = 1e-5
PIXELS, PIXEL_MASK = "pixel_values", "pixel_mask"


@dataclass(frozen=True, slots=True)
class Case:
    """A reference file: inputs and what the published code gave for them; `relative` for the eps probe."""

    name: str
    tensors: Mapping[str, Tensor]
    config: Mapping[str, Any]
    relative: bool = False


@dataclass(frozen=True, slots=True)
class Student:
    """A network with the architecture that is run of it, and the modules which that carries."""

    network: Network
    architecture: Architecture
    modules: Modules | None = None

    @classmethod
    def full(cls, network: Network) -> "Student":
        """Everything kept, nothing added."""
        return cls(network, Architecture.full(network.config.sub_layers))


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass of the network, for one of a case's images."""

    images: Images
    features: Features


def compare_case(case: Case, student: Student) -> Iterator[Comparison]:
    """Every tensor of the case that is no input.

    Raises:
        ValueError: an input is missing, or a tensor has a name that is not known.
    """
    _check_names(case)
    passes, texts = _run(case, student)
    labels = sorted({_label(name) for name in case.tensors if FEATURES.search(name)} - {""})
    if labels and len(labels) != len(passes):
        raise ValueError(f"{case.name} has {len(passes)} images, and features of {', '.join(labels)}")
    for name, reference in case.tensors.items():
        if (found := FEATURES.search(name)) is not None:
            chosen = [passes[labels.index(_label(name))]] if _label(name) else passes
            ours = torch.cat([_feature(found[0], each) for each in chosen], dim=-1)
            yield _held(case, name, ours, reference)
    pooled = torch.stack([each.features.pooled for each in passes], dim=1)  # (B x T, passes, P)
    if texts > 1:
        pooled = pooled.view(-1, texts, pooled.shape[-1])
    yield from compare_outputs(case.name, Pooled(student.network, pooled), case.tensors, case.config)


def _check_names(case: Case) -> None:
    texts = {"input_ids", "attention_mask"}
    known = (FEATURES.search, OUTPUT.match, TARGET.match, re.compile(f"{PIXELS}|{PIXEL_MASK}").search)
    if strange := [name for name in case.tensors if name not in texts and not any(match(name) for match in known)]:
        raise ValueError(f"{case.name}: nothing to compare {', '.join(strange)} with")


def _label(name: str) -> str:
    """What a name says beyond its kind: which of several images it belongs to; empty where there is one."""
    return re.sub(f"{FEATURES.pattern}|{PIXELS}|{PIXEL_MASK}", "", name)


def _run(case: Case, student: Student) -> tuple[list[Pass], int]:
    """A pass for each image, and how many texts an image has."""
    ids, mask = (named(case.tensors, name, source=case.name) for name in ("input_ids", "attention_mask"))
    texts = ids.shape[1] if ids.ndim == 3 else 1
    backbone, passes = student.network.backbone, []
    read = backbone.read_texts(ids.flatten(0, -2), mask.flatten(0, -2))
    for index, (pixels, pixel_mask) in enumerate(_images(case)):
        seen = backbone.read_images(pixels, pixel_mask, modality=index + 1)
        paired = seen.rows(torch.arange(len(seen.tokens)).repeat_interleave(texts))
        passes.append(Pass(paired, backbone(read, paired, student.architecture, student.modules)))
    return passes, texts


def _images(case: Case) -> list[tuple[Tensor, Tensor | None]]:
    """Pixels (B, 3, H, W) and their mask (B, H, W), image by image: by their labels, or along an axis (B, I, ...)."""
    found = []
    for name in sorted(name for name in case.tensors if PIXELS in name):
        pixels, mask = case.tensors[name], case.tensors.get(name.replace(PIXELS, PIXEL_MASK))
        images = pixels.unbind(1) if pixels.ndim == 5 else (pixels,)
        masks = (mask,) * len(images) if mask is None or mask.ndim == 3 else mask.unbind(1)
        found += list(zip(images, masks, strict=True))
    if not found:
        raise ValueError(f"{case.name} has no {PIXELS}")
    return found


def _feature(kind: str, each: Pass) -> Tensor:
    """Ours; of a kind that a grid of patches has, as one row of patches, zero at padding."""
    features = each.features
    if kind in ("text_feats", "cls_feats"):
        return features.text if kind == "text_feats" else features.pooled
    if kind in ("image_feats", "image_cls_feats"):
        return features.image if kind == "image_feats" else features.image[:, 0]
    valid = torch.ones_like(features.image[:, 1:, 0]) if each.images.valid is None else each.images.valid[:, 1:].float()
    return valid if kind == "image_valid_raster" else features.image[:, 1:] * valid.unsqueeze(-1)


def _held(case: Case, name: str, ours: Tensor, reference: Tensor) -> Comparison:
    if "raster" in name:
        reference = reference.flatten(1, 2)
    kind = FEATURES.findall(name)[0]
    tolerance = TOLERANCES.get(kind, FEATURE_TOLERANCE)
    relative = case.relative and tolerance > 0
    tolerance = RELATIVE if relative else tolerance
    return held_against(f"{case.name}.{name}", ours, reference, tolerance=tolerance, relative=relative)
