"""Every path, command, module and variable that a file of docker/ names is there."""

import re
import shlex
from importlib.util import find_spec

import pytest
import typer

from service.cli.app import app
from service.settings import Settings
from tests.docker.compose_file import DOCKER, ROOT, Service, assignments, build_variant, services

SERVICES = services()
OURS = {name: service for name, service in SERVICES.items() if build_variant(service)}
PREFIX = "TWINSIEVE_"
COMMANDS = {"twinsieve", "python"}


def _settings(names: set[str]) -> set[str]:
    return {name.removeprefix(PREFIX).lower() for name in names if name.startswith(PREFIX)}


def _is_command(words: list[str]) -> bool:
    """Whether `twinsieve words` is a command, or asks for help; options are those of the command."""
    command = typer.main.get_command(app)
    while words and not words[0].startswith("-"):
        if (found := getattr(command, "commands", {}).get(words[0])) is None:
            return not hasattr(command, "commands")
        command, words = found, words[1:]
    known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    return {word.partition("=")[0] for word in words if word.startswith("--")} <= known | {"--help"}


@pytest.mark.parametrize("name", sorted(OURS))
def test_services_set_only_variables_that_the_settings_know(name: str) -> None:
    assert _settings(set(OURS[name].get("environment", {}))) <= set(Settings.model_fields)


def test_images_and_examples_set_only_variables_that_the_settings_know() -> None:
    for path in DOCKER.glob("*.Dockerfile"):
        assert _settings(set(re.findall(r"\b(TWINSIEVE_[A-Z_]+)=", path.read_text()))) <= set(Settings.model_fields)
    said = assignments(DOCKER / "settings.env.example")
    assert said
    assert _settings(set(said)) == {name.removeprefix(PREFIX).lower() for name in said} <= set(Settings.model_fields)


def test_the_values_of_the_example_are_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in assignments(DOCKER / "settings.env.example").items():
        monkeypatch.setenv(name, value)
    assert Settings().quota_queued is not None


@pytest.mark.parametrize("name", sorted(OURS))
def test_services_run_commands_that_there_are(name: str) -> None:
    words = OURS[name]["command"]
    if build_variant(OURS[name]) == "api":
        assert _is_command(words)
        return
    assert words[:2] == ["python", "-m"]
    assert find_spec(words[2]) is not None
    if "twinsieve" in words:
        assert _is_command(words[words.index("twinsieve") + 1 :])


@pytest.mark.parametrize("words", ["db upgrade", "serve --no-dispatcher", "keys create ada --role admin --days 0"])
def test_the_check_of_commands_knows_right(words: str) -> None:
    assert _is_command(shlex.split(words))


@pytest.mark.parametrize("words", ["db downgrade", "surf", "serve --no-such-option"])
def test_the_check_of_commands_knows_wrong(words: str) -> None:
    assert not _is_command(shlex.split(words))


PAGES = ("README.md", "first-start")
COMPOSE = re.compile(r"docker compose (?:-f \S+ )*(exec|logs|stop|run|up|ps|build)\b([^|<>;)\n`]*)")
VALUED = {"--scale", "--entrypoint"}  # of compose; the next word is theirs


def _called(page: str) -> list[tuple[str, list[str]]]:
    """Each use of compose: its command, and what follows from the first word that is no option."""
    calls = []
    for command, rest in COMPOSE.findall((DOCKER / page).read_text()):
        words = shlex.split(rest, comments=True)
        while words and words[0].startswith("-"):
            words = words[2 if words[0] in VALUED else 1 :]
        calls.append((command, words))
    return calls


@pytest.mark.parametrize("page", PAGES)
def test_pages_and_scripts_name_services_that_there_are(page: str) -> None:
    called = _called(page)
    assert {"run", "up"} <= {command for command, _ in called}
    for command, words in called:
        assert set(words[:1] if command in ("exec", "run") else words) <= set(SERVICES), words


def test_the_page_names_commands_that_there_are() -> None:
    run = [words for command, words in _called("README.md") if command == "run" and "-C" not in words]
    assert len(run) > 3
    for words in run:
        assert _is_command(words[1:]), words


@pytest.mark.parametrize("name", ["api", "dispatcher", "ray-worker"])
def test_what_the_page_scales_is_there(name: str) -> None:
    assert f"--scale {name}=" in (DOCKER / "README.md").read_text()
    assert name in SERVICES


def test_images_copy_what_there_is() -> None:
    for path in DOCKER.glob("*.Dockerfile"):
        lines = re.findall(r"^COPY (?!--from)(.*)$", path.read_text(), flags=re.MULTILINE)
        sources = [source for line in lines for source in line.split()[:-1]]
        assert len(sources) > 5
        for source in sources:
            for variant in ("cpu", "cuda"):
                assert (ROOT / source.replace("${VARIANT}", variant)).exists(), source


def test_services_are_built_from_files_that_there_are() -> None:
    def file(service: Service) -> str:
        return str(service["build"]["dockerfile"])

    assert {file(service) for service in OURS.values()} == {
        f"docker/{path.name}" for path in DOCKER.glob("*.Dockerfile")
    }
    assert all((DOCKER / service["build"]["context"]).resolve() == ROOT for service in OURS.values())
