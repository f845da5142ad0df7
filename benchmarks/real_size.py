"""Backbones of real size run a real search: `python -m benchmarks.real_size [--quick] [--backbone ...] [--device ...]`.

METER (384 px) and ViLT-B/32 get random weights of the published sizes, a tokenizer, and pictures and questions in
VQAv2's layout; accuracies therefore mean nothing, and times, memory and MACs are those of the real thing. On a CPU this
is a smoke run of three candidates, the same in both precisions; on a GPU a search of sixteen with finals. What is made
is kept in the system's folder for temporary files, 1.8 GB of it.
"""

import argparse
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import ParamSpec, TypeVar

import torch
from rich.console import Console
from rich.table import Table

from benchmarks.machine import write
from benchmarks.random_backbone import random_backbone
from benchmarks.random_vqa import ANSWERS, QUESTIONS, random_vqa
from benchmarks.real_search import FULL, SMOKE, RealSize, Scale, real_search
from models.folders import Folders
from models.meter_config import MeterConfig
from models.registry import BackboneEntry
from models.vilt_config import ViltConfig
from search.precision import Precision
from workers.precision import check_precision
from workers.scorer import best_device

ROOT = Path(tempfile.gettempdir()) / "twinsieve-real-size"
CONFIGS: Mapping[str, MeterConfig | ViltConfig] = {"vilt": ViltConfig(), "meter": MeterConfig()}
HEAD = 3129  # answers of a VQAv2 head; the data has names for the first of them only

P = ParamSpec("P")
R = TypeVar("R")


def main() -> None:
    """Make what is missing, search, print the table, write `benchmarks/results/real-size.json`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two candidates, and of the backbones ViLT alone")
    parser.add_argument("--backbone", choices=(*CONFIGS, "both"), help="default: both, with --quick vilt")
    parser.add_argument("--precision", choices=(*Precision, "both"), default="both", help="default: both")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N")
    parser.add_argument("--threads", type=int, default=1, help="of the CPU")
    arguments = parser.parse_args()
    quick: bool = arguments.quick
    device = best_device() if arguments.device == "auto" else torch.device(arguments.device)
    if device.type == "cuda" and not torch.cuda.is_available():
        parser.error(f"--device {device}: torch finds no GPU here; use --device cpu, or install torch for CUDA")
    precisions = tuple(Precision) if arguments.precision == "both" else (Precision(arguments.precision),)
    try:
        for precision in precisions:
            check_precision(precision, device)
    except ValueError as error:
        parser.error(str(error))
    chosen = arguments.backbone or ("vilt" if quick else "both")
    scale = scale_for(device, quick=quick)
    kinds = tuple(CONFIGS) if chosen == "both" else (chosen,)
    found = [
        in_own_process(run, kind, precision, scale, str(device), arguments.threads)
        for kind in kinds
        for precision in precisions
    ]
    Console().print(table(found))
    figures = {"runs": [each.to_json() for each in found], "times_as_fast_as_float32": gains(found)}
    file = write("real-size-quick" if quick else "real-size", figures)
    Console().print(f"written to {file}")


def scale_for(device: torch.device, *, quick: bool) -> Scale:
    """As much as the device does in a few minutes, or with `quick` in less than two."""
    scale = SMOKE if device.type == "cpu" else FULL
    return replace(scale, candidates=2, population=None, steps=1, fitness=8, finals=False) if quick else scale


def in_own_process(call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """What `call` returns, with its memory to itself: a peak is never that of an earlier call."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(call, *args, **kwargs).result()


def run(kind: str, precision: Precision, scale: Scale, device: str, threads: int) -> RealSize:
    """The search on one backbone in one precision."""
    data = random_vqa(ROOT / "data" / f"vqav2-{scale.images}", images=scale.images)
    entry = in_own_process(make, kind)
    folders = Folders(data=data.parent)
    return real_search(
        entry, folders, scale, data=data.name, device=torch.device(device), threads=threads, precision=precision
    )


def make(kind: str) -> BackboneEntry:
    """The random backbone of published size, as it is found by name."""
    answers = (*ANSWERS, *(f"unused answer {number}" for number in range(HEAD - len(ANSWERS))))
    return random_backbone(ROOT / "backbones" / f"random-{kind}", CONFIGS[kind], answers=answers, texts=QUESTIONS)


def gains(found: Sequence[RealSize]) -> dict[str, dict[str, float]]:
    """By backbone how many times as fast bfloat16 is as float32; nothing of one that has not run in both."""
    runs = {(each.backbone, each.precision): each for each in found}
    pairs = {
        backbone: (runs[backbone, Precision.FLOAT32], runs[backbone, Precision.BFLOAT16])
        for backbone, precision in runs
        if precision == Precision.BFLOAT16 and (backbone, Precision.FLOAT32) in runs
    }
    return {
        backbone: {
            "forward call": rounded.forward_examples_per_second / exact.forward_examples_per_second,
            "candidate": exact.candidate_seconds / rounded.candidate_seconds,
            "whole search": exact.search_seconds / rounded.search_seconds,
        }
        for backbone, (exact, rounded) in pairs.items()
    }


def table(found: Sequence[RealSize]) -> Table:
    """A column for each run; below, what a lower precision gains."""
    columns = (f"{each.backbone} {each.precision}" for each in found)
    shown, gained = Table("", *columns, title=f"real sizes on {found[0].device}", box=None), gains(found)
    for name, write_one in LINES.items():
        shown.add_row(name, *map(write_one, found))
    for name in next(iter(gained.values()), {}):
        cells = (f"{gained[each.backbone][name]:.2f}" if each.precision == Precision.BFLOAT16 else "" for each in found)
        shown.add_row(f"{name}, times as fast", *cells)
    return shown


LINES: Mapping[str, Callable[[RealSize], str]] = {
    "M parameters": lambda each: f"{each.parameters / 1e6:.1f}",
    "forward call, GMACs / example": lambda each: f"{each.forward_gmacs:.2f}",
    "forward call, examples / s": lambda each: f"{each.forward_examples_per_second:.2f}",
    "forward call, GMACs / s": lambda each: f"{each.forward_gmacs_per_second:.0f}",
    "opening, s": lambda each: f"{each.opening_seconds:.1f}",
    "candidates": lambda each: str(each.candidates),
    "candidate, GMACs / example": lambda each: f"{min(each.candidate_gmacs):.1f} to {max(each.candidate_gmacs):.1f}",
    "candidate, examples": lambda each: str(each.candidate_examples),
    "candidate, s": lambda each: f"{each.candidate_seconds:.2f}",
    "candidate, examples / s": lambda each: f"{each.candidate_examples_per_second:.2f}",
    "whole search, s": lambda each: f"{each.search_seconds:.1f}",
    "peak memory, GiB": lambda each: f"{each.peak_memory_gib:.2f}",
}


if __name__ == "__main__":
    main()
