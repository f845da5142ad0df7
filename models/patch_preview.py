"""`PatchPreview`: what the patch filter of a finalist does to some images; to read it needs no network.

The folder has `preview.json` and a PNG for each of its images. It is our design.
"""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, NonNegativeInt, PositiveInt, model_validator

from models.architecture import PatchMode

PREVIEWS = "patches"  # the folder of a search in which each finalist has one
FILE = "preview.json"
MOST = 12  # images

Share = Annotated[FiniteFloat, Field(ge=0, le=1)]


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Keep(_Frozen):
    """The patch filter: see `models.architecture.PatchKeep`, whose fields these are."""

    ratio: Annotated[FiniteFloat, Field(gt=0, le=1)]
    after_block: NonNegativeInt
    mode: PatchMode
    foreground: Share | None


class PreviewImage(_Frozen):
    """One image as the network sees it, of whole patches, and what the filter knows of these, in raster order."""

    text: str  # what was said or asked of it; scores may depend on that
    rows: PositiveInt
    columns: PositiveInt
    scores: tuple[FiniteFloat, ...]  # higher is kept first
    foreground: tuple[Share, ...] | None  # the covered share of each; null where nobody looked
    order: tuple[NonNegativeInt, ...] | None  # in mode 'random': what takes the place of the scores
    kept: tuple[NonNegativeInt, ...]  # the places that the filter keeps at its own ratio, ascending

    @model_validator(mode="after")
    def _all_of_the_grid(self) -> Self:
        patches = self.rows * self.columns
        for name in ("scores", "foreground", "order"):
            found = getattr(self, name)
            if found is not None and len(found) != patches:
                raise ValueError(f"{name} has {len(found)} values; {self.rows} x {self.columns} patches need {patches}")
        return self


class PatchPreview(_Frozen):
    """`filtered` says whether the finalist drops patches at all; else `keep` is what the space's filter would be.

    `foreground` names the provider that was asked, 'none' for nobody.
    """

    format: Literal["twinsieve-patches/1"] = "twinsieve-patches/1"
    patch_size: PositiveInt  # pixels
    filtered: bool
    keep: Keep
    foreground: str
    images: Annotated[tuple[PreviewImage, ...], Field(max_length=MOST)]


def picture_name(number: int) -> str:
    """The file of an image, counted from 0."""
    return f"{number}.png"
