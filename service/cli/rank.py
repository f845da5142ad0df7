"""`twinsieve rank`: what training-free scores say of a backbone's sub-layers."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Column, Table

from models.architecture import Architecture, Choice
from models.cost import cost_model
from models.registry import BackboneEntry, BackboneRegistry
from models.scores.names import Passes, ScoreName
from models.workload import TaskName
from service.cli.errors import UserError
from service.cli.output import AsJson, print_json
from service.settings import Settings

if TYPE_CHECKING:
    from models.scores.contract import ScoringInputs

DEFAULT_SCORES = (ScoreName.MULTIFLOW, ScoreName.RESIDUAL)  # these need neither a head nor a backward pass
SCORE_HELP = f"May be given several times; {' and '.join(DEFAULT_SCORES)} if it is not."


@dataclass(frozen=True, slots=True)
class Scored:
    """One score of every sub-layer in gene order, with its ranks, and what it took."""

    values: Sequence[float]
    passes: Passes
    seconds: float

    @property
    def ranks(self) -> list[int]:
        """1 is most worth keeping; equals share a rank."""
        return [1 + sum(other > value for other in self.values) for value in self.values]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(rank)


def rank(
    *,
    backbone: Annotated[str, typer.Option(help="A registered backbone.")] = "shapes-vilt",
    task: Annotated[TaskName, typer.Option(help="Whose examples, and whose head where a score asks it.")],
    score: Annotated[list[ScoreName] | None, typer.Option(help=SCORE_HELP)] = None,
    parameters: Annotated[
        int | None, typer.Option(min=1, help="With adapeft: which modules to train within so many parameters.")
    ] = None,
    data: Annotated[str, typer.Option(help="A registered data set.")] = "shapes",
    examples: Annotated[int, typer.Option(min=1, help="Of the train split; as many of the fitness split.")] = 256,
    as_json: AsJson = False,
) -> None:
    """Rank a backbone's sub-layers without training: in every score, a higher value is more worth keeping."""
    if parameters is not None and ScoreName.ADAPEFT not in (score or DEFAULT_SCORES):
        raise UserError("--parameters chooses among modules by their AdaPEFT gain: add --score adapeft")
    try:
        entry = BackboneRegistry(Settings().backbones).get(backbone)
        shares = mac_shares(entry, task)
        scored = _measured(_inputs(entry, task, data=data, examples=examples), score or DEFAULT_SCORES)
        trained = None if parameters is None else worth_training(entry, task, scored[ScoreName.ADAPEFT], parameters)
    except (OSError, ValueError) as error:
        raise UserError(str(error)) from None
    if as_json:
        asked = {"backbone": backbone, "task": task, "data": data, "examples": examples}
        chosen = {} if trained is None else {"parameters": parameters, "trained": trained}
        print_json(asked | _report(entry, shares, scored) | chosen)
        return
    console = Console()
    console.print(_table(entry, shares, scored))
    for name, each in scored.items():
        console.print(f"{name}: passes of {examples:,} examples: {_cost(each.passes)}; {each.seconds:.1f} s")
    if trained is not None:
        console.print(f"adapeft: within {parameters:,} parameters, train at: {', '.join(trained) or 'nothing'}")


def mac_shares(entry: BackboneEntry, task: TaskName) -> list[float]:
    """The share of an example's MACs, with everything kept, that each sub-layer takes."""
    cost = cost_model(entry.config, entry.workload(task))
    full = Architecture.full(entry.config.sub_layers)
    total, places = cost.macs(full), range(len(full.choices))
    without = (tuple(Choice(keep=at != place) for at in places) for place in places)
    return [1 - cost.macs(Architecture(choices)) / total for choices in without]


def worth_training(entry: BackboneEntry, task: TaskName, gains: Scored, parameters: int) -> list[str]:
    """The sub-layers whose modules gain most together within a budget of parameters: AdaPEFT's knapsack."""
    from models.scores.adapeft import default_module
    from models.scores.knapsack import knapsack

    cost, sub_layers = cost_model(entry.config, entry.workload(task)), entry.config.sub_layers
    adapted, bare = Choice(module=default_module(entry.config)), cost.parameters(Architecture.full(sub_layers)).total
    places = range(len(sub_layers))
    alone = (Architecture(tuple(adapted if at == place else Choice() for at in places)) for place in places)
    sizes = [cost.parameters(architecture).total - bare for architecture in alone]
    return [str(sub_layers[place]) for place in knapsack(gains.values, sizes, parameters)]


def _inputs(entry: BackboneEntry, task: TaskName, *, data: str, examples: int) -> "ScoringInputs":
    from models.batch import Split
    from models.checkpoints import load_network
    from models.datasets import open_data
    from models.scores.contract import ScoringInputs
    from workers.scorer import best_device

    opened, network, device = open_data(data, task), load_network(entry.path), best_device()
    network.backbone.to(device)
    network.heads.to(device)
    return ScoringInputs(
        network=network,
        task=task,
        calibration=opened.examples(Split.TRAIN, examples),
        held_out=opened.examples(Split.FITNESS, examples),
    )


def _measured(scoring: "ScoringInputs", names: Sequence[ScoreName]) -> dict[ScoreName, Scored]:
    from models.scores.registry import SCORES

    scored, sub_layers = {}, len(scoring.network.config.sub_layers)
    for name in dict.fromkeys(names):
        with Console(stderr=True).status(f"measuring {name}"):
            start = time.perf_counter()
            values = SCORES[name](scoring)
            scored[name] = Scored(values, name.passes(sub_layers), time.perf_counter() - start)
    return scored


def _table(entry: BackboneEntry, shares: Sequence[float], scored: Mapping[ScoreName, Scored]) -> Table:
    numbers = ("MACs", *(column for name in scored for column in (name, "rank")))
    table = Table("sub-layer", *(Column(header, justify="right") for header in numbers), box=None)
    for place, sub_layer in enumerate(entry.config.sub_layers):
        cells = [(f"{each.values[place]:.4g}", str(each.ranks[place])) for each in scored.values()]
        table.add_row(str(sub_layer), f"{shares[place]:.1%}", *(cell for pair in cells for cell in pair))
    return table


def _cost(passes: Passes) -> str:
    """What a score costs, in words."""
    if passes.backward:
        return f"{passes.forward} forward and {passes.backward} backward"
    return f"{passes.forward} forward"


def _report(entry: BackboneEntry, shares: Sequence[float], scored: Mapping[ScoreName, Scored]) -> dict[str, Any]:
    """The table as plain data."""
    sub_layers = [
        {
            "name": str(sub_layer),
            "macs_share": shares[place],
            "scores": {name: {"value": each.values[place], "rank": each.ranks[place]} for name, each in scored.items()},
        }
        for place, sub_layer in enumerate(entry.config.sub_layers)
    ]
    costs = {name: asdict(each.passes) | {"seconds": each.seconds} for name, each in scored.items()}
    return {"scores": costs, "sub_layers": sub_layers}
