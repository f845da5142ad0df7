"""Data of another package: read with the backbone's tokenizer and transform, answered with its own head."""

import json
from pathlib import Path

from models.shapes.question import ANSWERS
from tests.examples.conftest import SPEC, Installed, run, search

DISCS = {**SPEC, "data": "discs"}
LISTED = """
import json, sys
from models.registry import BackboneRegistry
from models.folders import Folders
from search.build import check_spec
from search.spec import SpecError, parse_spec
from service.api.catalogue import list_data
class Services:
    folders = Folders()
check_spec(parse_spec({"data": "discs"}), BackboneRegistry().get("shapes-vilt"))
print(json.dumps([[each.name for each in list_data(Services())], "torch" in sys.modules]))
"""
READ = """
import torch
from models.batch import Split
from models.checkpoints import load_network
from models.datasets import open_data
from models.pixels import pixel_reading
from models.registry import BackboneRegistry
from models.workload import TaskName
from workers.opening import real_reading

entry = BackboneRegistry().get("shapes-vilt")
reading = real_reading(load_network(entry.path), pixel_reading("discs", entry.config))
data = open_data("discs", TaskName.VQA, reading=reading)
whole = data.examples(Split.FITNESS)
streamed = list(data.batches(Split.FITNESS, batch_size=50))
print([len(each) for each in streamed])
print(torch.equal(torch.cat([each.pixel_values for each in streamed]), whole.pixel_values))
print(torch.equal(torch.cat([each.targets for each in streamed]), whole.targets))
print({data.answers[label] for label in whole.targets.argmax(1).tolist()} == {"red", "green", "blue", "yellow"})
"""


def test_a_search_on_it(installed: Installed, tmp_path: Path) -> None:
    found = search(installed("own-data"), tmp_path, DISCS)
    assert tuple(found["model"]["answers"]) == ANSWERS, "the backbone's own head knows every answer, so it stays"
    plain = next(row["accuracy"] for row in found["rows"] if row["fidelity"] == "plain")
    assert plain > 0.5, "a network that was trained to name colours knows these, where labels and pixels are right"


def test_the_api_lists_it_without_torch(installed: Installed) -> None:
    names, with_torch = json.loads(run(installed("own-data"), "-c", LISTED))
    assert names == ["shapes", "shapes-small", "shapes-tiny", "discs"]
    assert not with_torch


def test_a_stream_is_what_is_read_at_once(installed: Installed) -> None:
    sizes, *equal = run(installed("own-data"), "-c", READ).splitlines()
    assert sizes == "[50, 50, 28]"
    assert equal == ["True"] * 3
