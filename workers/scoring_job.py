"""`ScoringJob`: what a worker needs to score a search's candidates, and where it leaves what others need."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.folders import NOWHERE, Folders
from models.patch_preview import PREVIEWS
from models.registry import BackboneEntry
from search.contracts import Genome
from search.spec import SearchSpec

WHOLE = ("backbone", "data", "bad_examples", "task", "space", "proxy", "precision", "seed")
TRAINED_BY: Mapping[str, Any] = {
    **dict.fromkeys(WHOLE, True),
    "fidelity": {"warm_steps"},
    "budget": {"macs", "macs_ratio", "parameters"},
}
"""What of a spec shared and half-trained weights depend on; of the budget, what bounds the masks that are drawn."""


@dataclass(frozen=True, slots=True)
class ScoringJob:
    """What a worker needs to score a search's candidates; small, and the same for every worker."""

    spec: SearchSpec
    entry: BackboneEntry
    artifacts: Path  # a folder all workers see: fine-tuned weights and exported models
    folders: Folders = NOWHERE  # of real data and foreground providers, which all workers see too

    @property
    def splits_file(self) -> Path:
        """Where the splits of real data are written down."""
        return self.artifacts / "splits.json"

    @property
    def warm_file(self) -> Path:
        """Where the weights lie that all candidates start from."""
        return self.artifacts / "warm.safetensors"

    @property
    def rungs_folder(self) -> Path:
        """Where half-trained candidates wait for their next rung."""
        return self.artifacts / "rungs"

    def weights_file(self, genome: Genome) -> Path:
        """Where the fine-tuned weights of a finalist lie between FINAL and TEST."""
        return self.artifacts / "finals" / f"{slug(genome)}.safetensors"

    def model_folder(self, genome: Genome) -> Path:
        """Where the slim model of a finalist is exported."""
        return self.artifacts / "models" / slug(genome)

    def preview_folder(self, genome: Genome) -> Path:
        """Where lies what the patch filter of a finalist does to some images."""
        return self.artifacts / PREVIEWS / slug(genome)

    @property
    def training_digest(self) -> str:
        """Of all that shared and half-trained weights depend on: those with another digest are not used."""
        depends = self.spec.model_dump(mode="json", include=TRAINED_BY, exclude={"proxy": {"pack"}})
        said = json.dumps([str(self.entry.path.resolve()), depends], sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()[:16]


def slug(genome: Genome) -> str:
    """A short file name for a chromosome."""
    return hashlib.sha256(json.dumps(genome).encode()).hexdigest()[:16]
