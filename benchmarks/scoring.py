"""How many candidates a minute one worker scores: one at a time, in packs, with a process for each.

`python -m benchmarks.scoring [--backbone ...] [--device ...] [--quick]`. The same candidates all ways, in turns; the
measurements must agree, on the CPU to the bit, and of ways in bfloat16 it is told how far they are off. A process for
each candidate (Python, imports, backbone, score) is what evaluators in the style of mergekit-evolve pay. Beside the
speed: the share of time inside matrix products, the peak memory, several worker processes, and the screen with its warm
start. 'vilt' and 'meter' have random weights of the published sizes: their times mean something, their accuracies do
not.
"""

import argparse
import os
import sys

import torch
from rich.console import Console

from benchmarks.machine import write
from benchmarks.packs import scoring
from benchmarks.packs_table import different, tables
from benchmarks.packs_world import BACKBONES, FULL, QUICK


def main() -> None:
    """Measure, print the tables, write `results/scoring-BACKBONE[-cuda].json`; fails where the ways do not agree."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backbone", choices=BACKBONES, default="shapes-vilt")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument(
        "--quick", action="store_true", help="few candidates and steps, one turn: a check of the command"
    )
    arguments = parser.parse_args()
    device: str = arguments.device
    if device == "cuda" and not torch.cuda.is_available():
        parser.error("--device cuda: torch finds no GPU here; use --device cpu, or install torch for CUDA")
    quick: bool = arguments.quick
    workers = device == "cpu" and (os.cpu_count() or 1) > 1
    try:
        figures, whole = scoring(arguments.backbone, QUICK if quick else FULL, device=device, workers=workers)
    except KeyboardInterrupt:
        parser.exit(130, "interrupted before a turn was complete\n")
    console = Console()
    for each in tables(figures):
        console.print(each)
    if whole:
        name = "-".join(["scoring", arguments.backbone, *([device] * (device != "cpu")), *(["quick"] * quick)])
        console.print(f"written to {write(name, figures)}")
    if device == "cpu" and (wrong := different(figures)):
        sys.exit(f"these give other accuracies than one candidate at a time: {', '.join(wrong)}")


if __name__ == "__main__":
    main()
