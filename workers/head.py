"""The process that holds an embedded Ray cluster; prints its address, then waits to be ended."""

import argparse
import signal
import sys
import threading
from typing import Any

import ray

from workers.parent_death import end_with_parent

LOOPBACK = "127.0.0.1"


def main() -> None:
    """Start Ray, say where, and stop it on SIGTERM, which also comes when the parent is gone."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cpus", type=int, required=True)
    parser.add_argument("--parent", type=int, required=True)
    arguments = parser.parse_args()
    end_with_parent(arguments.parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole terminal; the parent ends us in its turn
    context: Any = ray.init(
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
        threading.Event().wait()
    finally:
        ray.shutdown()


if __name__ == "__main__":
    main()
