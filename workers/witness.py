"""`Witness`: an algorithm that also wants to know where its candidates are scored."""

from typing import Protocol, runtime_checkable


@runtime_checkable
class Witness(Protocol):
    """A runner that finds one tells it; nothing that it is told may change what it asks."""

    def works_as(self, job: str) -> None:
        """Called once in each run, before the first ask: the id of the job in which the cluster does the work."""

    def credit(self, index: int, worker: str, seconds: float) -> None:
        """Called right before the tell of candidate `index`: which worker brings its outcome, and how long it took."""
