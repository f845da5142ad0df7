"""`Hosts`: several hosts on one switch, which can be cut off from each other. We are on the switch as well.

The switch is a host too. All that the system gets to see is one link, `tws<pid>`, which goes when the switch goes.
"""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.hosts import Host, HostsError, require_hosts

LINK = "eth0"
SWITCH = "switch0"
NOBODY = "02:00:00:00:de:ad"  # a locally administered address that no link has


class Hosts:
    """All hosts of one run by name."""

    def __init__(self, hosts: Mapping[str, Host], network: str) -> None:
        self._hosts = hosts
        self.network = network

    def __getitem__(self, name: str) -> Host:
        return self._hosts[name]

    def __iter__(self) -> Iterator[Host]:
        return iter(self._hosts.values())

    def cut(self, one: Host, other: Host) -> None:
        """Nothing gets from `one` to `other` or back, and nobody is told: frames go to a link that does not exist."""
        for here, there in ((one, other), (other, one)):
            here.do("ip", "neigh", "replace", there.address, "lladdr", NOBODY, "nud", "permanent", "dev", LINK)

    def mend(self, one: Host, other: Host) -> None:
        """Undo `cut`."""
        for here, there in ((one, other), (other, one)):
            here.do("ip", "neigh", "flush", "to", there.address, "dev", LINK, "nud", "permanent")


@contextmanager
def booted(names: Sequence[str], *, binds: Mapping[str, Mapping[Path, Path]]) -> Iterator[Hosts]:
    """Boot hosts of these names on one switch; `binds` are folders that are mounted elsewhere, by host.

    Raises:
        HostsError: this machine does not let us.
    """
    require_hosts()
    network = _free_network()
    with ExitStack() as stack:
        switch = stack.enter_context(Host.booted("switch", "", {}))
        switch.do("ip", "link", "add", SWITCH, "type", "bridge")
        switch.do("ip", "link", "set", SWITCH, "up")
        hosts: dict[str, Host] = {}
        for number, name in enumerate(names, start=2):
            host = stack.enter_context(Host.booted(name, f"{network}.{number}", binds.get(name, {})))
            _plug(host, switch, port=f"port{number}")
            hosts[name] = host
        _join(switch, f"{network}.1")
        yield Hosts(hosts, f"{network}.0/24")


def _plug(host: Host, switch: Host, *, port: str) -> None:
    _ip("link", "add", port, "netns", switch.pid, "type", "veth", "peer", "name", LINK, "netns", host.pid)
    switch.do("ip", "link", "set", port, "master", SWITCH, "up")
    host.do("ip", "addr", "add", f"{host.address}/24", "dev", LINK)
    host.do("ip", "link", "set", LINK, "up")


def _join(switch: Host, address: str) -> None:
    """Be on the switch ourselves; the link goes when the switch goes."""
    ours, port = f"tws{os.getpid()}", "uplink"
    _ip("link", "add", ours, "type", "veth", "peer", "name", port, "netns", switch.pid)
    switch.do("ip", "link", "set", port, "master", SWITCH, "up")
    _ip("addr", "add", f"{address}/24", "dev", ours)
    _ip("link", "set", ours, "up")


def _free_network() -> str:
    """Three bytes of a /24 that no link of this machine is on, of the block that RFC 2544 gives to benchmarks."""
    links = json.loads(_ip("-json", "-4", "address", "show"))
    taken = {address["local"].rpartition(".")[0] for link in links for address in link["addr_info"]}
    for number in range(256):
        if (network := f"198.18.{number}") not in taken:
            return network
    raise HostsError("every network 198.18.0.0/24 to 198.18.255.0/24 is taken by a link of this machine: see `ip addr`")


def _ip(*arguments: object) -> str:
    command = ["ip", *map(str, arguments)]  # wherever the system has it
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise HostsError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout
