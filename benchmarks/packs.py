"""All ways to score the same candidates, in turns, beside what they need and whether they agree."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from typing import Any

import torch
from rich.console import Console
from rich.progress import track

from benchmarks.packs_profile import profiled
from benchmarks.packs_screen import SINGLY, screen
from benchmarks.packs_ways import (
    AUTO,
    BF16,
    FRESH,
    PACK,
    PLAIN,
    Processes,
    Score,
    Timed,
    fresh,
    packs,
    plain,
    plain_in,
    scorer,
    timed,
)
from benchmarks.packs_world import Amounts, World, world
from benchmarks.real_search import device_name
from benchmarks.real_size import in_own_process
from benchmarks.turns import in_turns
from search.contracts import Fidelity
from search.precision import Precision

WORKERS: Mapping[str, tuple[int, int]] = {"1 process x 2 threads": (1, 2), "2 processes x 1 thread": (2, 1)}


def scoring(backbone: str, amounts: Amounts, *, device: str, workers: bool) -> tuple[dict[str, Any], bool]:
    """The figures, and whether nobody interrupted them; `workers` adds rows of several processes and threads."""
    asked = world(backbone, amounts, device=device)
    genomes = asked.genomes[: amounts.candidates]
    with _ways(asked, amounts, workers=workers) as (ways, chosen):

        def one(way: str, _: int) -> Timed:
            return timed(ways[way], genomes[: amounts.fresh] if way == FRESH else genomes)

        turns = in_turns(list(ways), amounts.repeats, one, title="scoring")
    screened = screen(asked, masks=amounts.masks, warm_steps=amounts.warm_steps, repeats=amounts.repeats)
    figures = {
        "device": device_name(torch.device(device)),
        "backbone": backbone,
        "candidates": len(genomes),
        "pack_chosen": chosen,
        "ways": against(turns.found, PLAIN),
        "profiles": _profiles(asked, amounts),
        "screen": {**asdict(screened), "found": against(screened.found, SINGLY)},
        "spec": asked.job.spec.model_dump(mode="json"),
    }
    return figures, turns.whole and screened.whole


def against(found: Mapping[str, Sequence[Timed]], reference: str) -> dict[str, dict[str, Any]]:
    """Of each way its candidates per minute by turn, and the largest difference of an accuracy to the reference's."""
    expected = found[reference][0].accuracies
    return {
        way: {
            "per_minute": [each.per_minute for each in turns],
            "difference": max(
                abs(ours - theirs)
                for each in turns
                for ours, theirs in zip(each.accuracies, expected, strict=False)  # a process each: only the first
            ),
        }
        for way, turns in found.items()
    }


@contextmanager
def _ways(asked: World, amounts: Amounts, *, workers: bool) -> Iterator[tuple[dict[str, Score], int]]:
    """Every way, ready to be timed, and the size of the packs that the scorer chose."""
    with ExitStack() as held:
        found = scorer(asked)
        chosen = found.pack_size(Fidelity.PROXY)
        one, auto = plain(asked), packs(found, None)
        ways = {PLAIN: one, **{PACK.format(size): packs(found, size) for size in amounts.packs}, AUTO: auto}
        ways[FRESH] = fresh(asked)
        rounded = asked.with_spec(precision=Precision.BFLOAT16)
        ways[BF16.format(PLAIN)] = plain_in(Precision.BFLOAT16, rounded)
        ways[BF16.format(AUTO)] = packs(scorer(rounded), None)
        for name, (count, threads) in WORKERS.items() if workers else ():
            ways[name] = held.enter_context(Processes(asked, count=count, threads=threads))
        yield ways, chosen


def _profiles(asked: World, amounts: Amounts) -> dict[str, dict[str, float]]:
    """One candidate after the other and packs, each in a process of its own."""
    sizes = {PLAIN: None, **{PACK.format(size): size for size in amounts.packs}, AUTO: None}
    shown = track(sizes.items(), description="profiles", console=Console(stderr=True), transient=True)
    return {
        way: asdict(in_own_process(profiled, asked, way, size, max(amounts.candidates // 2, *amounts.packs)))
        for way, size in shown
    }
