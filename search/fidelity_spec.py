"""`FidelitySpec`: the cheaper and the dearer looks at a candidate around its proxy, as frozen data."""

from typing import Annotated, Self

from pydantic import Field, StrictFloat, StrictInt, model_validator

from search.contracts import Fidelity
from search.frozen import Frozen

RUNGS = (Fidelity.RUNG_1, Fidelity.RUNG_2, Fidelity.RUNG_3)
MAX_RUNGS = len(RUNGS)
MAX_ENTERING = 1024  # chromosomes for each one that reaches the proxy
AUDIT_PROXIES = 4  # an audit's steps in proxies' steps, where the spec does not say them
UNSIEVED = ("das", "ranked", "greedy", "no-skip")  # what these measure is no choice among many
Steps = Annotated[int, Field(ge=1, le=100_000)]


class FidelitySpec(Frozen):
    """Candidates pass the screen, then the rungs, then the proxy; at each the best go on (successive halving).

    With `screen` 4 and `keep` 0.5 over one rung, eight chromosomes are screened and two start the rung for each one
    that reaches the proxy. Only proxies count as `budget.candidates`.
    """

    warm_steps: StrictInt = Field(
        0,
        ge=0,
        le=10_000_000,
        description="steps of weight sharing under random masks; candidates start from it",
    )
    screen: StrictInt = Field(
        1,
        ge=1,
        le=256,
        description="chromosomes scored by shared weights alone for each one trained; 1: no screen",
    )
    screen_examples: StrictInt = Field(256, ge=1, le=1_000_000, description="of the fitness split")
    rungs: tuple[Steps, ...] = Field(
        (), max_length=MAX_RUNGS, description="steps of the proxy's own run after which the worse candidates stop"
    )
    keep: StrictFloat = Field(0.5, ge=0.01, lt=1, description="share of a rung's candidates that go on")
    audit: StrictInt = Field(
        12, ge=0, le=1000, description="candidates trained longer for the fidelity report; 0: no report"
    )
    audit_steps: StrictInt | None = Field(
        None, ge=1, le=10_000_000, description="of an audit; null: four proxies' steps"
    )

    @model_validator(mode="after")
    def _parts_agree(self) -> Self:
        if self.screen > 1 and not self.warm_steps:
            raise ValueError("screen needs shared weights to score with; give warm_steps, such as 200")
        if list(self.rungs) != sorted(set(self.rungs)):
            raise ValueError(f"rungs are step counts that rise, not {list(self.rungs)}")
        if (entering := self.screen / self.keep ** len(self.rungs)) > MAX_ENTERING:
            raise ValueError(
                f"screen and keep let {entering:.0f} chromosomes start for each one that reaches the proxy; at most "
                f"{MAX_ENTERING}: lower screen, raise keep, or leave out a rung"
            )
        return self

    @property
    def stages(self) -> tuple[Fidelity, ...]:
        """What a candidate passes before its proxy, in this order."""
        return ((Fidelity.SCREEN,) if self.screen > 1 else ()) + RUNGS[: len(self.rungs)]

    def steps(self, fidelity: Fidelity, *, proxy: int) -> int:
        """Training steps of a candidate at one of `stages`, at PROXY or at AUDIT, where PROXY's are `proxy`."""
        longest = max(proxy, 1) * AUDIT_PROXIES if self.audit_steps is None else self.audit_steps
        steps = {Fidelity.SCREEN: 0, Fidelity.PROXY: proxy, Fidelity.AUDIT: longest}
        return (steps | dict(zip(RUNGS, self.rungs, strict=False)))[fidelity]

    def check(self, *, algorithm: str, proxy_steps: int) -> None:
        """Refuse a sieve that the rest of a spec leaves no room for.

        Raises:
            ValueError: the algorithm does not choose among many, a rung does not end before the proxy, or an audit is
                no longer than it.
        """
        if self.stages and algorithm in UNSIEVED:
            raise ValueError(
                f"'{algorithm}' has no batches that a screen or rungs could sieve; set fidelity.screen to 1 and "
                "fidelity.rungs to []"
            )
        if self.rungs and self.rungs[-1] >= proxy_steps:
            raise ValueError(
                f"fidelity.rungs are the first steps of a proxy, which has {proxy_steps}; the last rung has "
                f"{self.rungs[-1]}: lower it or raise proxy.steps"
            )
        if self.audit and self.steps(Fidelity.AUDIT, proxy=proxy_steps) <= proxy_steps:
            raise ValueError(
                f"fidelity.audit_steps is {self.audit_steps}, and a proxy has {proxy_steps}: an audit says how far a "
                "proxy can be trusted only where it is longer; raise it or leave it out"
            )
