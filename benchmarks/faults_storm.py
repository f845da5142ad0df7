"""`storm`: searches run undisturbed once, then again and again under faults; what became of them."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.faults_plan import Fault, Pace
from benchmarks.faults_searches import Crowd
from benchmarks.faults_struck import Striker, Struck
from benchmarks.faults_verdict import Result, Verdict, all_searches, judge
from benchmarks.hosts_lab import Lab

BUSY_SECONDS = 300.0  # until the first outcome of the first search

BASE: Mapping[str, Any] = {
    "data": "shapes-small",
    "proxy": {"steps": 2, "batch_size": 8, "fitness_examples": 64},
    "fidelity": {"audit": 2},
    "final": {"steps": 4, "batch_size": 8, "finalists": 2},
    "workers": 2,
}
"""Proxies of a third of a second: how well they rank is not what is tried here."""

SPECS: Sequence[Mapping[str, Any]] = (
    {**BASE, "algorithm": {"name": "genetic", "population": 8}, "budget": {"candidates": 32}},
    {
        **BASE,
        "algorithm": {"name": "nsga2", "population": 8, "surrogate": None},
        "objectives": ["accuracy", "macs"],
        "budget": {"candidates": 32},
        "seed": 1,
    },
    {**BASE, "algorithm": {"name": "random"}, "budget": {"candidates": 32}, "seed": 2},
)
"""Algorithms whose result does not depend on when outcomes arrive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One size of the whole."""

    specs: Sequence[Mapping[str, Any]]
    together: int  # searches that are unfinished at any time
    pace: Pace
    end_seconds: float  # for the searches to end after the last fault
    slots: int  # workers that one host has room for


SMALL: Mapping[str, Any] = {
    "budget": {"candidates": 16},
    "fidelity": {"audit": 0},
    "final": {"steps": 4, "batch_size": 8, "finalists": 1},
    "workers": 1,
}
FULL = Setting(
    specs=SPECS, together=3, pace=Pace(between_seconds=6.0, longest_seconds=20.0), end_seconds=1800.0, slots=2
)
QUICK = Setting(
    specs=[{**each, **SMALL} for each in (SPECS[0], SPECS[2])],
    together=2,
    pace=Pace(between_seconds=2.0, longest_seconds=4.0),
    end_seconds=600.0,
    slots=1,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """What came upon the searches, and what became of them."""

    struck: Sequence[Struck]
    verdict: Verdict
    seconds: float  # from the first submission until the last search was over
    starts: Mapping[str, int]  # of each unit of the installation


def calm(lab: Lab, setting: Setting) -> dict[str, Result]:
    """Each search once and without a fault: results by id, in order of the specs.

    Raises:
        RuntimeError: one does not succeed.
        TimeoutError: they do not end.
    """
    crowd = Crowd(lab.client, setting.specs, together=len(setting.specs))
    crowd.start()
    crowd.await_outcome(seconds=BUSY_SECONDS)
    crowd.finish(seconds=setting.end_seconds)
    found = {each.id: Result.of(each.id, lab) for each in crowd.searches[: len(setting.specs)]}
    if failed := [search_id for search_id, result in found.items() if not result.fetched]:
        raise RuntimeError(f"undisturbed, these searches did not succeed: {', '.join(failed)}\n{lab.tails()}")
    return found


def storm(
    lab: Lab,
    setting: Setting,
    undisturbed: Mapping[str, Result],
    faults: Sequence[Fault],
    *,
    say: Callable[[str], None] = print,
) -> Storm:
    """Run the searches under `faults`, and compare with `undisturbed`, which is `calm`'s of the same setting.

    Raises:
        TimeoutError: searches have not ended long after the last fault.
        HostsError: for minutes there was nothing to strike.
    """
    began, earlier, struck = time.monotonic(), all_searches(lab), list[Struck]()
    crowd = Crowd(lab.client, setting.specs, together=setting.together)
    crowd.start()
    crowd.await_outcome(seconds=BUSY_SECONDS)
    for each in Striker(lab, crowd.told).strike(faults):
        say(str(each))
        struck.append(each)
    crowd.finish(seconds=setting.end_seconds)
    return Storm(
        struck=struck,
        verdict=judge(lab, crowd.searches, undisturbed, earlier=earlier),
        seconds=time.monotonic() - began,
        starts={name: unit.starts for name, unit in lab.units.items()},
    )
