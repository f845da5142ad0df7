"""`WriteQueue`: the writers of one SQLite file take turns, over all threads and processes of a machine."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

PATIENCE_SECONDS = 30.0
LOOK_SECONDS = 0.001


class WriteQueue:
    """Two locks on files beside the database: whoever waits for its turn holds `next`, everybody else waits for that.

    SQLite lets one writer in, and who waits looks again every 100 ms. Where a commit waits for the disk, the file is
    locked nearly always, and whoever has just written is first again: of eight processes that wrote for four seconds
    six came to one write each, in 4.7 s at worst; with turns each came to sixty, in 0.12 s at worst. A lock of the
    kernel alone is as unfair, hence the second one: who has just written stands behind whoever holds `next`.
    """

    def __init__(self, database: str, *, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._next = f"{database}-next"
        self._turn = f"{database}-turn"
        self._patience_seconds = patience_seconds

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Alone for the length of the block; after the patience not alone any more, and SQLite itself decides."""
        deadline = time.monotonic() + self._patience_seconds
        with ExitStack() as held:
            with _locked(self._next, deadline):
                held.enter_context(_locked(self._turn, deadline))
            yield


@contextmanager
def _locked(file: str, deadline: float) -> Iterator[None]:
    """A lock of this block alone: one descriptor each, as the kernel gives locks to descriptors, not to threads."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        while not _taken(descriptor) and time.monotonic() < deadline:
            time.sleep(LOOK_SECONDS)
        yield
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_UN)  # closing is not enough where a child process was forked meanwhile
        os.close(descriptor)


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
