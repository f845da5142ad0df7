"""The process that holds an embedded Ray cluster; prints its address, then waits to be ended."""

import argparse
import os
import select
import signal
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

import ray

from workers.parent_death import end_with_parent

LOOPBACK = "127.0.0.1"
VITAL = ("gcs_server", "raylet")


def main() -> None:
    """Start Ray, say where, and stop it on SIGTERM, which also comes when the parent is gone."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cpus", type=int, required=True)
    parser.add_argument("--parent", type=int, required=True)
    arguments = parser.parse_args()
    end_with_parent(arguments.parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole terminal; the parent ends us in its turn
    context: Any = ray.init(
        "local",  # whatever cluster somebody else's file or environment names
        num_cpus=arguments.cpus,
        include_dashboard=True,
        dashboard_host=LOOPBACK,
        log_to_driver=False,
        _node_ip_address=LOOPBACK,
    )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    dashboard = f"http://{context.dashboard_url}" if context.dashboard_url else ""
    print(context.address_info["gcs_address"], dashboard, flush=True)
    try:
        _wait_for_the_end_of(VITAL)
    finally:
        ray.shutdown()


def _wait_for_the_end_of(names: Collection[str]) -> None:
    """Return when a child process of one of these names ends: a cluster without it hangs and does not say so."""
    children = (pid for thread in Path("/proc/self/task").glob("*/children") for pid in thread.read_text().split())
    vital = [os.pidfd_open(int(pid)) for pid in children if Path("/proc", pid, "comm").read_text().strip() in names]
    select.select(vital, [], [])


if __name__ == "__main__":
    main()
