"""`Striker`: brings the faults of a plan upon an installation, at their time, and undoes what does not last."""

import math
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

import psutil

from benchmarks.faults_plan import LINKS, Fault, Kind, Target
from benchmarks.hosts import Host, HostsError
from benchmarks.hosts_lab import API, APIS, DATABASE, DISPATCHER, DISPATCHERS, DRIVER, HEAD, WORKER, WORKERS, Lab

PATIENCE_SECONDS = 300.0  # for something to strike, such as a driver, to be there
LOOK_SECONDS = 0.05
SEARCH_SECONDS = 0.3  # from one look at all processes to the next
T = TypeVar("T")

PROCESSES: Mapping[Target, tuple[Sequence[str], str]] = {
    Target.WORKER: (WORKERS, WORKER),
    Target.WORKER_HOST: (WORKERS, ""),
    Target.DRIVER: (DISPATCHERS, DRIVER),
    Target.DISPATCHER: (DISPATCHERS, DISPATCHER),
    Target.API: (APIS, API),
    Target.POSTGRES: ((DATABASE,), ""),
    Target.HEAD: ((HEAD,), ""),
}
"""On which hosts a target runs, and how the title or the arguments of its process begin; empty: it is all of a host."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Struck:
    """One fault that was."""

    number: int
    at_seconds: float  # since the first outcome
    kind: Kind
    target: Target
    hosts: Sequence[str]
    processes: Mapping[int, str]  # names by process id
    lasts_seconds: float
    waited_seconds: float  # until there was something to strike
    told: Mapping[str, int]  # outcomes that clients had seen by then, by search that was not over

    def __str__(self) -> str:
        lasts = f" for {self.lasts_seconds:.1f} s" if self.lasts_seconds else ""
        return (
            f"{self.number:3} at {self.at_seconds:6.1f} s: {self.kind} {self.target} ({', '.join(self.hosts)}){lasts}; "
            f"outcomes of the searches so far: {sorted(self.told.values())}"
        )


@dataclass(frozen=True, slots=True)
class _Victims:
    """Processes, or, where there are none, the two ends of a link."""

    hosts: Sequence[Host]
    processes: Sequence[psutil.Process] = ()

    @property
    def keepers(self) -> list[psutil.Process]:
        """The parents outside of the hosts, which stop when their child does and must be woken to see its end."""
        parents = [_parent(each) for each in self.processes]
        return [each for each in parents if each is not None and each.name() == "nsenter"]


class Striker:
    """One for a run; what is frozen or cut when it ends is let go."""

    def __init__(self, lab: Lab, told: Callable[[], Mapping[str, int]]) -> None:
        self._lab = lab
        self._told = told
        self._began = time.monotonic()
        self._lasting: list[tuple[float, _Victims]] = []  # and when they are let go

    def strike(self, faults: Sequence[Fault]) -> Iterator[Struck]:
        """Each fault as it comes; what lasts is over when this is.

        Raises:
            HostsError: there is nothing to strike.
        """
        try:
            for number, fault in enumerate(faults, start=1):
                self._wait(fault.after_seconds)
                yield self._strike(number, fault)
            self._wait(max([end for end, _ in self._lasting], default=0.0) - time.monotonic())
        finally:
            self._let_go(until=math.inf)

    def _strike(self, number: int, fault: Fault) -> Struck:
        looked = time.monotonic()
        while (victims := self._victims(fault)) is None:
            if time.monotonic() - looked > PATIENCE_SECONDS:
                raise HostsError(f"no {fault.target} to {fault.kind} for {PATIENCE_SECONDS:.0f} s\n{self._lab.tails()}")
            self._wait(SEARCH_SECONDS)
        now = time.monotonic()
        struck = Struck(
            number=number,
            at_seconds=round(now - self._began, 3),
            kind=fault.kind,
            target=fault.target,
            hosts=[host.name for host in victims.hosts],
            processes={each.pid: _name(each) for each in victims.processes},
            lasts_seconds=round(fault.lasts_seconds, 3),
            waited_seconds=round(now - looked, 3),
            told=self._told(),
        )
        self._do(fault, victims)
        return struck

    def _do(self, fault: Fault, victims: _Victims) -> None:
        if fault.kind is Kind.CUT:
            self._lab.hosts.cut(*victims.hosts)
        elif fault.kind is Kind.FREEZE:
            send(signal.SIGSTOP, victims.processes)
        else:
            keepers = victims.keepers
            send(signal.SIGSTOP, victims.processes)  # so that none hears of another's end before its own
            send(signal.SIGKILL, victims.processes)
            send(signal.SIGCONT, keepers)
        if fault.kind is not Kind.KILL:
            self._lasting.append((time.monotonic() + fault.lasts_seconds, victims))

    def _victims(self, fault: Fault) -> _Victims | None:
        """Who is struck, of those that are not struck already; None while there is nobody."""
        if fault.target is Target.NETWORK:
            cut = [tuple(host.name for host in each.hosts) for _, each in self._lasting if not each.processes]
            link = _chosen([link for link in LINKS if link not in cut], fault.luck)
            return None if link is None else _Victims([self._lab.hosts[name] for name in link])
        names, begins = PROCESSES[fault.target]
        hosts = [self._lab.hosts[name] for name in names]
        if begins:
            found = [_Victims([host], [each]) for host in hosts for each in _awake(host.processes(begins))]
        else:
            found = [_Victims([host], _awake(host.processes())) for host in hosts]
        return _chosen([each for each in found if each.processes], fault.luck)

    def _wait(self, seconds: float) -> None:
        """Let time pass, and let go of what has lasted long enough."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(left, LOOK_SECONDS))
            self._let_go(until=time.monotonic())

    def _let_go(self, *, until: float) -> None:
        due = [victims for end, victims in self._lasting if end <= until]
        self._lasting = [(end, victims) for end, victims in self._lasting if end > until]
        for victims in due:
            if victims.processes:
                send(signal.SIGCONT, [*victims.keepers, *victims.processes])
            else:
                self._lab.hosts.mend(*victims.hosts)


def send(number: signal.Signals, processes: Sequence[psutil.Process]) -> None:
    """Signal all of them; those that are gone are passed over."""
    for each in processes:
        with suppress(psutil.NoSuchProcess):
            each.send_signal(number)


def _chosen(several: Sequence[T], luck: float) -> T | None:
    return several[int(luck * len(several))] if several else None


def _awake(processes: Sequence[psutil.Process]) -> list[psutil.Process]:
    return [each for each in processes if _status(each) not in (psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE, None)]


def _status(process: psutil.Process) -> str | None:
    with suppress(psutil.NoSuchProcess):
        return str(process.status())
    return None


def _name(process: psutil.Process) -> str:
    with suppress(psutil.NoSuchProcess):
        return str(process.name())
    return "gone"


def _parent(process: psutil.Process) -> psutil.Process | None:
    with suppress(psutil.NoSuchProcess):
        return process.parent()
    return None
