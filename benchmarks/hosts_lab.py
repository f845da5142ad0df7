"""`lab`: an installation on separate hosts: database, two APIs, two dispatchers, a Ray head, two Ray workers."""

import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from benchmarks import hosts_postgres, hosts_ray
from benchmarks.hosts import Host, HostsError
from benchmarks.hosts_client import Client
from benchmarks.hosts_network import Hosts, booted
from benchmarks.hosts_postgres import Postgres
from benchmarks.hosts_unit import Unit, kept
from service.domain.person import Role
from service.searches.store import Store
from service.storage.database import connect, upgrade

DATABASE, HEAD = "db", "head"
APIS = ("api-1", "api-2")
DISPATCHERS = ("dispatch-1", "dispatch-2")
WORKERS = ("work-1", "work-2")
API, DISPATCHER, DRIVER = (f"-m service.cli {command}" for command in ("serve", "dispatch", "drive"))
WORKER = "ray::ImplicitFunc"
"""How the arguments or the titles of processes begin that run there; a worker is a process that scores."""
NAMES = (DATABASE, HEAD, *APIS, *DISPATCHERS, *WORKERS)

API_PORT = 8321
SECONDS = 180.0  # for a part to be there, on a machine that is busy with other things
LEASE_SECONDS = 15.0  # as by default
POLL_SECONDS = 0.2
NODE_PATIENCE_SECONDS = 300.0  # workers that are struck come back
MAX_ATTEMPTS = 100  # a fault of ours looks like a search that kills its driver, for which three are enough
OWNER = "benchmark"
ROOT = Path(__file__).parents[1]
TAIL = 20  # lines of a log


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """One installation. `store` goes to its database directly, `client` to its APIs."""

    hosts: Hosts
    units: Mapping[str, Unit]
    folder: Path
    store: Store
    client: Client

    def tails(self) -> str:
        """The ends of all logs."""
        files = [*sorted(self.folder.glob("*.log")), *sorted((self.folder / "state" / "logs").glob("*.log"))]
        tails = ["\n".join(file.read_text(errors="replace").splitlines()[-TAIL:]) for file in files]
        return "\n".join(f"--- {file.name}\n{tail}" for file, tail in zip(files, tails, strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How large an installation is, and with what it runs."""

    slots: int = 2  # workers that one worker host has room for
    running: int = 1  # searches that one dispatcher drives at once
    more: Mapping[str, str] = field(default_factory=dict)  # environment of the service's processes


@contextmanager
def lab(folder: Path, plan: Plan) -> Iterator[Lab]:
    """Start an installation whose files are all in `folder`, which is empty; all that runs ends with the context.

    Raises:
        HostsError: this machine does not let us, or a part did not start.
    """
    postgres = Postgres(folder / "db")
    binds = {name: {_made(folder / name): _made(hosts_ray.FOLDER)} for name in (HEAD, *DISPATCHERS, *WORKERS)}
    with booted(NAMES, binds={**binds, DATABASE: postgres.binds}) as hosts:
        url = postgres.url(hosts[DATABASE])
        units = _units(folder, hosts, postgres, _environment(folder, url, hosts[HEAD], plan), slots=plan.slots)
        postgres.make(hosts[DATABASE], hosts.network)
        first = (DATABASE, HEAD)
        for name in first:
            units[name].start()
        store = _store(url)
        key = store.keys.create(OWNER, Role.ADMIN).key
        units[HEAD].said(hosts_ray.READY, seconds=SECONDS)
        for name, unit in units.items():
            if name not in first:
                unit.start()
        _await_all(units)
        with kept(units.values()):
            client = Client([f"http://{hosts[name].address}:{API_PORT}" for name in APIS], key)
            yield Lab(hosts=hosts, units=units, folder=folder, store=store, client=client)
        store.engine.dispose()


def _made(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return folder


def _environment(folder: Path, url: str, head: Host, plan: Plan) -> dict[str, str]:
    address = folder / "database-url"
    address.touch(mode=0o600)
    address.write_text(url)
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
        **hosts_ray.environment(folder / "ray-token"),
        "TWINSIEVE_DATABASE_URL_FILE": str(address),
        "TWINSIEVE_STATE_DIR": str(_made(folder / "state")),
        "TWINSIEVE_RAY_ADDRESS": hosts_ray.address(head),
        "TWINSIEVE_REQUIRE_KEYS": "true",
        "TWINSIEVE_PORT": str(API_PORT),
        "TWINSIEVE_LEASE_SECONDS": str(LEASE_SECONDS),
        "TWINSIEVE_POLL_SECONDS": str(POLL_SECONDS),
        "TWINSIEVE_MAX_RUNNING": str(plan.running),
        "TWINSIEVE_MAX_ATTEMPTS": str(MAX_ATTEMPTS),
        "TWINSIEVE_NODE_PATIENCE_SECONDS": str(NODE_PATIENCE_SECONDS),
        **plan.more,
    }


def _units(
    folder: Path, hosts: Hosts, postgres: Postgres, environment: Mapping[str, str], *, slots: int
) -> dict[str, Unit]:
    """What runs where, by host, in the order of the start."""
    twinsieve, head = [sys.executable, "-m", "service.cli"], hosts[HEAD]
    commands = {
        HEAD: hosts_ray.node(head, "head"),
        **{name: [*twinsieve, "serve", "--no-dispatcher", "--host", hosts[name].address] for name in APIS},
        **{name: hosts_ray.node(head, "member", *twinsieve, "dispatch") for name in DISPATCHERS},
        **{name: hosts_ray.node(head, "worker", f"--cpus={slots}") for name in WORKERS},
    }
    database = Unit(
        host=hosts[DATABASE],
        command=postgres.command(hosts[DATABASE]),
        environment=hosts_postgres.ENVIRONMENT,
        log=folder / f"{DATABASE}.log",
        as_nobody=True,
    )
    return {DATABASE: database} | {
        name: Unit(host=hosts[name], command=command, environment=environment, log=folder / f"{name}.log")
        for name, command in commands.items()
    }


def _store(url: str) -> Store:
    """The store, once the database answers."""
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            psycopg.connect(url, connect_timeout=1).close()
            break
        except psycopg.OperationalError as error:
            if time.monotonic() > deadline:
                raise HostsError(f"PostgreSQL did not start within {SECONDS:.0f} s: {error}") from error
            time.sleep(POLL_SECONDS)
    engine = connect(url)
    upgrade(engine)
    return Store.on(engine)


def _await_all(units: Mapping[str, Unit]) -> None:
    for name in APIS:
        units[name].said("listens on", seconds=SECONDS)
    for name in (*DISPATCHERS, *WORKERS):
        units[name].said(hosts_ray.READY, seconds=SECONDS)
