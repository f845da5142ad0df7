"""What METER and ViLT cost, as counted or derived elsewhere: whole networks, their parts, single sub-layers."""

from collections.abc import Callable, Iterator
from functools import partial

from benchmarks.cost_figure import CostFigure, Setup
from models.architecture import Architecture, Choice, Stack, SubLayer, SubLayerKind
from models.cost import CostModel
from models.meter_config import MeterConfig
from models.vilt_config import ViltConfig

METER, VILT = MeterConfig(), ViltConfig()
SHORT, LONG = Setup(METER, 40), Setup(METER, 50)
VILT_SQUARE = Setup(VILT, 40)

RUN = "counted on the original network"
DERIVED = "derived from the published sizes"
UNREAD = "the 0.63 M more are tensors of the checkpoint that no forward pass reads: RoBERTa's pooler, CLIP's text part"


def backbone_figures() -> tuple[CostFigure, ...]:
    """All of them."""
    return (*_meter(), *_meter_parts(), *_meter_layers(), *_vilt())


def full(setup: Setup) -> Architecture:
    """Everything kept, nothing added."""
    return Architecture.full(setup.config.sub_layers)


def without(setup: Setup, gone: Callable[[SubLayer], bool]) -> Architecture:
    """Everything kept but the sub-layers that are `gone`, with nothing in their place."""
    return Architecture(tuple(Choice(keep=not gone(gene)) for gene in setup.config.sub_layers))


def _giga(architecture: Architecture, cost: CostModel) -> float:
    return cost.macs(architecture) / 1e9


def _giga_of(setup: Setup, gone: Callable[[SubLayer], bool], cost: CostModel) -> float:
    """GMACs of some sub-layers: what dropping them saves."""
    return (cost.macs(full(setup)) - cost.macs(without(setup, gone))) / 1e9


def _meter() -> Iterator[CostFigure]:
    def row(setup: Setup, known: str, source: str) -> CostFigure:
        name = f"METER VQA, {setup.width} px, {setup.text_tokens} text tokens"
        return CostFigure(name, "GMACs", setup, partial(_giga, full(setup)), known, source)

    yield row(SHORT, "93.13", DERIVED)
    yield row(LONG, "94.69", RUN)
    yield row(Setup(MeterConfig(image_size=288), 50, 288, 288), "54.33", RUN)
    yield row(Setup(MeterConfig(image_size=576), 50, 576, 576), "228.26", RUN)

    def millions(cost: CostModel) -> float:
        return cost.parameters(full(LONG)).total / 1e6

    yield CostFigure("METER VQA, 384 px", "M parameters", LONG, millions, "326.65", RUN, 0.64, UNREAD)


def _meter_parts() -> Iterator[CostFigure]:
    """At 40 text tokens. An image encoder's patch embedding, which no architecture drops, is added by its formula."""
    embedding = (METER.image_size // METER.patch_size) ** 2 * METER.vision_width * 3 * METER.patch_size**2 / 1e9

    def part(stack: Stack, cost: CostModel) -> float:
        extra = embedding if stack is Stack.VISION else 0.0
        return extra + _giga_of(SHORT, lambda gene: gene.stack is stack, cost)

    names = {
        "METER: CLIP with its patch embedding": (Stack.VISION, "50.89"),
        "METER: RoBERTa": (Stack.LANGUAGE, "3.43"),
        "METER: fusion, image stream": (Stack.IMAGE, "32.15"),
        "METER: fusion, text stream": (Stack.TEXT, "6.29"),
    }
    for name, (stack, known) in names.items():
        yield CostFigure(f"{name}, 40 text tokens", "GMACs", SHORT, partial(part, stack), known, DERIVED)


def _meter_layers() -> Iterator[CostFigure]:
    """One fusion layer of each stream by sub-layer, then one block of each encoder."""
    known = {
        (SHORT, Stack.IMAGE): ("1.873", "0.763", "2.723", "5.359"),
        (SHORT, Stack.TEXT): ("0.097", "0.763", "0.189", "1.049"),
        (LONG, Stack.IMAGE): ("1.873", "0.784", "2.723", None),
        (LONG, Stack.TEXT): ("0.122", "0.784", "0.236", None),
    }
    for (setup, stack), numbers in known.items():
        source = DERIVED if setup is SHORT else RUN
        for kind, number in zip((*SubLayerKind, None), numbers, strict=True):
            if number is not None:
                yield _one_layer(setup, stack, kind, number, source=source)
    yield _one_layer(LONG, Stack.VISION, None, "4.595", source=RUN)
    yield _one_layer(LONG, Stack.LANGUAGE, None, "0.358", source=RUN)


def _one_layer(setup: Setup, stack: Stack, kind: SubLayerKind | None, known: str, *, source: str) -> CostFigure:
    def gone(gene: SubLayer) -> bool:
        return (gene.stack, gene.block) == (stack, 0) and kind in (gene.kind, None)

    what = f"{stack}.0" if kind is None else f"{stack}.0.{kind}"
    name = f"METER: {what}, {setup.text_tokens} text tokens"
    return CostFigure(name, "GMACs", setup, partial(_giga_of, setup, gone), known, source)


def _vilt() -> Iterator[CostFigure]:
    def millions(cost: CostModel) -> float:
        return cost.parameters(full(VILT_SQUARE)).total / 1e6

    def block(cost: CostModel) -> float:
        gone = without(VILT_SQUARE, lambda gene: gene.block == 0)
        return (cost.parameters(full(VILT_SQUARE)).total - cost.parameters(gone).total) / 1e6

    for setup, known in ((VILT_SQUARE, "16.69"), (Setup(VILT, 40, 384, 608), "24.73")):
        name = f"ViLT VQA, {setup.height} x {setup.width} px, 40 text tokens"
        yield CostFigure(name, "GMACs", setup, partial(_giga, full(setup)), known, RUN)
    yield CostFigure("ViLT VQA", "M parameters", VILT_SQUARE, millions, "117.6", RUN)
    yield CostFigure("ViLT: one block", "M parameters", VILT_SQUARE, block, "7.088", RUN)
