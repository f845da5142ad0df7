"""Every method of the comparison is a search that can be run, and differs from the others in what it says."""

import pytest

from benchmarks.method_specs import BOUND, METHODS, spec_of
from models.registry import BackboneRegistry
from search.build import build_space, check_spec, macs_budget


@pytest.mark.parametrize("backbone", ["shapes-vilt", "shapes-meter"])
@pytest.mark.parametrize("quick", [False, True])
def test_every_method_can_be_searched(backbone: str, quick: bool) -> None:
    entry = BackboneRegistry().get(backbone)
    for method in METHODS:
        check_spec(spec_of(method, 0, backbone=backbone, quick=quick), entry)


def test_a_row_may_be_renamed_without_its_runs_getting_lost() -> None:
    """A spec's name is a part of what finished runs are found by."""
    names = {row: spec_of(row, 0, backbone="shapes-vilt").name for row in METHODS}
    assert names["Double-Filter (both sieves)"] == "double-filter"
    assert names["EAS genes, GA"] == "eas"
    assert names["MULTIFLOW ranking"] == "multiflow"
    assert len(set(names.values())) == len(METHODS)


def test_searches_share_one_bound() -> None:
    """Everything but no-skip rows and DAS as published is bound by the same MACs, up to DAS's classifier token."""
    entry = BackboneRegistry().get("shapes-vilt")
    specs = {method: spec_of(method, 0, backbone="shapes-vilt") for method in METHODS}
    bounded = {
        method: macs_budget(spec, build_space(spec, entry))
        for method, spec in specs.items()
        if spec.algorithm.name != "no-skip" and method != "DAS published"
    }
    assert len(set(bounded.values())) == 1
    assert all(spec.budget.macs_ratio == BOUND for method, spec in specs.items() if method in bounded)


def test_only_a_meter_has_a_classifier_token() -> None:
    assert spec_of("DAS corrected", 0, backbone="shapes-meter").space.classifier_token
    assert not spec_of("DAS corrected", 0, backbone="shapes-vilt").space.classifier_token
