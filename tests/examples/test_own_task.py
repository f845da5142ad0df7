"""A task of another package, with data for it: trained and judged by its own rules."""

from pathlib import Path

from tests.examples.conftest import SPEC, Installed, run, search

COUNTING = {**SPEC, "data": "counted-shapes", "task": "counting"}
REFUSED = """
from models.registry import BackboneRegistry
from search.build import check_spec
from search.spec import SpecError, parse_spec
for spec in ({"task": "counting"}, {"data": "counted-shapes"}):
    try:
        check_spec(parse_spec(spec), BackboneRegistry().get("shapes-vilt"))
    except SpecError as error:
        print(error)
"""
COUNTED = """
import torch
from torch.utils.flop_counter import FlopCounterMode
from torch.nn.attention import SDPBackend, sdpa_kernel
from models.architecture import Architecture
from models.batch import Split
from models.checkpoints import load_network
from models.cost import cost_model
from models.datasets import open_data
from models.inputs import read_batch
from models.new_head import with_head
from models.pixels import pixel_reading
from models.registry import BackboneRegistry
from models.student import Student
from models.workload import TaskName
from workers.opening import real_reading

entry, task = BackboneRegistry().get("shapes-vilt"), TaskName("counting")
network = with_head(load_network(entry.path), task, generator=torch.Generator().manual_seed(0))
reading = real_reading(network, pixel_reading("counted-shapes", entry.config))
batch = open_data("counted-shapes", task, reading=reading).examples(Split.TEST, 1)
architecture = Architecture.full(entry.config.sub_layers)
student = Student(network, architecture, task, generator=torch.Generator())
cost = cost_model(entry.config, entry.workload(task))
with sdpa_kernel(SDPBackend.MATH), torch.no_grad(), FlopCounterMode(display=False) as counter:
    student(read_batch(network.backbone, batch).all())
print(cost.macs(architecture) == counter.get_total_flops() / 2)
print(cost.parameters(architecture).trainable == sum(each.numel() for each in student.parameters()))
"""


def test_a_search_on_it(installed: Installed, tmp_path: Path) -> None:
    found = search(installed("own-task"), tmp_path, COUNTING)
    assert found["model"] == {"task": "counting", "answers": ["2", "3", "4", "5"], "network": "Vilt"}
    shares = {row["accuracy"] * 2 * 32 for row in found["rows"] if row["fidelity"] == "proxy"}
    assert shares
    assert all(share == round(share) for share in shares), "a score is a multiple of a half, by the package's rule"


def test_what_does_not_go_together_is_refused(installed: Installed) -> None:
    said = run(installed("own-task"), "-c", REFUSED).splitlines()
    assert said == [
        "data: 'shapes' has no examples for task 'counting'; it has vqa, nlvr2, retrieval",
        "data: 'counted-shapes' has no examples for task 'vqa'; it has counting",
    ]


def test_its_head_costs_what_a_counter_says(installed: Installed) -> None:
    assert run(installed("own-task"), "-c", COUNTED).split() == ["True", "True"]
