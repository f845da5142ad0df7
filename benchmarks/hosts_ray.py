"""Ray on hosts, as the containers of `docker/` run it; it notices within seconds what it else notices in a minute."""

import secrets
import sys
from collections.abc import Mapping
from pathlib import Path

from benchmarks.hosts import Host

PORT = 6379
FOLDER = Path("/tmp/ray")  # noqa: S108 - where Ray has its sessions; each host has a folder of its own there
READY = "Ray runtime started"
OBJECT_STORE_BYTES = 80_000_000  # about the least that Ray takes

QUICK: Mapping[str, str] = {
    "RAY_health_check_initial_delay_ms": "2000",
    "RAY_health_check_period_ms": "1000",
    "RAY_health_check_timeout_ms": "3000",
    "RAY_health_check_failure_threshold": "4",
    "RAY_gcs_rpc_server_reconnect_timeout_s": "3",
}


def environment(token_file: Path) -> dict[str, str]:
    """What every process of one cluster runs with; makes its token."""
    token_file.touch(mode=0o600)
    token_file.write_text(secrets.token_hex(32))
    return {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(token_file),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_enable_worker_prestart": "0",  # processes that nobody may need
        **QUICK,
    }


def address(head: Host) -> str:
    """Where the cluster is joined."""
    return f"{head.address}:{PORT}"


def node(head: Host, *role: str) -> list[str]:
    """The command of a host's part in the cluster: `head`, `worker --cpus N`, or `member` and another command."""
    small = f"--object-store-bytes={OBJECT_STORE_BYTES}"
    return [sys.executable, "-m", "workers.node", f"--address={address(head)}", small, *role]
