"""Where an exported model comes from: its search, the weights it started with, the versions, the clock."""

from importlib.metadata import version

import torch

from models.network import file_digest
from models.weights import WEIGHTS
from workers.scoring_job import ScoringJob


def provenance(job: ScoringJob, device: torch.device) -> dict[str, object]:
    """As JSON, the same for every model of a search on one kind of worker."""
    return {
        "search": job.spec.model_dump(mode="json"),
        "backbone_sha256": file_digest(job.entry.path / WEIGHTS),
        "versions": {name: version(name) for name in ("twinsieve", "torch", "safetensors")},
        "latency": f"one example on {_name(device)}, {torch.get_num_threads()} thread(s), median",
    }


def _name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "the CPU"
