"""A search algorithm of another package: found, described, and run."""

import json
from pathlib import Path

from tests.examples.conftest import SPEC, Installed, run, search

HILL_CLIMB = {**SPEC, "algorithm": {"name": "hill-climb", "neighbours": 3, "flips": 2}}
LISTED = """
import json, sys
from service.api.catalogue import list_algorithms
found = {each.name: each for each in list_algorithms()}["hill-climb"]
print(json.dumps([found.description, sorted(found.settings["properties"]), "torch" in sys.modules]))
"""
REPLAYED = """
import json, sys
from models.registry import BackboneRegistry
from search.build import build_algorithm, build_space
from search.spec import parse_spec
spec = parse_spec(json.loads(sys.argv[1]))
space = build_space(spec, BackboneRegistry().get("shapes-vilt"))
first, again, asked, told = build_algorithm(spec, space), build_algorithm(spec, space), [], []
while not first.finished:
    batch = list(iter(first.ask, None))
    for candidate in batch:
        asked.append((len(told), candidate))
    for candidate in reversed(batch):
        told.append((candidate.index, {"accuracy": sum(candidate.genome) / 100, "macs": 1.0}))
        first.tell(*told[-1])
done = 0
for after, candidate in asked:
    for past in told[done:after]:
        again.tell(*past)
    done = after
    assert again.ask() == candidate, candidate
print(len(asked), len({candidate.genome for _, candidate in asked}))
"""
REFUSED = """
from search.spec import SpecError, parse_spec
try:
    parse_spec({"algorithm": {"name": "hill-climb", "flips": 0}, "objectives": ["accuracy", "macs"]})
except SpecError as error:
    print(error)
"""


def test_a_search_with_it(installed: Installed, tmp_path: Path) -> None:
    target = installed("own-algorithm")
    found = search(target, tmp_path, HILL_CLIMB)
    proxies = [row["genome"] for row in found["rows"] if row["fidelity"] == "proxy"]
    assert len(proxies) == len({tuple(genome) for genome in proxies}) == 6
    assert found["chosen"] in proxies
    first = max(found["rows"][:3], key=lambda row: row["accuracy"])["genome"]
    apart = [sum(one != other for one, other in zip(first, genome, strict=True)) for genome in proxies[3:]]
    assert min(apart) <= 4, "no neighbour of the best of the first batch was asked: two flips, and what repair drops"
    assert search(target, tmp_path / "again", HILL_CLIMB)["rows"] == found["rows"]


def test_one_that_was_interrupted_asks_the_same(installed: Installed) -> None:
    asked, different = run(installed("own-algorithm"), "-c", REPLAYED, json.dumps(HILL_CLIMB)).split()
    assert int(asked) > int(different) >= 6


def test_the_api_lists_it_without_torch(installed: Installed) -> None:
    description, settings, with_torch = json.loads(run(installed("own-algorithm"), "-c", LISTED))
    assert description.startswith("Hill climbing")
    assert settings == ["flips", "name", "neighbours"]
    assert not with_torch


def test_its_settings_are_checked_as_ours_are(installed: Installed) -> None:
    said = run(installed("own-algorithm"), "-c", REFUSED)
    assert "algorithm.hill-climb.flips: Input should be greater than or equal to 1" in said
