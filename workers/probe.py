"""A look at the whole backbone, once per search: one number for each layer gene, by the algorithm's own way."""

from statistics import fmean

from models.network import Network
from models.scores.contract import ScoringInputs
from models.scores.examples import trained_head
from models.scores.names import ScoreName
from models.scores.registry import SCORES
from search.algorithm_spec import DasSpec, training_free_score
from search.space import SearchSpace
from search.spec import SearchSpec
from workers.das import das_preferences
from workers.examples import Examples

CALIBRATION = 256  # examples of each split that a training-free score sees


def probe(
    spec: SearchSpec, space: SearchSpace, network: Network, *, train: Examples, held_out: Examples
) -> list[float]:
    """DAS's preferences (higher: skip it), or training-free scores (higher: keep it), by layer gene."""
    if isinstance(spec.algorithm, DasSpec):
        return das_preferences(spec, spec.algorithm, space, network, train=train, held_out=held_out)
    score = training_free_score(spec.algorithm)
    if score is None:
        raise ValueError(f"'{spec.algorithm.name}' looks at nothing as a whole; only das, ranked and seeds do")
    return gene_scores(spec, score, space, network, train=train, held_out=held_out)


def check_probe(spec: SearchSpec, network: Network) -> None:
    """Refuse a search whose score would ask a head drawn at random, and rank noise.

    Raises:
        NoHeadError: the score needs a head for the task, and `network` came with none that fits the data.
    """
    score = training_free_score(spec.algorithm)
    if score is not None and score.needs_head:
        trained_head(network, spec.task)


def gene_scores(
    spec: SearchSpec,
    score: ScoreName,
    space: SearchSpace,
    network: Network,
    *,
    train: Examples,
    held_out: Examples,
) -> list[float]:
    """A training-free score for each layer gene: the mean over the sub-layers that it governs (our design).

    AdaPEFT judges the module of the no-skip adapter model, its default where that carries none.
    """
    scoring = ScoringInputs(
        network=network,
        task=spec.task,
        calibration=train.batch.rows(slice(0, CALIBRATION)),
        held_out=held_out.batch.rows(slice(0, CALIBRATION)),
        module=next((choice.module for choice in space.decode(space.full).choices if choice.module is not None), None),
        seed=spec.seed,
    )
    by_place = SCORES[score](scoring)
    return [fmean(by_place[place] for place in layer.places) for layer in space.layers]
