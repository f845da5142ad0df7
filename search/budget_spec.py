"""`BudgetSpec`: when a candidate is feasible, and when the search ends."""

from typing import Self

from pydantic import Field, StrictFloat, StrictInt, model_validator

from search.frozen import Frozen

MOST = 2**63 - 1


class BudgetSpec(Frozen):
    """Hard bounds on what a candidate costs, and what may be spent on finding it; whatever comes first ends it."""

    candidates: StrictInt = Field(84, ge=1, le=1_000_000, description="proxy evaluations, each a different chromosome")
    macs_ratio: StrictFloat | None = Field(
        0.75, gt=0, le=1, description="of the MACs of the no-skip adapter model at the largest patch ratio"
    )
    macs: StrictInt | None = Field(None, gt=0, le=MOST, description="the same bound as a count, per example")
    parameters: StrictInt | None = Field(None, gt=0, le=MOST, description="at most this many, trainable ones included")
    latency_ms: StrictFloat | None = Field(None, gt=0, description="at most this, one example on the worker's device")
    peak_memory_mb: StrictFloat | None = Field(
        None, gt=0, description="at most this, one example on the worker's device"
    )
    accuracy: StrictFloat | None = Field(None, ge=0, le=1, description="at least this, of the proxy")
    gpu_hours: StrictFloat | None = Field(
        None, gt=0, description="of scoring by all workers, before audit and finals; on CPUs worker-hours"
    )
    wall_hours: StrictFloat | None = Field(
        None, gt=0, description="since the search began, before its audit and finals"
    )
    stagnation: StrictInt | None = Field(None, ge=1, description="proxy evaluations in a row without a better one")

    @model_validator(mode="before")
    @classmethod
    def _count_replaces_ratio(cls, data: object) -> object:
        # the default ratio goes, so that a stored spec, in which every default is explicit, can be read back
        if isinstance(data, dict) and data.get("macs") is not None:
            return {"macs_ratio": None, **data}
        return data

    @model_validator(mode="after")
    def _one_bound(self) -> Self:
        if self.macs is not None and self.macs_ratio is not None:
            raise ValueError("macs and macs_ratio are two ways to say one bound; give one of them")
        return self
