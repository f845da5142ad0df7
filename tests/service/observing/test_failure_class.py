"""Reasons as the code writes them, in a few classes."""

import pytest
import torch

from models.data.errors import DataError
from search.constraints import Bounds
from search.contracts import Failure, Fidelity
from service.observing.failure_class import FailureClass
from workers.expected_failures import failure
from workers.optimiser import DivergedError


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (DivergedError("loss is nan"), FailureClass.DIVERGED),
        (MemoryError(), FailureClass.OUT_OF_MEMORY),
        (RuntimeError("can't allocate memory"), FailureClass.OUT_OF_MEMORY),
        (OSError("No space left on device"), FailureClass.FILE),
        (DataError("no boxes"), FailureClass.EXAMPLE),
    ],
)
@pytest.mark.parametrize("stage", list(Fidelity))
def test_what_workers_expect(error: Exception, stage: Fidelity, expected: FailureClass) -> None:
    found = failure(error, stage, torch.device("cpu"))
    assert found is not None
    assert FailureClass.of(found.reason) is expected


def test_what_a_bound_refuses() -> None:
    found = Bounds({"latency_ms": 3.0}).checked(0, {"accuracy": 0.5, "latency_ms": float("-inf")})
    assert isinstance(found, Failure)
    assert FailureClass.of(found.reason) is FailureClass.DIVERGED


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("gene.3 is -inf, accuracy is inf", FailureClass.DIVERGED),
        ("its worker died 3 times", FailureClass.WORKER_DIED),
        ("not scored: the search was cancelled", FailureClass.NOT_SCORED),
        ("the moon is full", FailureClass.OTHER),
        ("it diverged", FailureClass.OTHER),
        ("", FailureClass.OTHER),
    ],
)
def test_class_of_a_reason(reason: str, expected: FailureClass) -> None:
    assert FailureClass.of(reason) is expected
