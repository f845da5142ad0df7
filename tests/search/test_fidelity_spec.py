"""Specs of fidelities: stages, their steps, and what does not fit."""

import pytest
from pydantic import ValidationError

from search.contracts import Fidelity
from search.fidelity_spec import RUNGS, FidelitySpec
from search.spec import SpecError, parse_spec


def spec(**fields: object) -> FidelitySpec:
    return FidelitySpec.model_validate({"warm_steps": 9} | fields)


def test_stages_are_those_of_the_spec() -> None:
    assert FidelitySpec().stages == ()
    assert spec(screen=2, rungs=[2, 5, 9]).stages == (Fidelity.SCREEN, *RUNGS)
    assert spec(rungs=[3]).stages == (Fidelity.RUNG_1,)


def test_every_stage_has_its_steps() -> None:
    given = spec(rungs=[2, 5])
    fidelities = [Fidelity.SCREEN, Fidelity.RUNG_1, Fidelity.RUNG_2, Fidelity.PROXY, Fidelity.AUDIT]
    assert [given.steps(each, proxy=10) for each in fidelities] == [0, 2, 5, 10, 40]
    assert spec(audit_steps=7).steps(Fidelity.AUDIT, proxy=10) == 7


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"screen": 2, "warm_steps": 0}, "give warm_steps, such as 200"),
        ({"rungs": [3, 3]}, r"rungs are step counts that rise, not \[3, 3\]"),
        ({"rungs": [1, 2, 3, 4]}, "at most 3 items"),
        ({"rungs": [1], "keep": 1e-300}, "greater than or equal to 0.01"),
        ({"rungs": [1, 2], "keep": 0.01}, "let 10000 chromosomes start .*; at most 1024: lower screen, raise keep"),
    ],
)
def test_what_is_no_sieve_is_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        spec(**fields)


@pytest.mark.parametrize("algorithm", ["das", "ranked", "greedy", "no-skip"])
def test_a_sieve_needs_batches(algorithm: str) -> None:
    spec().check(algorithm=algorithm, proxy_steps=10)
    for fields in ({"screen": 2}, {"rungs": [2]}):
        with pytest.raises(ValueError, match=f"'{algorithm}' has no batches .* set fidelity.screen to 1"):
            spec(**fields).check(algorithm=algorithm, proxy_steps=10)
        spec(**fields).check(algorithm="genetic", proxy_steps=10)


def test_a_whole_spec_is_checked() -> None:
    with pytest.raises(SpecError, match="'no-skip' has no batches that a screen or rungs could sieve"):
        parse_spec({"algorithm": {"name": "no-skip"}, "fidelity": {"rungs": [2]}})
    with pytest.raises(SpecError, match="a proxy, which has 2; the last rung has 2"):
        parse_spec({"proxy": {"steps": 2}, "fidelity": {"rungs": [2]}})


def test_an_audit_is_longer_than_a_proxy() -> None:
    assert spec().steps(Fidelity.AUDIT, proxy=0) == 4
    with pytest.raises(SpecError, match=r"fidelity\.audit_steps is 10, and a proxy has 10"):
        parse_spec({"proxy": {"steps": 10}, "fidelity": {"audit_steps": 10}})
    assert parse_spec({"proxy": {"steps": 10}, "fidelity": {"audit_steps": 10, "audit": 0}}).fidelity.audit == 0


@pytest.mark.parametrize("name", ["macs", "parameters"])
def test_a_bound_is_a_number_that_a_cost_can_reach(name: str) -> None:
    with pytest.raises(SpecError, match=f"budget.{name}: .*less than or equal to 9223372036854775807"):
        parse_spec({"budget": {name: 10**400}})


def test_rungs_end_before_the_proxy() -> None:
    spec(rungs=[2, 9]).check(algorithm="random", proxy_steps=10)
    with pytest.raises(ValueError, match=r"a proxy, which has 9; the last rung has 9: lower it or raise proxy\.steps"):
        spec(rungs=[2, 9]).check(algorithm="random", proxy_steps=9)
