"""Every backbone as scores see it: a tiny random network and some examples of the embedded world."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from models.batch import Split
from models.datasets import open_data
from models.meter_config import MeterConfig
from models.network import Network
from models.scores.contract import ScoringInputs
from models.vilt_config import ViltConfig
from models.workload import TaskName
from tests.networks import TINY, TINY_METER, random_network

EXAMPLES = 4
ROOM = 2  # tokens that a text can be longer than the longest here
CONFIGS: dict[str, ViltConfig | MeterConfig] = {
    "vilt": replace(TINY, max_text_length=TINY.max_text_length + ROOM),
    "meter": replace(
        TINY_METER,
        max_text_length=TINY_METER.max_text_length + ROOM,
        max_positions=TINY_METER.max_positions + ROOM,
    ),
}

Scoring = Callable[[TaskName], ScoringInputs]


@pytest.fixture(params=CONFIGS)
def network(request: pytest.FixtureRequest) -> Network:
    return random_network(CONFIGS[request.param])


def inputs_for(network: Network, task: TaskName) -> ScoringInputs:
    """A few examples of a task."""
    data = open_data("shapes-small", task)
    return ScoringInputs(
        network=network,
        task=task,
        calibration=data.examples(Split.TRAIN, EXAMPLES),
        held_out=data.examples(Split.FITNESS, EXAMPLES),
    )


@pytest.fixture
def scoring(network: Network) -> ScoringInputs:
    return inputs_for(network, TaskName.VQA)


@pytest.fixture
def vilt() -> ScoringInputs:
    return inputs_for(random_network(CONFIGS["vilt"]), TaskName.VQA)


@pytest.fixture
def meter() -> ScoringInputs:
    return inputs_for(random_network(CONFIGS["meter"]), TaskName.VQA)
