"""Prometheus finds whoever tells something, and every graph of the dashboard asks for what is told."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry
from ray.dashboard.modules.reporter.reporter_agent import METRICS_GAUGES
from sqlalchemy import Engine, create_engine

from service.driving.dispatcher_metrics import DispatcherMetrics
from service.observing.census import Census
from service.observing.metrics import ApiMetrics
from service.storage.database import upgrade
from tests.docker.compose_file import DOCKER, services
from workers.node import METRICS_PORT

SERVICES = services()
SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum"), "gauge": ("",)}
OF_PROMETHEUS = {"up", "process_resident_memory_bytes"}  # the second is only there on Linux
WORDS = re.compile(r"\b(?:twinsieve|ray|process|up)(?:_[a-z_]+)?\b(?=[\s{[)]|$)")
SELECTOR = re.compile(r"(twinsieve_[a-z_]+)\{([a-z]+)=~?\"([^\"]*)\"\}")
BY = re.compile(r"by \(([a-z, ]+)\) \((?:rate|increase)?\(?(twinsieve_[a-z_]+)")

Labels = dict[str, set[str]]


def _loaded(*path: str) -> Any:  # noqa: ANN401 - YAML
    return yaml.safe_load(DOCKER.joinpath(*path).read_text())


def _dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DOCKER / "grafana" / "dashboards" / "twinsieve.json").read_text())
    return found


def _expressions() -> list[str]:
    return [target["expr"] for panel in _dashboard()["panels"] for target in panel.get("targets", ())]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{tmp_path / 'lab.sqlite'}")
    upgrade(engine)
    yield engine
    engine.dispose()


def _told(*registries: CollectorRegistry) -> Iterator[str]:
    for registry in registries:
        for family in registry.collect():
            yield from (family.name + suffix for suffix in SUFFIXES[family.type])


def test_every_graph_asks_for_what_is_told(engine: Engine) -> None:
    told = set(_told(ApiMetrics(Census(engine)).registry, DispatcherMetrics().registry))
    told |= {f"ray_{name}" for name in METRICS_GAUGES} | OF_PROMETHEUS
    for expression in _expressions():
        asked = set(WORDS.findall(expression))
        assert asked, expression
        assert asked <= told, expression


def test_graphs_show_what_is_told_of_searches_and_candidates(engine: Engine) -> None:
    """What is told and drawn nowhere was forgotten."""
    asked = " ".join(_expressions())
    for name in {re.sub(r"_(bucket|sum|count)$", "", name) for name in _told(DispatcherMetrics().registry)}:
        assert not name.startswith("twinsieve_") or name in asked
    for family in ApiMetrics(Census(engine)).registry.collect():
        if family.name.startswith("twinsieve_") and family.name != "twinsieve_http_requests_in_progress":
            assert family.name in asked


def test_selections_name_values_that_there_are(engine: Engine) -> None:
    statuses = {
        sample.labels["status"]
        for family in ApiMetrics(Census(engine)).registry.collect()
        if family.name == "twinsieve_searches"
        for sample in family.samples
    }
    selected = {value for each in _expressions() for _, label, value in SELECTOR.findall(each) if label == "status"}
    assert selected
    assert {status for value in selected for status in value.split("|")} <= statuses


def test_graphs_ask_the_provisioned_source() -> None:
    (source,) = _loaded("grafana", "provisioning", "datasources", "prometheus.yml")["datasources"]
    host, port = re.fullmatch(r"http://([a-z]+):(\d+)", source["url"]).groups()  # type: ignore[union-attr] # it matches
    assert host in SERVICES
    assert port == "9090"
    named = {panel["datasource"]["uid"] for panel in _dashboard()["panels"] if panel["type"] != "row"}
    assert named == {source["uid"]}


def test_panels_do_not_cover_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in _dashboard()["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells


def test_dashboards_are_where_grafana_looks() -> None:
    (provider,) = _loaded("grafana", "provisioning", "dashboards", "twinsieve.yml")["providers"]
    folder = provider["options"]["path"]
    assert f"./grafana/dashboards:{folder}:ro" in SERVICES["grafana"]["volumes"]
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home == f"{folder}/twinsieve.json"


def _jobs() -> Mapping[str, Mapping[str, Any]]:
    return {job["job_name"]: job for job in _loaded("prometheus", "prometheus.yml")["scrape_configs"]}


def test_prometheus_looks_for_services_that_it_reaches() -> None:
    reached = set(SERVICES["prometheus"]["networks"])
    for job in _jobs().values():
        for discovery in job.get("dns_sd_configs", ()):
            assert discovery["type"] == "A"
            for name in discovery["names"]:
                assert reached & set(SERVICES[name]["networks"]), name


def test_prometheus_looks_at_the_ports_that_are_open() -> None:
    ports = {name: job["dns_sd_configs"][0]["port"] for name, job in _jobs().items() if "dns_sd_configs" in job}
    dispatcher = SERVICES["dispatcher"]["environment"]
    api = re.search(r"http://127\.0\.0\.1:(\d+)", str(SERVICES["api"]["healthcheck"]["test"]))
    assert api is not None
    assert ports == {"api": int(api[1]), "dispatcher": int(dispatcher["TWINSIEVE_METRICS_PORT"]), "ray": METRICS_PORT}


def test_prometheus_has_the_key_that_the_api_wants() -> None:
    path = _jobs()["api"]["authorization"]["credentials_file"]
    assert Path(path).name in SERVICES["prometheus"]["secrets"]
