"""`compose.yml` and its neighbours as the checks read them: variables replaced by their defaults."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
DOCKER = ROOT / "docker"
VARIABLE = re.compile(r"\$\{([A-Z_]+)(?::-([^}]*))?\}")

Service = Mapping[str, Any]


def compose() -> dict[str, Any]:
    """The file, with every variable at its default."""
    loaded: dict[str, Any] = yaml.safe_load(VARIABLE.sub(lambda found: found[2] or "", text()))
    return loaded


def text() -> str:
    """The file as it is."""
    return (DOCKER / "compose.yml").read_text()


def services() -> dict[str, Service]:
    """Every service by its name."""
    found: dict[str, Service] = compose()["services"]
    return found


def build_variant(service: Service) -> str:
    """Which of our images a service runs: `api`, `worker-cpu` or `worker-cuda`; empty for somebody else's."""
    if "build" not in service:
        return ""
    kind = Path(service["build"]["dockerfile"]).name.partition(".")[0]
    variant = service["build"].get("args", {}).get("VARIANT")
    return kind if variant is None else f"{kind}-{variant}"


def assignments(path: Path) -> dict[str, str]:
    """`NAME=value` lines of an example of settings, whether they are in effect or commented out."""
    lines = (re.fullmatch(r"#?([A-Z_]+)=(.*)", line) for line in path.read_text().splitlines())
    return {found[1]: found[2] for found in lines if found}
