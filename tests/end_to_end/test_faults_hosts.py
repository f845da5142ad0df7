"""Hosts are apart, a cut is silent and mends, and nothing of them outlives whoever made them."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from benchmarks.hosts import Host, HostsError, require_hosts
from benchmarks.hosts_network import Hosts, booted
from benchmarks.hosts_unit import Unit, kept

PORT = 7000
SERVER = f"import http.server as h; h.HTTPServer(('', {PORT}), h.SimpleHTTPRequestHandler).serve_forever()"
ASK = f"import socket, sys; socket.create_connection((sys.argv[1], {PORT}), 0.5).close(); print('heard')"


@pytest.fixture(scope="module", autouse=True)
def allowed() -> None:
    try:
        require_hosts()
    except HostsError as error:
        pytest.skip(str(error))


@pytest.fixture
def hosts() -> Iterator[Hosts]:
    with booted(["one", "other"], binds={}) as found:
        yield found


@pytest.fixture
def server(hosts: Hosts, tmp_path: Path) -> Iterator[Unit]:
    unit = Unit(
        host=hosts["one"],
        command=[sys.executable, "-c", SERVER],
        environment={},
        log=tmp_path / "server.log",
    )
    unit.start()
    with kept([unit]):
        await_answer(hosts["one"])
        yield unit


def test_hosts_have_processes_and_addresses_of_their_own(hosts: Hosts, server: Unit) -> None:
    one, other = hosts["one"], hosts["other"]
    assert len(one.processes("-c import http.server")) == 1
    assert other.processes() == []
    assert one.address in one.do("ip", "-4", "address")
    assert one.address not in other.do("ip", "-4", "address")
    assert asks(other, one)
    assert not asks(one, other), "nobody listens there"


def test_a_cut_is_silent_between_two_hosts_and_mends(hosts: Hosts, server: Unit) -> None:
    one, other = hosts["one"], hosts["other"]
    hosts.cut(one, other)
    with pytest.raises(HostsError, match=r"timed out|TimeoutError"):
        other.do(sys.executable, "-c", ASK, one.address)
    await_answer(one)  # we are on the switch too, and are not cut off
    hosts.mend(one, other)
    assert asks(other, one)
    hosts.mend(one, other)


def test_a_unit_that_was_killed_runs_again(hosts: Hosts, server: Unit) -> None:
    (before,) = hosts["one"].processes("-c import http.server")
    before.kill()
    before.wait(10)
    await_answer(hosts["one"])
    (after,) = hosts["one"].processes("-c import http.server")
    assert after != before
    assert server.starts == 2


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_nothing_outlives_whoever_made_the_hosts(number: signal.Signals) -> None:
    code = (
        "import signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # which a shell's background job ignores
        "from benchmarks.hosts_network import booted\n"
        "with booted(['one'], binds={}) as hosts:\n"
        "    hosts['one'].start([sys.executable, '-c', 'import time; time.sleep(600)'], environment={}, output=2)\n"
        "    time.sleep(0.5)\n"
        "    print(hosts['one'].pid, *[each.pid for each in hosts['one'].processes()], flush=True)\n"
        "    time.sleep(600)\n"
    )
    maker = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert maker.stdout is not None
    with maker.stdout:
        family = [psutil.Process(int(pid)) for pid in maker.stdout.readline().split()]
    assert len(family) == 2
    link = f"tws{maker.pid}"
    assert link in {name for _, name in socket.if_nameindex()}
    maker.send_signal(number)
    maker.wait()
    assert psutil.wait_procs(family, timeout=10)[1] == []
    deadline = time.monotonic() + 10
    while link in {name for _, name in socket.if_nameindex()}:
        assert time.monotonic() < deadline, "the link is still there"
        time.sleep(0.05)


def test_without_the_right_to_make_hosts_the_reason_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tool = tmp_path / "unshare"
    tool.write_text("#!/bin/sh\necho 'unshare failed: Operation not permitted' >&2\nexit 1\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(HostsError, match=r"must be root.*Operation not permitted"):
        require_hosts()
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    with pytest.raises(HostsError, match="not installed"):
        require_hosts()


def asks(host: Host, other: Host) -> bool:
    try:
        return "heard" in host.do(sys.executable, "-c", ASK, other.address)
    except HostsError:
        return False


def await_answer(host: Host) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            socket.create_connection((host.address, PORT), 0.5).close()
        except OSError:
            assert time.monotonic() < deadline, "the server does not answer"
            time.sleep(0.05)
        else:
            return
