"""Another node of a Ray cluster on loopback, in a process of its own: `python -m tests.workers.node ADDRESS`.

`ray start` cannot be used: on loopback it wants the variable that turns 127.0.0.1 into the machine's outer address.
"""

import os
import signal
import sys

from workers.cluster import secure

secure(os.environ)

from ray._private.node import Node  # noqa: E402 - reads the environment
from ray._private.parameter import RayParams  # noqa: E402


def main() -> None:
    """Join with room for one worker, until a signal comes."""
    resources = RayParams(
        gcs_address=sys.argv[1],
        num_cpus=1,
        node_ip_address="127.0.0.1",
        node_manager_port=0,
        dashboard_agent_listen_port=None,
        include_log_monitor=False,  # type: ignore[arg-type]  # annotated as str, used as a bool
        object_store_memory=100 * 2**20,
    )
    Node(resources, head=False, shutdown_at_exit=True, spawn_reaper=True)
    signal.pause()


if __name__ == "__main__":
    main()
