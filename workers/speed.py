"""How fast a candidate answers one example, and the memory that takes.

In float32, as it is exported and used, whatever precision candidates train in.
"""

from collections.abc import Callable

import torch

from models.batch import Batch
from models.cost import looks_for_foreground
from models.foreground.look import Look
from models.inputs import read_batch
from models.measure import measure_latency, measure_peak_memory
from models.precision import in_float32
from models.student import Student

BLOCKS = 3  # of calls that a quick look times
CALLS = 5  # in each of them


def measured_speed(student: Student, single: Batch, look: Look | None, *, device: torch.device) -> dict[str, float]:
    """Latency of one example, and the memory its forward call needs.

    The embedding of the inputs is included, and so is the foreground provider, at the median (p90) of its times for
    one image; its memory is not. Of cached boxes nobody here sees how long they took to find: what their file says
    of it counts, and where that is silent `foreground_ms` is left out, and no time of theirs is in the latency.
    """
    call = _call(student, single.to(device), device)
    latency = measure_latency(call, device)
    measured = {"latency_ms": latency.median_ms, "latency_p90_ms": latency.p90_ms}
    look = look if looks_for_foreground(student.architecture) else None
    if look is not None and (looking := look.latency) is not None:
        images = single.pixel_values.shape[1]
        measured["foreground_ms"] = looking.median_ms
        measured["latency_ms"] += images * looking.median_ms
        measured["latency_p90_ms"] += images * looking.p90_ms
    return measured | {"peak_memory_mb": measure_peak_memory(call, device) / 2**20}


def quick_latency(student: Student, single: Batch, look: Look | None, *, device: torch.device) -> float:
    """Milliseconds of one example, the foreground provider's median included, to compare candidates during a search.

    Other workers run meanwhile, and what they take is no property of the candidate. So it is the least of the medians
    of a few blocks of calls: what disturbs a block only makes it slower (the reasoning of Python's `timeit`). It is
    lower than `measured_speed` says, and the two are not to be compared.
    """
    call = _call(student, single.to(device), device)
    blocks = [measure_latency(call, device, warmup=1, repeats=CALLS).median_ms for _ in range(BLOCKS)]
    looking = look.latency if look is not None and looks_for_foreground(student.architecture) else None
    return min(blocks) + (0.0 if looking is None else single.pixel_values.shape[1] * looking.median_ms)


def quick_memory(student: Student, single: Batch, *, device: torch.device) -> float:
    """MiB that the tensors of a forward call of one example hold at most."""
    return measure_peak_memory(_call(student, single.to(device), device), device) / 2**20


def _call(student: Student, single: Batch, device: torch.device) -> Callable[[], None]:
    @torch.inference_mode()
    def call() -> None:
        with in_float32(device):
            student(read_batch(student.backbone, single).all())

    return call
