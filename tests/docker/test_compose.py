"""compose.yml: valid, and no container may do more than it must."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.docker.compose_file import DOCKER, VARIABLE, Service, assignments, build_variant, compose, services, text

SERVICES = services()
ONE_SHOT = {"migrate", "admin"}
NAMES = sorted(SERVICES)
each_service = pytest.mark.parametrize("service", [SERVICES[name] for name in NAMES], ids=NAMES)
each_running = pytest.mark.parametrize(
    "service", [SERVICES[name] for name in NAMES if name not in ONE_SHOT], ids=[n for n in NAMES if n not in ONE_SHOT]
)


@pytest.mark.parametrize("name", ["compose.yml", "compose.hosts.yml"])
def test_it_is_a_compose_file(name: str, tmp_path: Path) -> None:
    plain = tmp_path / name  # the check does not know the tag, which says how two files are put together
    plain.write_text((DOCKER / name).read_text().replace(" !override", ""))
    check = Path(sys.executable).with_name("check-jsonschema")
    command = [str(check), "--builtin-schema", "vendor.compose-spec", str(plain)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_file_for_several_machines_changes_what_there_is() -> None:
    more = yaml.safe_load((DOCKER / "compose.hosts.yml").read_text().replace(" !override", ""))
    for kind, changed in more.items():
        assert set(changed) <= set(compose()[kind])


@each_service
def test_nobody_is_root_or_becomes_it(service: Service) -> None:
    user = service["user"].partition(":")[0]
    assert user.isdigit()
    assert int(user) > 0
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert not {"privileged", "cap_add", "pid", "ipc", "devices", "network_mode"} & set(service)


@each_service
def test_roots_are_read_only_and_scratch_is_bounded(service: Service) -> None:
    assert service["read_only"] is True
    assert service["tmpfs"]
    assert all("size=" in each for each in service["tmpfs"])


@each_service
def test_everybody_has_limits(service: Service) -> None:
    limits = service["deploy"]["resources"]["limits"]
    assert set(limits) == {"cpus", "memory", "pids"}
    assert all(str(limit).strip() for limit in limits.values())


@each_running
def test_whoever_keeps_running_is_watched_and_restarted(service: Service) -> None:
    check = service["healthcheck"]
    assert check["test"][0] == "CMD"
    assert {"interval", "timeout", "retries", "start_period"} <= set(check)
    assert service["restart"] == "unless-stopped"


@each_running
def test_logs_do_not_fill_the_disk(service: Service) -> None:
    assert set(service["logging"]["options"]) == {"max-size", "max-file"}


def test_only_loopback_is_published() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert set(published) == {"gateway", "grafana"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


def test_whoever_publishes_has_a_network_that_leads_outside() -> None:
    networks = compose()["networks"]
    for service in SERVICES.values():
        if "ports" in service:
            assert any(not networks[name].get("internal") for name in service["networks"])


def test_workers_reach_no_database_and_have_no_password_of_it() -> None:
    """They run candidates: whoever takes one over finds the token of Ray, and nothing else."""
    for name in ("ray-head", "ray-worker", "ray-worker-gpu"):
        assert SERVICES[name]["networks"] == ["ray"]
        assert SERVICES[name]["secrets"] == ["ray_token"]
        assert not any(key.startswith("TWINSIEVE_") for key in SERVICES[name]["environment"])
    with_database = {name for name, service in SERVICES.items() if "data" in service["networks"]}
    assert with_database == {"postgres", "migrate", "admin", "api", "dispatcher"}


def test_the_networks_of_secrets_lead_nowhere() -> None:
    internal = {name for name, network in compose()["networks"].items() if network.get("internal")}
    assert internal == {"gate", "data", "ray", "watch"}


@each_service
def test_what_a_service_names_is_declared(service: Service) -> None:
    declared = compose()
    assert set(service["networks"]) <= set(declared["networks"])
    assert set(service.get("secrets", ())) <= set(declared["secrets"])
    assert set(service.get("depends_on", ())) <= set(SERVICES)
    for volume in service.get("volumes", ()):
        source = volume.partition(":")[0]
        assert (DOCKER / source).exists() if source.startswith("./") else source in declared["volumes"]


def test_whatever_is_declared_is_used() -> None:
    declared = compose()
    for kind in ("networks", "secrets"):
        assert set(declared[kind]) == {name for service in SERVICES.values() for name in service.get(kind, ())}
    used = {volume.partition(":")[0] for service in SERVICES.values() for volume in service.get("volumes", ())}
    assert set(declared["volumes"]) == {name for name in used if not name.startswith("./")}


def test_what_waits_for_health_waits_for_a_service_that_has_a_check() -> None:
    for service in SERVICES.values():
        waits = service.get("depends_on", {})
        for name in waits if isinstance(waits, dict) else ():
            healthy = waits[name]["condition"] == "service_healthy"
            assert healthy == (name not in ONE_SHOT)


def test_every_ray_process_wants_a_token_and_tells_nobody() -> None:
    on_ray = {name: service for name, service in SERVICES.items() if build_variant(service).startswith("worker")}
    assert set(on_ray) == {"dispatcher", "ray-head", "ray-worker", "ray-worker-gpu"}
    for service in on_ray.values():
        assert service["environment"]["RAY_AUTH_MODE"] == "token"
        assert service["environment"]["RAY_AUTH_TOKEN_PATH"] == "/run/secrets/ray_token"
        assert service["environment"]["RAY_USAGE_STATS_ENABLED"] == "0"
        assert "ray_token" in service["secrets"]


def test_gpus_are_reserved_and_only_for_their_profile() -> None:
    reserved = {name for name, each in SERVICES.items() if "reservations" in each["deploy"]["resources"]}
    assert reserved == {"ray-worker-gpu"}
    gpu = SERVICES["ray-worker-gpu"]
    (device,) = gpu["deploy"]["resources"]["reservations"]["devices"]
    assert device["capabilities"] == ["gpu"]
    assert gpu["profiles"] == ["gpu"]
    assert SERVICES["ray-worker"]["profiles"] == ["cpu"]


def test_what_scales_has_no_name_or_port_of_its_own() -> None:
    for name in ("api", "dispatcher", "ray-worker"):
        assert not {"container_name", "ports", "hostname"} & set(SERVICES[name])
        assert int(SERVICES[name]["deploy"]["replicas"]) >= 1


def test_variables_of_the_file_and_of_its_example_are_the_same() -> None:
    used = {found[1] for found in VARIABLE.finditer(text())}
    assert set(assignments(DOCKER / ".env.example")) == used | {"COMPOSE_PROFILES"}


def test_the_example_says_the_defaults() -> None:
    said = assignments(DOCKER / ".env.example")
    folders = {"BACKBONES", "DATA", "FOREGROUNDS"}  # whose default is a volume
    for found in VARIABLE.finditer(text()):
        assert found[1] in folders or said[found[1]] == found[2]
