"""Our search algorithms in the contest: every one that the contract tests know and that measures candidates."""

from collections.abc import Mapping

from pydantic import TypeAdapter

from benchmarks.quality_loop import Entry
from benchmarks.quality_problem import Problem, Seen
from search.algorithm_spec import AlgorithmSpec
from search.algorithms import search_algorithm
from search.contracts import Candidate, Genome, SearchAlgorithm
from search.spec import Objective, SearchSpec
from tests.search.algorithms import EXAMPLES, Example

OBJECTIVES = (Objective.ACCURACY, Objective.MACS)


class Ours:
    """One of our algorithms, asked one candidate at a time."""

    uses_infeasible = True  # ours ask feasible ones, but for the greedy one, which learns from what is above the budget

    def __init__(self, algorithm: SearchAlgorithm) -> None:
        self._algorithm = algorithm
        self._candidate: Candidate | None = None

    def ask(self) -> Genome | None:
        """The next chromosome; None when it is finished."""
        self._candidate = self._algorithm.ask()
        return None if self._candidate is None else self._candidate.genome

    def tell(self, genome: Genome, seen: Seen) -> None:
        """Take the answer to the last ask."""
        del genome
        assert self._candidate is not None  # noqa: S101 - for the type alone
        self._algorithm.tell(self._candidate.index, {"accuracy": seen.accuracy, "macs": float(seen.macs), **UNUSED})


UNUSED = {"parameters": 0.0, "trainable_parameters": 0.0, "seconds": 0.0}  # a measurement has them


def _entry(example: Example) -> Entry:
    def enter(problem: Problem, evaluations: int, seed: int) -> Ours:
        bare = SearchSpec(seed=seed)
        algorithm: AlgorithmSpec = TypeAdapter(AlgorithmSpec).validate_python(dict(example.settings))
        budget = bare.budget.model_copy(update={"candidates": evaluations})
        changed = {"algorithm": algorithm, "objectives": example.objectives, "budget": budget}
        return Ours(search_algorithm(bare.model_copy(update=changed), problem.space, problem.budget))

    return enter


def ours(objectives: int) -> Mapping[str, Entry]:
    """By name, those for accuracy alone or for accuracy and MACs, that need no look at a network first."""
    return {
        f"ours: {name}": _entry(example)
        for name, example in EXAMPLES.items()
        if example.proxies and not example.probes and example.objectives == OBJECTIVES[:objectives]
    }
