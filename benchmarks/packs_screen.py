"""What the screen costs: shared weights trained once, then many masks at once against one by one."""

from dataclasses import dataclass

from benchmarks.packs_ways import Score, Timed, measured, scorer, timed
from benchmarks.packs_world import World
from benchmarks.turns import in_turns
from search.contracts import Candidate, Failure, Fidelity
from workers.scorer import Scorer

TOGETHER, SINGLY = "masks at once", "masks one by one"


@dataclass(frozen=True, slots=True, kw_only=True)
class Screened:
    """Masks of all turns by way, and the seconds of the warm start before."""

    warm_steps: int
    warm_seconds: float
    masks: int
    examples: int
    found: dict[str, list[Timed]]
    whole: bool


def screen(world: World, *, masks: int, warm_steps: int, repeats: int) -> Screened:
    """Train the shared weights, then screen the same masks both ways in turns."""
    asked = world.with_spec(fidelity={"warm_steps": warm_steps, "screen": 2})
    found = scorer(asked)
    seconds = _warm(found, asked)
    ways: dict[str, Score] = {
        TOGETHER: lambda genomes: measured(found, genomes, Fidelity.SCREEN),
        SINGLY: lambda genomes: [measured(found, [genome], Fidelity.SCREEN)[0] for genome in genomes],
    }
    genomes = world.genomes[:masks]
    turns = in_turns(list(ways), repeats, lambda way, _: timed(ways[way], genomes), title="screen")
    return Screened(
        warm_steps=warm_steps,
        warm_seconds=seconds,
        masks=len(genomes),
        examples=asked.job.spec.fidelity.screen_examples,
        found=turns.found,
        whole=turns.whole,
    )


def _warm(found: Scorer, world: World) -> float:
    """The chromosome of a WARM says nothing: all share what it trains."""
    (outcome,) = found.measure([Candidate(0, world.genomes[0], Fidelity.WARM)])
    if isinstance(outcome, Failure):
        raise RuntimeError(f"the warm start failed: {outcome.reason}")  # noqa: TRY004 - no wrong type, a bad outcome
    return outcome["seconds"]
