"""Latency and peak memory of a forward call, measured."""

import statistics
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds a call, after warm-up: median and 90th percentile over `repeats` calls."""

    median_ms: float
    p90_ms: float
    repeats: int


def measure_latency(call: Callable[[], object], device: torch.device, *, warmup: int = 5, repeats: int = 30) -> Latency:
    """Time `call` on `device`, waiting for the device after each call."""
    times = [_timed(call, device) for _ in range(warmup + repeats)][warmup:]
    deciles = statistics.quantiles(times, n=10, method="inclusive")
    return Latency(statistics.median(times), deciles[-1], repeats)


def _timed(call: Callable[[], object], device: torch.device) -> float:
    start = time.perf_counter()
    call()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return 1e3 * (time.perf_counter() - start)


def measure_peak_memory(call: Callable[[], object], device: torch.device) -> int:
    """The most bytes that tensors made by one `call` held at the same time; weights that lie there do not count."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
        before = torch.cuda.memory_allocated(device)
        torch.cuda.reset_peak_memory_stats(device)
        call()
        torch.cuda.synchronize(device)
        peak: int = torch.cuda.max_memory_allocated(device)
        return peak - before
    with _LiveBytes() as live:
        call()
    return int(live.peak)


class _LiveBytes(TorchDispatchMode):
    """Counts the storages that operators make and that are still alive; memory inside an operator is not seen."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.peak = 0
        self._held = 0
        self._seen: dict[int, weakref.ref[torch.UntypedStorage]] = {}

    def __torch_dispatch__(
        self,
        func: Callable[..., object],
        types: Sequence[type],
        args: Sequence[object] = (),
        kwargs: Mapping[str, object] | None = None,
    ) -> object:
        """Run the operator and hold what it made."""
        del types
        given = {id(storage) for storage in _storages((args, kwargs))}
        out = func(*args, **(kwargs or {}))
        for storage in _storages(out):
            if id(storage) not in self._seen and id(storage) not in given:
                self._hold(storage)
        return out

    def _hold(self, storage: torch.UntypedStorage) -> None:
        key, size = id(storage), storage.nbytes()

        def release(_: object) -> None:
            del self._seen[key]
            self._held -= size

        self._seen[key] = weakref.ref(storage, release)
        self._held += size
        self.peak = max(self.peak, self._held)


def _storages(tree: object) -> list[torch.UntypedStorage]:
    return [leaf.untyped_storage() for leaf in tree_leaves(tree) if isinstance(leaf, torch.Tensor)]
