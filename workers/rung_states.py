"""`RungStates`: half-trained candidates between two rungs, in memory and in files that other workers see."""

import logging
import shutil
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from models.data.whole_file import whole_file
from search.contracts import Genome
from workers.scoring_job import ScoringJob, slug

log = logging.getLogger(__name__)

MEMORY_BYTES = 2**30  # of states that a worker holds
FOLDER_BYTES = 8 * 2**30  # of states in files, of all workers together


@dataclass(frozen=True, slots=True)
class RungState:
    """A fine-tune after `steps` steps: all that its next step depends on, on the CPU."""

    steps: int
    tensors: Mapping[str, Tensor]

    @property
    def nbytes(self) -> int:
        """Bytes of the tensors."""
        return sum(tensor.nbytes for tensor in self.tensors.values())


class RungStates:
    """Finds a candidate's last state; a state that is lost costs time, as training from scratch gives the same one.

    So both stores are bounded: the memory by what was used last, the folder by what was written last. A state goes when
    its candidate's PROXY is done; what the losers of a rung leave goes when the proxy stage ends.
    """

    def __init__(self, job: ScoringJob) -> None:
        self._job = job
        self._held: OrderedDict[Genome, RungState] = OrderedDict()

    def find(self, genome: Genome, *, until: int) -> RungState | None:
        """What `genome` left after at most `until` steps, in memory or in a file, where another worker may be further.

        None where it left nothing.
        """
        held = self._held.get(genome)
        if held is not None and held.steps > until:
            held = None
        return self._read(genome, range(1 if held is None else held.steps + 1, until + 1)) or held

    def keep(self, genome: Genome, state: RungState) -> None:
        """Hold a state, and write it for others.

        Raises:
            OSError: the disk is full, or the folder cannot be written to.
        """
        self._held[genome] = state
        self._held.move_to_end(genome)
        while len(self._held) > 1 and sum(each.nbytes for each in self._held.values()) > MEMORY_BYTES:
            self._held.popitem(last=False)
        said = {"trained_by": self._job.training_digest, "steps": str(state.steps)}
        with whole_file(self._file(genome)) as file:
            file.write(save(dict(state.tensors), metadata=said))
        self._trim()

    def forget(self, genome: Genome) -> None:
        """The candidate needs no state any more."""
        self._held.pop(genome, None)
        self._file(genome).unlink(missing_ok=True)

    def clear(self) -> None:
        """No candidate needs one any more."""
        self._held.clear()
        shutil.rmtree(self._job.rungs_folder, ignore_errors=True)

    def _file(self, genome: Genome) -> Path:
        return self._job.rungs_folder / f"{slug(genome)}.safetensors"

    def _read(self, genome: Genome, wanted: range) -> RungState | None:
        """What the file holds, if as many steps as `wanted` were taken."""
        try:
            with safe_open(self._file(genome), framework="pt") as file:
                said: dict[str, str] = file.metadata() or {}
                if said.get("trained_by") != self._job.training_digest or int(said["steps"]) not in wanted:
                    return None
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - a file, no mapping
        except (OSError, SafetensorError):  # never written, or removed meanwhile
            return None
        return RungState(int(said["steps"]), tensors)

    def _trim(self) -> None:
        """Remove the oldest files beyond what the folder may hold; another worker may be doing the same."""
        sizes: list[tuple[float, int, Path]] = []
        for file in self._job.rungs_folder.glob("*.safetensors"):
            try:
                status = file.stat()
            except FileNotFoundError:
                continue
            sizes.append((status.st_mtime, status.st_size, file))
        total = sum(size for _, size, _ in sizes)
        for _, size, file in sorted(sizes):
            if total <= FOLDER_BYTES:
                return
            file.unlink(missing_ok=True)
            total -= size
