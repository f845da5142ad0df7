"""Ratios, shares and tables of the scoring benchmark; two ways of a tiny job that must agree to the bit."""

import json
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
import torch
from rich.console import Console

from benchmarks import scoring
from benchmarks.packs import against
from benchmarks.packs_profile import shares
from benchmarks.packs_screen import SINGLY, TOGETHER, screen
from benchmarks.packs_table import different, tables
from benchmarks.packs_ways import AUTO, BF16, FRESH, PLAIN, Timed, packs, plain, plain_in, scorer, timed
from benchmarks.packs_world import QUICK, World, world
from search.precision import Precision

TINY = replace(QUICK, candidates=3, masks=3, steps=1, fitness=16, warm_steps=1)


@pytest.fixture(scope="module")
def tiny() -> World:
    return world("shapes-vilt", TINY, device="cpu")


def test_packs_measure_what_one_at_a_time_measures(tiny: World) -> None:
    genomes = tiny.genomes[:3]
    one = timed(plain(tiny), genomes)
    assert timed(packs(scorer(tiny), 2), genomes).accuracies == one.accuracies
    assert one.per_minute == 180 / one.seconds


def test_ways_in_bfloat16_round(tiny: World) -> None:
    """In packs and one at a time alike, but for the order of sums."""
    rounded = tiny.with_spec(precision="bfloat16")
    one = timed(plain_in(Precision.BFLOAT16, rounded), tiny.genomes[:3]).accuracies
    together = timed(packs(scorer(rounded), 2), tiny.genomes[:3]).accuracies
    assert one == pytest.approx(together, abs=0.13)  # two of 16 examples
    assert one == pytest.approx(timed(plain(tiny), tiny.genomes[:3]).accuracies, abs=0.13)


def test_the_screen_is_the_same_both_ways(tiny: World) -> None:
    found = screen(tiny, masks=3, warm_steps=1, repeats=1)
    assert found.masks == 3
    assert found.warm_seconds > 0
    assert found.found[TOGETHER][0].accuracies == found.found[SINGLY][0].accuracies


def test_ways_are_held_against_the_reference() -> None:
    found = {PLAIN: [Timed(6.0, (0.5, 0.6)), Timed(3.0, (0.5, 0.6))], FRESH: [Timed(30.0, (0.5,)), Timed(30.0, (0.4,))]}
    figures = against(found, PLAIN)
    assert figures[PLAIN] == {"per_minute": [20.0, 40.0], "difference": 0.0}
    assert figures[FRESH]["per_minute"] == [2.0, 2.0]
    assert figures[FRESH]["difference"] == pytest.approx(0.1)


def test_shares_tell_products_from_fused_attention() -> None:
    fused = "aten::_scaled_dot_product_flash_attention_for_cpu"
    operators = [("aten::addmm", 1.0), ("aten::bmm", 0.5), (fused, 0.25), ("aten::add", 2.0), ("attention", 9.0)]
    assert shares(operators, 5.0) == (0.3, 0.05)


def recorded() -> dict[str, Any]:
    profile = {"products": 0.5, "attention": 0.1, "peak_memory_gib": 1.0, "opening_seconds": 2.0}
    ways = {PLAIN: ([10.0, 20.0], 0.0), AUTO: ([40.0, 40.0], 0.0), FRESH: ([1.0, 2.0], 0.0)}
    screened = {TOGETHER: ([300.0], 0.0), SINGLY: ([100.0], 0.0)}
    return {
        "device": "cpu",
        "backbone": "shapes-vilt",
        "candidates": 4,
        "pack_chosen": 4,
        "ways": {way: {"per_minute": speeds, "difference": off} for way, (speeds, off) in ways.items()},
        "profiles": {PLAIN: profile, AUTO: profile},
        "screen": {
            "warm_steps": 2,
            "warm_seconds": 1.5,
            "masks": 8,
            "examples": 64,
            "found": {way: {"per_minute": speeds, "difference": off} for way, (speeds, off) in screened.items()},
        },
    }


def test_tables_come_from_recorded_json() -> None:
    console = Console(width=200, record=True, file=StringIO())
    for each in tables(json.loads(json.dumps(recorded()))):
        console.print(each)
    text = console.export_text()
    (line,) = (line for line in text.splitlines() if line.strip().startswith(AUTO))
    assert line.split()[-7:] == ["40.0", "3.00", "30.00", "0", "50.0%", "10.0%", "1.00"]
    assert "warm start of 2 steps: 1.5 s" in text
    (line,) = (line for line in text.splitlines() if line.strip().startswith(TOGETHER))
    assert "3.00" in line


def test_a_way_that_disagrees_is_named() -> None:
    figures = recorded()
    assert different(figures) == []
    figures["ways"][AUTO]["difference"] = 1e-9
    for way in ("1 process x 2 threads", BF16.format(PLAIN)):
        figures["ways"][way] = {"per_minute": [1.0], "difference": 0.1}
    assert different(figures) == [AUTO]


def test_a_gpu_that_is_not_there_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr("sys.argv", ["scoring", "--device", "cuda"])
    with pytest.raises(SystemExit) as exit_info:
        scoring.main()
    assert exit_info.value.code == 2
    assert "finds no GPU" in capsys.readouterr().err
