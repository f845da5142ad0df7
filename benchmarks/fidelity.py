"""Is the search worth doing, and can its short fine-tune be trusted? Random masks of equal MACs, short against long.

`python -m benchmarks.fidelity [--quick]`. Every mask keeps 8 self-attentions and 8 FFNs of 12 each. For each it
measures accuracy on the fitness split with nothing trained and after short fine-tunes, and on the validation split,
which shares no image with the other, after a long one of the same kind (adapters, pooler and head; backbone frozen).
It reports the spread and Spearman's rank correlation of short with long, with a bootstrap interval over masks. Seeds of
the fine-tune tell how much of the spread is noise.
"""

import argparse
import random
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from scipy.stats import spearmanr

from benchmarks.machine import write
from benchmarks.measuring import Question, ask, with_steps
from search.contracts import Fidelity, Genome
from search.spec import SearchSpec

SEED = 20_240
BLOCKS, KEPT = 12, 8
RESAMPLES = 2000


def masks(count: int, *, seed: int = SEED) -> list[Genome]:
    """Different random chromosomes that keep 8 of 12 self-attentions and 8 of 12 FFNs: equal MACs by construction."""
    rng = random.Random(seed)
    found: dict[Genome, None] = {}
    while len(found) < count:
        genome = [0] * (2 * BLOCKS)
        for kind in (0, 1):
            for block in rng.sample(range(BLOCKS), KEPT):
                genome[2 * block + kind] = 1
        found[tuple(genome)] = None
    return list(found)


def correlation(short: Sequence[float], long: Sequence[float], *, seed: int = SEED) -> dict[str, float]:
    """Spearman's rho and its 95 % percentile bootstrap interval over masks."""
    pairs = np.array([short, long])
    rng = np.random.default_rng(seed)
    picks = rng.integers(0, pairs.shape[1], (RESAMPLES, pairs.shape[1]))
    resampled = np.array([_rho(pairs[:, pick]) for pick in picks])
    low, high = np.nanpercentile(resampled, [2.5, 97.5])
    return {"rho": _rho(pairs), "low": float(low), "high": float(high)}


def _rho(pairs: NDArray[np.float64]) -> float:
    return float(spearmanr(pairs[0], pairs[1]).statistic)


def spread(values: Sequence[float]) -> dict[str, float]:
    """Where accuracies lie."""
    low, tenth, middle, ninetieth, high = np.percentile(values, [0, 10, 50, 90, 100]).tolist()
    return {"min": low, "p10": tenth, "median": middle, "p90": ninetieth, "max": high, "sd": statistics.stdev(values)}


@dataclass(frozen=True, slots=True)
class Row:
    """How masks fare after a fine-tune of `steps`; without a correlation for the long one, which is the measure."""

    steps: int
    accuracy: Mapping[str, float]
    spearman_with_long: Mapping[str, float] | None
    seconds: float  # median a candidate


def row(steps: int, measured: Sequence[Mapping[str, float]], long: Sequence[float] | None) -> Row:
    """The summary of one length of fine-tune."""
    accuracies = [each["accuracy"] for each in measured]
    rho = None if long is None else correlation(accuracies, long)
    return Row(steps, spread(accuracies), rho, statistics.median(each["seconds"] for each in measured))


def main() -> None:
    """Measure, print the table, write `benchmarks/results/fidelity.json`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer masks, a shorter long fine-tune")
    quick = parser.parse_args().quick
    count, shorts, long, seeds = (16, [0, 20], 100, 2) if quick else (60, [0, 10, 20], 200, 3)
    spec, genomes, name = SearchSpec(), masks(count), "fidelity-quick" if quick else "fidelity"

    def measured(steps: int, *, seed: int = 0) -> list[dict[str, float]]:
        asked = with_steps(spec, steps, seed=seed)
        return ask([Question(asked, each) for each in genomes], title=f"{steps} steps, seed {seed}", kept_in="fidelity")

    judged = [Question(with_steps(spec, long, stage="final"), each, Fidelity.FINAL) for each in genomes]
    reference = ask(judged, title=f"{long} steps", kept_in="fidelity")
    accuracies = [each["accuracy"] for each in reference]
    rows = [row(steps, measured(steps), accuracies) for steps in shorts] + [row(long, reference, None)]
    noise = _noise([[each["accuracy"] for each in measured(shorts[-1], seed=seed)] for seed in range(seeds)])
    _print(rows)
    print(f"{count} masks, each keeps {2 * KEPT} of {2 * BLOCKS} sub-layers: {reference[0]['macs'] / 1e6:.1f} M MACs")
    print(f"between {seeds} seeds of one mask at {shorts[-1]} steps: standard deviation {noise:.4f}")
    figures = {
        "masks": count,
        "kept": f"{2 * KEPT} of {2 * BLOCKS} sub-layers",
        "macs_each": reference[0]["macs"],
        "rows": [asdict(each) for each in rows],
        "seed_noise": {"steps": shorts[-1], "seeds": seeds, "sd": noise},
        "masks_seed": SEED,
        "spec": spec.model_dump(mode="json"),
    }
    print(f"written to {write(name, figures)}")


def _noise(by_seed: Sequence[Sequence[float]]) -> float:
    """Standard deviation between seeds of the same mask, pooled over masks."""
    return float(np.sqrt(np.var(np.array(by_seed), axis=0, ddof=1).mean()))


def _print(rows: Sequence[Row]) -> None:
    table = Table("steps", "min", "p10", "median", "p90", "max", "sd", "Spearman with long (95 %)", "s / candidate")
    for each in rows:
        rho = each.spearman_with_long
        interval = "" if rho is None else f"{rho['rho']:.2f} ({rho['low']:.2f} to {rho['high']:.2f})"
        accuracies = [f"{value:.3f}" for value in each.accuracy.values()]
        table.add_row(str(each.steps), *accuracies, interval, f"{each.seconds:.1f}")
    Console().print(table)


if __name__ == "__main__":
    main()
