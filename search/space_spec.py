"""`SpaceSpec`: what may vary in a backbone, as frozen data."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, StrictBool, StrictFloat, StrictInt, field_validator, model_validator

from models.architecture import ModuleSpec, PatchMode, Stack
from models.costs.module_costs import check_module
from search.frozen import Frozen, Name

NOTHING = "none"  # no module beside kept sub-layers; no foreground provider
IDENTITY = "identity"  # no module in place of dropped sub-layers
MAX_COMBINATIONS = 256  # of patch ratio, patch place and module: each has a table of costs of its own

ModuleText = Annotated[str, Field(max_length=64)]
ENCODERS = (Stack.VISION, Stack.LANGUAGE)
WITH_FOREGROUND = (PatchMode.IPF, PatchMode.FOREGROUND_ONLY)


class Granularity(StrEnum):
    """What one layer gene keeps or drops."""

    SUB_LAYER = "sub-layer"  # ALF (Double-Filter, ICML 2025): self-attention, cross-attention or FFN of a block
    ATTENTION = "attention"  # EAS (arXiv 2403.15226): self- or cross-attention; FFNs are always kept
    NONE = "none"  # no layer genes: patches and modules alone, such as the first of the two sieves one after the other
    LAYER = "layer"  # DAS (NeurIPS 2023): a whole block; METER's first genes are text layers, then image layers


class SpaceSpec(Frozen):
    """What may vary: a keep gene per layer; patch ratio, patch place and module get one each where several are given.

    The two sieves one after the other: search patches with granularity 'none', then layers with the one patch ratio
    found, which is then no gene but part of every chromosome.
    """

    granularity: Granularity = Field(Granularity.SUB_LAYER, description="what one layer gene keeps or drops")
    stacks: tuple[Stack, ...] = Field((), description="which stacks have layer genes; empty: those of the fusion")
    dropped: ModuleText = Field(
        "bottleneck:8", description="in place of what is dropped: a module as kind:size, or 'identity'"
    )
    modules: tuple[ModuleText, ...] = Field(
        ("bottleneck:8",),
        min_length=1,
        max_length=16,
        description="beside every kept sub-layer of the stacks: kind:size[:option...] or 'none'; several are a gene",
    )
    patch_ratios: tuple[Annotated[StrictFloat, Field(gt=0, le=1)], ...] = Field(
        (), max_length=16, description="shares of the image patches that stay; several are a gene"
    )
    patch_places: tuple[Annotated[StrictInt, Field(ge=0, le=64)], ...] = Field(
        (),
        max_length=16,
        description="after how many blocks patches are dropped; several are a gene; "
        "empty: after 2 blocks of a ViLT, after the image encoder of a METER",
    )
    patch_mode: PatchMode = Field(
        PatchMode.SCORE_ONLY,
        description="how patches are chosen; with a foreground provider 'ipf' by default",
    )
    patch_foreground: StrictFloat | None = Field(
        0.7, ge=0, le=1, description="share of the kept patches that foreground gets in 'ipf'; null: the scores decide"
    )
    foreground: Name = Field(NOTHING, description="who says what is foreground; 'none': nobody")
    classifier_token: StrictBool = Field(False, description="a trained token in place of the text's first (METER-DAS)")

    @model_validator(mode="before")
    @classmethod
    def _foreground_asks_for_ipf(cls, data: object) -> object:
        # resolved here, so that a stored spec, in which every default is explicit, names the mode that ran
        if isinstance(data, dict) and data.get("foreground", NOTHING) != NOTHING:
            return {"patch_mode": PatchMode.IPF, **data}
        return data

    @field_validator("dropped")
    @classmethod
    def _stands_alone(cls, text: str) -> str:
        return text if text == IDENTITY else _module(text, in_place=True)

    @field_validator("modules")
    @classmethod
    def _stand_beside(cls, texts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(text if text == NOTHING else _module(text, in_place=False) for text in texts)

    @model_validator(mode="after")
    def _values_differ(self) -> Self:
        for name in ("stacks", "modules", "patch_ratios", "patch_places"):
            values = getattr(self, name)
            if len(set(values)) != len(values):
                raise ValueError(f"{name} repeats a value: {', '.join(map(str, values))}")
        return self

    @model_validator(mode="after")
    def _parts_agree(self) -> Self:
        if self.patch_places and not self.patch_ratios:
            raise ValueError("patch_places has no effect without patch_ratios; give at least one ratio")
        if self.patch_mode in WITH_FOREGROUND and self.foreground == NOTHING:
            raise ValueError(
                f"patch_mode '{self.patch_mode}' needs to know the foreground, and nobody says what it is: "
                "name a provider in foreground, or use 'score-only' or 'random'"
            )
        if self.granularity is Granularity.NONE and max(map(len, (self.patch_ratios, self.modules))) < 2:
            raise ValueError("granularity 'none' leaves nothing to vary; give several patch_ratios or modules")
        encoders = [str(stack) for stack in self.stacks if stack in ENCODERS]
        if encoders and self.granularity is not Granularity.SUB_LAYER:
            raise ValueError(
                f"granularity '{self.granularity}' is for fusion layers, and stacks names {', '.join(encoders)}; "
                "leave that out or use 'sub-layer'"
            )
        combinations = max(1, len(self.patch_ratios)) * max(1, len(self.patch_places)) * len(self.modules)
        if combinations > MAX_COMBINATIONS:
            raise ValueError(
                f"patch_ratios, patch_places and modules give {combinations} combinations; at most {MAX_COMBINATIONS}"
            )
        return self


def _module(text: str, *, in_place: bool) -> str:
    module = ModuleSpec.parse(text)
    check_module(module, in_place=in_place)
    return str(module)
