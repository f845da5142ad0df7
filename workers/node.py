"""This host's part of a Ray cluster of several hosts, with a token and without usage statistics.

`python -m workers.node --address HOST:PORT head` runs no candidates; `worker` gives what the host has to them; `member
COMMAND ...` gives nothing, and runs a command that is a Ray driver or starts some, because a driver needs a node on its
own host. Each ends when its node or its command does, so that whoever keeps it running starts both again.
"""

import argparse
import os
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from workers.beside import AGENT_PORT, run_beside
from workers.ray_token import show_token

OBJECT_STORE_BYTES = 1 << 28
DASHBOARD_PORT = 8265
METRICS_PORT = 8080


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePlan:
    """What one node offers, and where it listens."""

    role: str  # head, worker or member
    address: str  # host:port of the head
    cpus: int | None = None  # for candidates, of a worker; none: all
    object_store_bytes: int = OBJECT_STORE_BYTES
    agent_port: int = AGENT_PORT
    dashboard_port: int = DASHBOARD_PORT
    metrics_port: int = METRICS_PORT

    def command(self) -> list[str]:
        """How `ray start` makes this node.

        Raises:
            ValueError: the address is not host:port.
            OSError: no way leads there.
        """
        host, _, port = self.address.rpartition(":")
        if not host or not port.isdigit():
            raise ValueError(f"--address {self.address!r}: expected host:port of the head, such as ray-head:6379")
        return [
            *(str(Path(sys.executable).with_name("ray")), "start", "--block", "--log-color=false"),
            f"--node-ip-address={_address_towards(host, int(port))}",
            f"--object-store-memory={self.object_store_bytes}",
            f"--dashboard-agent-listen-port={self.agent_port}",
            f"--metrics-export-port={self.metrics_port}",
            *(self._as_head(port) if self.role == "head" else [f"--address={self.address}"]),
            *(self._offered() if self.role == "worker" else ["--num-cpus=0", "--num-gpus=0"]),
        ]

    def _as_head(self, port: str) -> list[str]:
        # the dashboard wants the token too, so it may be reached from other hosts
        return ["--head", f"--port={port}", "--dashboard-host=0.0.0.0", f"--dashboard-port={self.dashboard_port}"]

    def _offered(self) -> list[str]:
        return [] if self.cpus is None else [f"--num-cpus={self.cpus}"]


def main() -> None:
    """Run the node that the command line asks for; exit code 2 for a user's mistake."""
    given = vars(_parser().parse_args())
    token_file, beside = given.pop("token_file"), given.pop("command", None)
    try:
        os.environ.update(_with_token(os.environ, token_file))
        plan = NodePlan(**given)
        command = plan.command()
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    if beside is None:
        os.execv(command[0], command)  # noqa: S606 - a list of our own making
    sys.exit(run_beside(command, beside, agent_port=plan.agent_port))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m workers.node")
    parser.add_argument("--address", required=True, metavar="HOST:PORT", help="where the head listens")
    parser.add_argument("--token-file", type=Path, help="the cluster's token; default: what RAY_AUTH_TOKEN_PATH names")
    parser.add_argument("--object-store-bytes", type=int, default=OBJECT_STORE_BYTES, help="of shared memory")
    for name, default in (("agent", AGENT_PORT), ("dashboard", DASHBOARD_PORT), ("metrics", METRICS_PORT)):
        parser.add_argument(f"--{name}-port", type=int, default=default, help=f"default: {default}")
    roles = parser.add_subparsers(dest="role", required=True)
    roles.add_parser("head")
    roles.add_parser("worker").add_argument("--cpus", type=int, help="cores for candidates; default: all")
    roles.add_parser("member").add_argument("command", nargs=argparse.PARSER, help="what to run beside the node")
    return parser


def _with_token(environment: Mapping[str, str], file: Path | None) -> dict[str, str]:
    """`environment` with the cluster's token in Ray's own variables.

    Raises:
        ValueError: there is no token.
        OSError: its file cannot be read.
    """
    shown = dict(environment)
    token, named = shown.get("RAY_AUTH_TOKEN"), shown.get("RAY_AUTH_TOKEN_PATH")
    path = file or (Path(named) if named and not token else None)  # as Ray, which takes the token itself first
    if path is None and not token:
        raise ValueError("without a token anybody who reaches the cluster runs what they like: give --token-file")
    if path is not None and not path.read_text(encoding="utf-8").strip():
        raise ValueError(f"the token file {path} is empty")
    show_token(shown, token=token, file=path)
    return shown


def _address_towards(host: str, port: int) -> str:
    """Our own address on the network that leads to the head; Ray would take the one that leads to the Internet."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((host, port))  # sends nothing
        address: str = probe.getsockname()[0]
        return address


if __name__ == "__main__":
    main()
