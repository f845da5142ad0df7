"""`CostFigure`: something a network costs, as it is known from elsewhere, and how to ask a cost model for it."""

from collections.abc import Callable
from dataclasses import asdict, dataclass

from models.cost import CostModel, cost_model
from models.meter_config import MeterConfig
from models.vilt_config import ViltConfig
from models.workload import TaskName, Workload


@dataclass(frozen=True, slots=True)
class Setup:
    """A network and one VQA example for it; lengths in tokens, image sides in pixels."""

    config: MeterConfig | ViltConfig
    text_tokens: int
    height: int = 384
    width: int = 384

    @property
    def workload(self) -> Workload:
        """The example, with the 3129 answers of VQAv2."""
        return Workload(
            task=TaskName.VQA,
            text_tokens=self.text_tokens,
            image_height=self.height,
            image_width=self.width,
            answers=3129,
        )

    @property
    def closed_form(self) -> CostModel:
        """The formulas that a search goes by."""
        return cost_model(self.config, self.workload)


@dataclass(frozen=True, slots=True)
class CostFigure:
    """One figure: `ask` gives it in `unit` by a cost model; `known` is the number elsewhere, with the digits it has.

    `source` says where it comes from, `allowed` by how much ours may differ (in `unit`) if not by rounding alone, and
    `note` why.
    """

    name: str
    unit: str
    setup: Setup
    ask: Callable[[CostModel], float]
    known: str
    source: str
    allowed: float | None = None
    note: str = ""

    @property
    def tolerance(self) -> float:
        """The largest difference that is none: half of the last digit, if nothing else is said."""
        if self.allowed is not None:
            return self.allowed
        decimals = len(self.known.partition(".")[2])
        return 0.5 * 10.0**-decimals + 1e-9


@dataclass(frozen=True, slots=True)
class CostRow:
    """A figure three ways: by our formulas, by the counter, and as known from elsewhere."""

    name: str
    unit: str
    ours: float
    counted: float
    known: str
    source: str
    tolerance: float
    note: str

    @classmethod
    def of(cls, figure: CostFigure, *, ours: CostModel, counter: CostModel) -> "CostRow":
        """The row of a figure by two cost models."""
        return cls(
            figure.name,
            figure.unit,
            figure.ask(ours),
            figure.ask(counter),
            figure.known,
            figure.source,
            figure.tolerance,
            figure.note,
        )

    @property
    def difference(self) -> float:
        """Ours against the known one, in percent."""
        return 100 * (self.ours / float(self.known) - 1)

    @property
    def agrees(self) -> bool:
        """Formula and counter say the same, and what is known."""
        return self.ours == self.counted and abs(self.ours - float(self.known)) <= self.tolerance

    def to_json(self) -> dict[str, object]:
        """Plain data."""
        more = {"known": float(self.known), "difference_percent": self.difference, "agrees": self.agrees}
        return asdict(self) | more
