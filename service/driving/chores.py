"""`at_work`: what a dispatcher does beside its drivers, each thing in a thread of its own."""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

logger = logging.getLogger(__name__)

AGAIN_SECONDS = 60.0  # after an error
END_SECONDS = 10.0  # for what a chore is in the middle of

Chore = Callable[[threading.Event], object]
"""Works until the event is set."""


@contextmanager
def at_work(chores: Mapping[str, Chore], *, again_seconds: float = AGAIN_SECONDS) -> Iterator[None]:
    """Do the chores, by name, as long as the block lasts; one that fails is logged and begun again."""
    stop = threading.Event()

    def work(name: str, chore: Chore) -> None:
        while not stop.is_set():
            try:
                chore(stop)
            except Exception:
                logger.exception("%s: an error; again in %.0f s", name, again_seconds)
                stop.wait(again_seconds)

    threads = [threading.Thread(target=work, args=each, name=each[0], daemon=True) for each in chores.items()]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(END_SECONDS)
