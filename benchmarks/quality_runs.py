"""Runs many contests in parallel processes, with a bar; a trace that is kept is not run again."""

import json
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path

from rich.progress import track

from benchmarks.quality_contest import Run
from benchmarks.quality_loop import Trace


def traces(runs: Sequence[Run], *, kept_in: Path, processes: int = 2) -> dict[Run, Trace]:
    """The trace of each run; an interrupted call goes on where it was, by the file `kept_in`."""
    kept_in.parent.mkdir(parents=True, exist_ok=True)
    known = dict(_read(kept_in))
    missing = [run for run in runs if run.key not in known]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool, kept_in.open("a") as log:
        running = {pool.submit(_traced, run): run for run in missing}
        for done in track(as_completed(running), description="contests", total=len(running)):
            known[running[done].key] = done.result()
            log.write(json.dumps([running[done].key, asdict(done.result())]) + "\n")
            log.flush()
    return {run: known[run.key] for run in runs}


def _traced(run: Run) -> Trace:
    warnings.filterwarnings("ignore", category=UserWarning)  # of the peers' own libraries
    return run.trace()


def _read(file: Path) -> Iterator[tuple[tuple[str, ...], Trace]]:
    if file.exists():
        for line in file.read_text(encoding="utf-8").splitlines():
            if line.endswith("]"):  # the last line of an interrupted run may be cut
                key, trace = json.loads(line)
                yield tuple(key), Trace(**trace)
