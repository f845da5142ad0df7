"""`run_beside`: a command that needs a Ray node on its own host, and that node; each ends with the other."""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from http import HTTPStatus
from urllib.request import ProxyHandler, build_opener

AGENT_PORT = 52365  # of a node's agent, which tells its health; Ray's own default
START_SECONDS = 120.0
STOP_SECONDS = 20.0
POLL_SECONDS = 0.5


def run_beside(node_command: Sequence[str], command: Sequence[str], *, agent_port: int = AGENT_PORT) -> int:
    """Run a node, then, when it has joined, a command beside it; SIGTERM ends both.

    Returns:
        The exit code of the command; 1 where the node ended first, or did not join; 143 after SIGTERM.
    """
    asked, ask = os.pipe()  # a handler that raises could do so between the start of a process and its name
    signal.signal(signal.SIGTERM, lambda *_: os.write(ask, b"."))
    node = subprocess.Popen(node_command)
    try:
        if not _ready(node, agent_port, asked):
            if _readable(asked):
                return 128 + signal.SIGTERM
            print("error: the node did not join the cluster; see what Ray wrote above", file=sys.stderr)
            return 1
        child = subprocess.Popen(command)
        try:
            _first_of(asked, node, child)
        finally:
            code = _end(child)  # before its node, through which drivers let go of their searches
        if _readable(asked):
            return 128 + signal.SIGTERM
        return 1 if node.poll() is not None else code
    finally:
        _end(node)


def _ready(node: "subprocess.Popen[bytes]", agent_port: int, asked: int) -> bool:
    """Whether the node has joined; not where it ended, took too long, or somebody asked for the end meanwhile."""
    deadline = time.monotonic() + START_SECONDS
    while node.poll() is None and time.monotonic() < deadline:
        if _healthy(agent_port):
            return True
        if _readable(asked, within=POLL_SECONDS):
            return False
    return False


def _readable(pipe: int, *, within: float = 0.0) -> bool:
    return bool(select.select([pipe], [], [], within)[0])


def _healthy(agent_port: int) -> bool:
    url = f"http://127.0.0.1:{agent_port}/api/local_raylet_healthz"
    try:
        with build_opener(ProxyHandler({})).open(url, timeout=POLL_SECONDS) as answer:  # no proxy leads here
            return bool(answer.status == HTTPStatus.OK)
    except OSError:
        return False


def _first_of(asked: int, *processes: "subprocess.Popen[bytes]") -> None:
    """Return when one of them ends, or somebody asks for the end."""
    ends = [os.pidfd_open(each.pid) for each in processes]
    try:
        select.select([asked, *ends], [], [])
    finally:
        for each in ends:
            os.close(each)


def _end(process: "subprocess.Popen[bytes]") -> int:
    process.terminate()
    try:
        return process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
