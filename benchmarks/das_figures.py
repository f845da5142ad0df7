"""What DAS's adapters cost and its skipped layers save, and the patch ratios that Double-Filter's saving asks for."""

from collections.abc import Collection, Iterator
from functools import partial
from itertools import product

from benchmarks.cost_figure import CostFigure, Setup
from benchmarks.cost_figures import DERIVED, METER, SHORT, VILT, VILT_SQUARE, full
from models.architecture import Architecture, Choice, PatchKeep, Stack, SubLayer, SubLayerKind, bottleneck
from models.cost import CostModel

DAS_CODE = "DAS (NeurIPS 2023), its code"
DAS_PAPER = "DAS (NeurIPS 2023)"
DOUBLE_FILTER = "derived from 21.18 G saved (Double-Filter, ICML 2025)"

TWO_AND_TWO = "the paper names neither the layers nor the unit; it fits two layers of each stream, in MACs"
READ_AS = "21.18 G read as MACs, net of DAS's adapters, without a foreground provider; derived to 0.01"

FUSION = (Stack.TEXT, Stack.IMAGE)
ADAPTERS = {96: "149856", 192: "297408", 288: "444960"}
SAVED = 21.18e9  # MACs, of METER VQA

Skipped = Collection[tuple[Stack, int]]
"""Fusion layers by stream and depth."""


def das_figures() -> tuple[CostFigure, ...]:
    """All of them."""
    return (*_adapters(), *_savings(), *_patch_ratios())


def das_meter(skipped: Skipped, patches: PatchKeep | None = None) -> Architecture:
    """DAS's METER: adapters of 96 beside each fusion sub-layer, one of 288 in a skipped layer's place."""

    def choice(gene: SubLayer) -> Choice:
        if gene.stack not in FUSION:
            return Choice()
        if (gene.stack, gene.block) not in skipped:
            return Choice(True, bottleneck(96))
        first = gene.kind is SubLayerKind.SELF_ATTENTION
        return Choice(False, bottleneck(288), bare=True) if first else Choice(keep=False)

    return Architecture(tuple(choice(gene) for gene in METER.sub_layers), patches, classifier_token=True)


def das_vilt(skipped: Collection[int]) -> Architecture:
    """DAS's ViLT: adapters of 96 beside each sub-layer, one of 192 in a skipped block's place."""

    def choice(gene: SubLayer) -> Choice:
        if gene.block not in skipped:
            return Choice(True, bottleneck(96))
        first = gene.kind is SubLayerKind.SELF_ATTENTION
        return Choice(False, bottleneck(192) if first else None)

    return Architecture(tuple(choice(gene) for gene in VILT.sub_layers))


def _trained(architecture: Architecture, setup: Setup, cost: CostModel) -> float:
    """Parameters of the adapters alone."""
    token = setup.config.hidden_size if architecture.classifier_token else 0
    return cost.parameters(architecture).trainable - cost.parameters(full(setup)).trainable - token


def _adapters() -> Iterator[CostFigure]:
    def one(size: int) -> Architecture:
        choices = full(SHORT).choices
        return Architecture((Choice(True, bottleneck(size)), *choices[1:]))

    two_and_two = set(product(FUSION, range(2)))
    rows: list[tuple[str, Setup, Architecture, str]] = [
        *((f"one adapter of {size}", SHORT, one(size), known) for size, known in ADAPTERS.items()),
        ("METER-DAS adapters, none skipped", SHORT, das_meter(()), "5394816"),
        ("METER-DAS adapters, 4 layers skipped", SHORT, das_meter(two_and_two), "5376384"),
        ("ViLT-DAS adapters, none skipped", VILT_SQUARE, das_vilt(()), "3596544"),
        ("ViLT-DAS adapters, 1 block skipped", VILT_SQUARE, das_vilt((5,)), "3594240"),
    ]
    for name, setup, architecture, known in rows:
        yield CostFigure(name, "parameters", setup, partial(_trained, architecture, setup), known, DAS_CODE)

    def added(cost: CostModel) -> float:
        return (cost.macs(das_meter(())) - cost.macs(full(SHORT))) / 1e9

    yield CostFigure("METER-DAS: all in-layer adapters", "GMACs", SHORT, added, "1.64", DERIVED)


def _savings() -> Iterator[CostFigure]:
    """Four layers skipped, net of adapters, against METER without any, 40 text tokens."""

    def change(skipped: Skipped, cost: CostModel) -> float:
        return 100 * (cost.macs(das_meter(skipped)) / cost.macs(full(SHORT)) - 1)

    for images, known in enumerate(("-2.75", "-7.37", "-12.00", "-16.63", "-21.26")):
        skipped = frozenset(product((Stack.IMAGE,), range(images))) | set(product((Stack.TEXT,), range(4 - images)))
        name = f"METER-DAS, {images} image + {4 - images} text layers skipped"
        yield CostFigure(name, "% MACs", SHORT, partial(change, skipped), known, DERIVED)
        if images == 2:
            yield CostFigure(name, "% MACs", SHORT, partial(change, skipped), "-11.97", DAS_PAPER, 0.04, TWO_AND_TWO)


def _patch_ratios() -> Iterator[CostFigure]:
    """The largest share of the patches with which METER-DAS, 40 text tokens, saves what Double-Filter publishes."""
    blocks = {f"after CLIP's block {block}": block for block in (3, 6, 9)}
    places = {"before CLIP": 0, **blocks, "after CLIP": METER.vision_blocks}
    known = {
        "nothing skipped": ((), ("0.76", "0.71", "0.64", "0.53", "0.41")),
        "2 + 2 layers skipped": (frozenset(product(FUSION, range(2))), ("0.88", "0.85", "0.81", "0.73", "0.63")),
    }
    for what, (skipped, ratios) in known.items():
        for (where, place), ratio in zip(places.items(), ratios, strict=True):
            name = f"patches kept for -21.18 GMACs, {where}, {what}"
            ask = partial(largest_ratio, skipped, place)
            yield CostFigure(name, "share", SHORT, ask, ratio, DOUBLE_FILTER, 0.01, READ_AS)


def largest_ratio(skipped: Skipped, place: int, cost: CostModel) -> float:
    """The largest share of 576 patches, kept after `place` blocks of CLIP, with which `SAVED` is saved."""
    patches, bound = METER.grid**2, cost.macs(full(SHORT)) - SAVED
    enough, too_many = 0, patches
    while too_many - enough > 1:
        middle = (enough + too_many) // 2
        if cost.macs(das_meter(skipped, PatchKeep(middle / patches, place))) <= bound:
            enough = middle
        else:
            too_many = middle
    return enough / patches
