"""A network of another package: its folder of weights is a backbone like any other."""

import json
from pathlib import Path

import pytest

from tests.examples.conftest import SPEC, Installed, run, search

OURS = {**SPEC, "data": "shapes-small"}  # whose test split is large enough to tell two activations apart
QUICK = {**OURS, "backbone": "quick"}
LISTED = """
import json, sys
from pathlib import Path
from models.registry import BackboneRegistry, format_of
from search.build import build_space, check_spec
from search.spec import parse_spec
entry = BackboneRegistry(Path(sys.argv[1])).get("quick")
spec = parse_spec({"backbone": "quick"})
check_spec(spec, entry)
ours = build_space(spec, BackboneRegistry().get("shapes-vilt"))
same = build_space(spec, entry).macs(ours.full) == ours.macs(ours.full)
print(json.dumps([format_of(entry.config), type(entry.config).__name__, same, "torch" in sys.modules]))
"""


@pytest.fixture
def weights(installed: Installed, tmp_path: Path) -> tuple[Path, Path]:
    """The folder with the package, and one with a backbone of it."""
    target = installed("own-backbone")
    run(target, "-m", "own_backbone", tmp_path / "backbones" / "quick")
    return target, tmp_path


def test_a_search_on_it(weights: tuple[Path, Path]) -> None:
    target, state = weights
    found = search(target, state, QUICK)
    assert found["model"]["network"] == "QuickVilt"
    accuracies = [
        next(row["accuracy"] for row in one["rows"] if row["fidelity"] == "plain")
        for one in (found, search(target, state / "ours", OURS))
    ]
    assert accuracies[0] != accuracies[1], "another activation is another network"
    assert accuracies[0] == pytest.approx(accuracies[1], abs=0.1), "QuickGELU comes close to GELU"


def test_the_api_knows_it_without_torch(weights: tuple[Path, Path]) -> None:
    target, state = weights
    found = json.loads(run(target, "-c", LISTED, state / "backbones"))
    assert found == ["quick-vilt/1", "QuickViltConfig", True, False]


def test_without_the_package_its_folder_says_what_is_missing(
    weights: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> None:
    script = """
import sys
from pathlib import Path
from models.registry import BackboneRegistry
try:
    BackboneRegistry(Path(sys.argv[1])).get("quick")
except ValueError as error:
    print(error)
"""
    said = run(tmp_path_factory.mktemp("nothing"), "-c", script, weights[1] / "backbones")
    assert "config.json has format 'quick-vilt/1'; expected" in said
