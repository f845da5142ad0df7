"""Process 1 of a host: mounts what is the host's own, then waits; when it ends, the kernel ends the whole host.

Run as `python hosts_init.py source:target ...` in fresh namespaces; it needs nothing but the standard library. It ends
with the pipe that is its input, so even with a parent that was killed.
"""

import signal
import subprocess
import sys

SHARED_MEMORY = "/dev/shm"  # noqa: S108 - a mount point, not a file of ours


def main() -> None:
    """Mount, say so, wait."""
    _mount("-t", "tmpfs", "tmpfs", SHARED_MEMORY)
    for pair in sys.argv[1:]:
        source, _, target = pair.rpartition(":")
        _mount("--bind", source, target)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # orphans come to process 1; so the kernel takes them away by itself
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    print("ready", flush=True)
    sys.stdin.read()


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)  # noqa: S607 - wherever the system has it


if __name__ == "__main__":
    main()
