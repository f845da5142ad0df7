"""The work of every peer of the comparison: sleep, and note from when to when. As a script: one trial of Syne Tune.

The notes are all that the comparison goes by, so every peer is measured with the same ruler.
"""

import argparse
import os
import threading
import time
from pathlib import Path

VALUES = 1_000_000  # of the one hyperparameter `x`, so that no peer runs out of different candidates


def work(seconds: float, notes: Path) -> float:
    """Sleep, then add a line with begin and end (seconds since the epoch) to this thread's file in `notes`."""
    begin = time.time()
    time.sleep(seconds)
    with (notes / f"{os.getpid()}-{threading.get_ident()}.txt").open("a", encoding="utf-8") as file:
        file.write(f"{begin:.6f} {time.time():.6f}\n")
    return 0.5


def main() -> None:
    """One trial, as Syne Tune starts it: a process of its own."""
    from syne_tune import Reporter  # here: nobody else needs it

    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--notes", type=Path, required=True)
    parser.add_argument("--x", type=int, required=True)
    arguments, _ = parser.parse_known_args()  # its own come after ours
    Reporter()(value=work(arguments.seconds, arguments.notes))


if __name__ == "__main__":
    main()
