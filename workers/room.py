"""`Room`: whether a node of the cluster has place for a worker, and how long none had."""

import time
from dataclasses import dataclass

import ray

from search.contracts import ClusterLostError, RunnerError

POLL_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What a worker gets of its node; a GPU may be shared."""

    cpus: int
    gpus: float

    @classmethod
    def of(cls, cpus: int, gpus: float | None) -> "Need":
        """With `gpus` None: a whole GPU where the cluster has any now."""
        return cls(cpus=cpus, gpus=float(ray.cluster_resources().get("GPU", 0) > 0) if gpus is None else gpus)

    @property
    def resources(self) -> dict[str, float]:
        """As Tune wants to be told."""
        return {"cpu": float(self.cpus)} | ({"gpu": self.gpus} if self.gpus else {})

    @property
    def memory_share(self) -> float | None:
        """The part of its GPU's memory that a worker may fill, where it shares one."""
        return self.gpus if 0 < self.gpus < 1 else None

    def fitting(self) -> int:
        """How many workers the nodes that are up could hold if nothing else ran on them."""
        return sum(self._on(node["Resources"]) for node in ray.nodes() if node["Alive"])

    def _on(self, node: dict[str, float]) -> int:
        wanted = [(node.get(name.upper(), 0.0), amount) for name, amount in self.resources.items()]
        return int(min(there // amount for there, amount in wanted if amount))


class Room:
    """Waits for nodes, `patience` seconds of them: they may still be on their way, or come back."""

    def __init__(self, need: Need, *, patience: float, address: str) -> None:
        self._need = need
        self._patience = patience
        self._address = address
        self._had = time.monotonic()

    def wait(self) -> int:
        """Return when a worker fits, and how many do.

        Raises:
            RunnerError: none did in time.
        """
        while not (fitting := self._look()):
            if self._out_of_patience():
                raise RunnerError(self._complaint())
            time.sleep(POLL_SECONDS)
        return fitting

    def check(self) -> None:
        """Look again while the search runs.

        Raises:
            ClusterLostError: the nodes have gone, and none came back in time.
        """
        if not self._look() and self._out_of_patience():
            raise ClusterLostError(self._complaint())

    def _look(self) -> int:
        fitting = self._need.fitting()
        self._had = time.monotonic() if fitting else self._had
        return fitting

    def _out_of_patience(self) -> bool:
        return time.monotonic() - self._had > self._patience

    def _complaint(self) -> str:
        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        return (
            f"a worker needs {self._need.resources} of one node; for {self._patience:.0f} s the cluster at "
            f"{self._address} had no such node, only {nodes}"
        )
