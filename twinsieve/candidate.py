"""`Candidate`: one chromosome and what became of it; `Candidates`: several, for a notebook."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from pandas import DataFrame


class Candidate(BaseModel):
    """One candidate of a search; with neither a measurement nor a failure it is still being scored."""

    model_config = ConfigDict(frozen=True)
    COLUMNS: ClassVar[tuple[str, ...]] = ("index", "fidelity", "accuracy", "macs")
    """Of a data frame of candidates, whatever was measured."""

    index: int
    genome: tuple[int, ...]
    fidelity: str  # which stage scored it: screen, proxy, final, test ...; scores of two of them do not compare
    architecture: Mapping[str, Any] | None  # what the genome says; None where the service does not know its backbone
    measurement: Mapping[str, float] | None
    failure: str | None
    seconds: float | None  # of scoring
    reused_from: str | None  # the search that made the measurement, where it was taken over
    told_order: int | None
    asked_at: datetime
    told_at: datetime | None

    @property
    def accuracy(self) -> float | None:
        """Between 0 and 1; None if it was not measured."""
        return (self.measurement or {}).get("accuracy")

    @property
    def macs(self) -> float | None:
        """Multiply-accumulates of one example; None if they were not measured."""
        return (self.measurement or {}).get("macs")

    def row(self) -> dict[str, object]:
        """As a line of a table: every number of the measurement in a column of its own."""
        after = ("failure", "seconds", "reused_from", "told_order", "asked_at", "told_at", "genome")
        ids = {"index": self.index, "fidelity": self.fidelity}
        return {**ids, **(self.measurement or {}), **{name: getattr(self, name) for name in after}}


class Candidates(tuple[Candidate, ...]):
    """Several candidates, best first where they are a front; a notebook shows them as a table."""

    __slots__ = ()

    def to_frame(self) -> "DataFrame":
        """A data frame with a line for each.

        Raises:
            MissingPackageError: pandas is not installed.
        """
        from twinsieve.frames import to_frame

        return to_frame(self, columns=Candidate.COLUMNS)

    def _repr_html_(self) -> str:
        from twinsieve.notebook import candidates_html

        return candidates_html(self)
