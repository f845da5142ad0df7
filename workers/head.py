"""The process that holds an embedded Ray cluster; prints its address, then waits to be ended."""

import argparse
import signal
import sys
from typing import Any

import ray

from workers.cluster import die_with_parent

LOOPBACK = "127.0.0.1"


def main() -> None:
    """Start Ray, say where, and stop it on SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cpus", type=int, required=True)
    cpus = parser.parse_args().cpus
    die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole terminal; the parent ends us in its turn
    context: Any = ray.init(
        num_cpus=cpus,
        include_dashboard=True,
        dashboard_host=LOOPBACK,
        log_to_driver=False,
        _node_ip_address=LOOPBACK,
    )
    dashboard = f"http://{context.dashboard_url}" if context.dashboard_url else ""
    print(context.address_info["gcs_address"], dashboard, flush=True)
    signal.sigwait({signal.SIGTERM})
    ray.shutdown()
    sys.exit(0)


if __name__ == "__main__":
    main()
