"""The gateway leads to services that are there, at their ports, and to no others."""

import re
import shutil
import subprocess

import pytest

from tests.docker.compose_file import DOCKER, services
from workers.node import DASHBOARD_PORT

CONFIG = DOCKER / "gateway" / "haproxy.cfg"
SERVICES = services()


def test_it_leads_to_services_that_it_reaches() -> None:
    servers = re.findall(r"^ +server(?:-template)? .*?([a-z-]+):(\d+)", CONFIG.read_text(), flags=re.MULTILINE)
    assert dict(servers) == {"api": "8321", "ray-head": str(DASHBOARD_PORT)}
    for name, _port in servers:
        assert set(SERVICES[name]["networks"]) & set(SERVICES["gateway"]["networks"])


def test_what_is_published_is_what_it_listens_to() -> None:
    bound = set(re.findall(r"^ +bind :(\d+)", CONFIG.read_text(), flags=re.MULTILINE))
    assert bound == {port.rpartition(":")[2] for port in SERVICES["gateway"]["ports"]}


def test_its_own_health_is_nobody_elses() -> None:
    asked = SERVICES["gateway"]["healthcheck"]["test"][-1]
    (bound,) = re.findall(r"^ +bind (127\.0\.0\.1:\d+)\n +monitor-uri (\S+)", CONFIG.read_text(), flags=re.MULTILINE)
    assert asked == f"http://{''.join(bound)}"


@pytest.mark.skipif(shutil.which("haproxy") is None, reason="HAProxy is not installed here")
def test_haproxy_takes_it() -> None:
    done = subprocess.run(["haproxy", "-c", "-f", CONFIG], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
