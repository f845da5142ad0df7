"""How much memory a worker can still take."""

import os
from pathlib import Path

import torch

MEMINFO = Path("/proc/meminfo")
CONTAINER = Path("/sys/fs/cgroup")  # of this process, where it runs in a container


def free_memory(device: torch.device, *, workers: int, share: float | None = None) -> int:
    """Bytes that a worker can take.

    Args:
        device: of the worker. On a GPU what its own cache holds unused counts as free.
        workers: that share the machine's memory; all of a search's, as if they ran on one machine.
        share: of the GPU's memory that the worker may use at all; None: all of it.
    """
    if device.type != "cuda":
        return int(min(_available(), _container())) // workers
    free, total = torch.cuda.mem_get_info(device)
    held = torch.cuda.memory_allocated(device)
    free += torch.cuda.memory_reserved(device) - held
    return free if share is None else min(free, int(share * total) - held)


def _available() -> int:
    if MEMINFO.exists():  # Linux
        (line,) = (line for line in MEMINFO.read_text().splitlines() if line.startswith("MemAvailable:"))
        return 1024 * int(line.split()[1])
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2  # nothing says it; half is a fair guess


def _container() -> float:
    """What the container's limit leaves; files that are cached in its memory make room when asked."""
    try:
        most, used = ((CONTAINER / f"memory.{name}").read_text().strip() for name in ("max", "current"))
        cached = next(line for line in (CONTAINER / "memory.stat").read_text().splitlines() if "inactive_file" in line)
    except OSError:
        return float("inf")
    return float("inf") if most == "max" else int(most) - int(used) + int(cached.split()[1])
