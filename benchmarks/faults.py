"""Searches in a storm: whatever is killed, frozen or cut off, none is lost and every result is as without it.

`python -m benchmarks.faults [--seed N] [--faults K] [--quick]` starts an installation on hosts of its own (namespaces:
Linux, root): PostgreSQL, two APIs, two dispatchers, a Ray head, two Ray workers. It runs each search once undisturbed;
then, while several run at any time, it kills (SIGKILL) or freezes (SIGSTOP, later SIGCONT) workers, drivers,
dispatchers, APIs, PostgreSQL and the Ray head, and cuts the network between two hosts, at random moments. What ended is
started again, as an init system does. At last it compares. What comes when depends on the seed alone, what it meets on
the machine.
"""

import argparse
import shutil
import signal
import tempfile
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import NoReturn

from rich.console import Console

from benchmarks.faults_plan import plan
from benchmarks.faults_storm import FULL, QUICK, Setting, Storm, calm, storm
from benchmarks.faults_table import tables
from benchmarks.hosts import HostsError
from benchmarks.hosts_lab import LEASE_SECONDS, MAX_ATTEMPTS, Plan, lab
from benchmarks.machine import write


def main() -> None:
    """Raise the storm, print the tables, write `results/faults.json`; fails if anything was lost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--faults", type=int, help="how many; 200, or 20 with --quick")
    parser.add_argument("--quick", action="store_true", help="one kind of search, faults in quick succession")
    arguments = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
            signal.signal(number, _interrupt)
    quick: bool = arguments.quick
    faults: int = arguments.faults or (20 if quick else 200)
    console = Console()
    try:
        found = _storm(QUICK if quick else FULL, seed=arguments.seed, faults=faults, console=console)
    except KeyboardInterrupt:
        parser.exit(130, "interrupted: everything is stopped, nothing is written\n")
    except (HostsError, RuntimeError, TimeoutError) as error:
        parser.exit(2, f"error: {error}\n")
    for each in tables(found):
        console.print(each)
    figures = {"seed": arguments.seed, "lease_seconds": LEASE_SECONDS, "max_attempts": MAX_ATTEMPTS, **asdict(found)}
    console.print(f"written to {write('faults-quick' if quick else 'faults', figures)}")
    if not found.verdict.clean:
        parser.exit(1, "error: something was lost, see above\n")


def _storm(setting: Setting, *, seed: int, faults: int, console: Console) -> Storm:
    """On an installation of its own; its folder, with all logs, stays only where something was lost."""
    folder = Path(tempfile.mkdtemp(prefix="twinsieve-faults-"))
    say = partial(console.print, soft_wrap=True)
    say(f"logs in {folder}")
    with lab(folder, Plan(slots=setting.slots)) as installation:
        undisturbed = calm(installation, setting)
        say(f"{len(undisturbed)} searches have run undisturbed")
        found = storm(installation, setting, undisturbed, plan(seed, faults, setting.pace), say=say)
    if found.verdict.clean:
        shutil.rmtree(folder)
    return found


def _interrupt(_number: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
