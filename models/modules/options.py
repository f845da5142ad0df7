"""What may follow a module's kind and size in its spec, without torch."""

from enum import StrEnum
from typing import TypeVar

from models.architecture import ModuleSpec
from models.modules.modality import Modality

Option = TypeVar("Option", bound=StrEnum)

FOURIER_SHARE = 0.5  # of VFPT's prompts; our default
PHA_EMBEDDING = 64  # width of PHA's task prototype and of its layer embeddings, as in the published code
PHA_HIDDEN = 128  # of its hypernetwork


class RoutingFunction(StrEnum):
    """How a low-rank representation of one modality is routed by the other's (arXiv 2403.09377)."""

    MUL = "mul"
    ADD = "add"
    EXPAND = "expand"
    OUTER = "outer"
    OUTER_RELU = "outer-relu"
    SELF = "self"
    ONES = "ones"  # the authors' ablation of `outer`: ones in place of the last factor
    ONES_RELU = "ones-relu"  # the same of `outer-relu`


class Direction(StrEnum):
    """Which tokens are routed by the other modality's summary."""

    TEXT = "text"
    IMAGE = "image"
    BOTH = "both"

    def routes(self, modality: Modality) -> bool:
        """Whether tokens of this modality are routed."""
        return self is Direction.BOTH or self.value == modality.value


class Granularity(StrEnum):
    """The size of VL-PET's matrix over N tokens of width d."""

    FULL = "full"  # N x d
    ROW = "row"  # N x 1
    COLUMN = "column"  # 1 x d
    SCALAR = "scalar"  # 1 x 1


class ContextForm(StrEnum):
    """What Context-PEFT keeps apart by modality."""

    LORA = "lora"
    BIAS = "bias"


def no_options(spec: ModuleSpec) -> None:
    """Pass a module without options.

    Raises:
        ValueError: it has some.
    """
    _at_most(spec, 0)


def grouped(spec: ModuleSpec) -> None:
    """Pass a module whose up-projection works on two halves.

    Raises:
        ValueError: its size is odd, or it has options.
    """
    no_options(spec)
    if spec.size % 2:
        raise ValueError(f"module '{spec}': the size is even, for its two groups; not {spec.size}")


def routing(spec: ModuleSpec) -> tuple[RoutingFunction, Direction]:
    """The routing function and which tokens it routes; both modalities' by default.

    Raises:
        ValueError: the function is missing or unknown, or so is the direction.
    """
    _at_most(spec, 2)
    return _option(spec, 0, RoutingFunction), _option(spec, 1, Direction, Direction.BOTH)


def granularity(spec: ModuleSpec) -> Granularity:
    """VL-PET's granularity, which has to be named.

    Raises:
        ValueError: it is missing or unknown.
    """
    _at_most(spec, 1)
    return _option(spec, 0, Granularity)


def context_form(spec: ModuleSpec) -> ContextForm:
    """What Context-PEFT keeps apart; LoRA pairs by default.

    Raises:
        ValueError: it is unknown, or biases are given a rank.
    """
    _at_most(spec, 1)
    form = _option(spec, 0, ContextForm, ContextForm.LORA)
    if form is ContextForm.BIAS and spec.size != 1:
        raise ValueError(f"module '{spec}': biases have no rank, so the size is 1; not {spec.size}")
    return form


def fourier_prompts(spec: ModuleSpec) -> int:
    """How many of VFPT's prompts, the first ones, are transformed: the share of them, rounded down.

    Raises:
        ValueError: the share is no number in [0, 1].
    """
    _at_most(spec, 1)
    try:
        share = float(spec.options[0]) if spec.options else FOURIER_SHARE
    except ValueError:
        share = float("nan")
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"module '{spec}': the share of Fourier prompts lies in [0, 1]; not {spec.options[0]!r}")
    return int(spec.size * share)


def _at_most(spec: ModuleSpec, options: int) -> None:
    if len(spec.options) > options:
        raise ValueError(f"module '{spec}': '{spec.kind}' takes {options or 'no'} options, not {len(spec.options)}")


def _option(spec: ModuleSpec, position: int, kind: type[Option], default: Option | None = None) -> Option:
    if position >= len(spec.options) and default is not None:
        return default
    given = spec.options[position] if position < len(spec.options) else None
    try:
        return kind(given)  # type: ignore[arg-type]  # None is no member, and is refused like any other
    except ValueError as error:
        number = "first" if position == 0 else "second"
        raise ValueError(f"module '{spec}': its {number} option is one of {', '.join(kind)}; not {given!r}") from error
