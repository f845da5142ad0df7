"""`--json`: what commands print for programs is data, and nothing but data."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer

from search.contracts import Candidate, Fidelity
from service.api.services import Services
from service.cli import composition
from service.cli.app import app
from service.domain.person import Role
from service.domain.records import Status
from service.settings import Settings
from tests.service.commands import Cli
from tests.service.serving import serving

SPEC = "{backbone: tiny, budget: {candidates: 8}, algorithm: {name: genetic, population: 4}}"
WITHOUT = {
    *("demo", "serve", "dispatch", "drive", "db upgrade", "db backup", "db restore"),  # they work, and show nothing
    *("export", "report", "delete", "keys revoke", "webhooks rm", "pretrain shapes"),
    *("data convert", "patches shapes-truth", "patches cost"),
}


@pytest.fixture
def server(services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    settings = Settings(state_dir=tmp_path / "var", webhook_private=True)
    with serving(replace(services, settings=settings)) as address:
        monkeypatch.setenv("TWINSIEVE_SERVER", address)
        yield address


@pytest.fixture
def ask(cli: Cli, server: str) -> Any:  # noqa: ANN401 - a function of JSON
    """What a command prints, as data."""

    def asked(*arguments: object) -> Any:  # noqa: ANN401 - JSON
        done = cli(*arguments, "--json")
        assert done.code == 0, done.err
        return json.loads(done.out)

    return asked


@pytest.fixture
def search_id(ask: Any, tmp_path: Path) -> str:  # noqa: ANN401 - a function of JSON
    file = tmp_path / "spec.yaml"
    file.write_text(SPEC)
    search = ask("submit", file, "--label", "paper")
    assert (search["status"], search["labels"]) == ("queued", ["paper"])
    return str(search["id"])


def finish(services: Services) -> None:
    lease = services.store.leases.claim()
    assert lease is not None
    for index, fidelity in enumerate((Fidelity.PROXY, Fidelity.PLAIN, Fidelity.FINAL, Fidelity.TEST)):
        services.store.candidates.record_ask(lease, Candidate(index, (1,) * 8, fidelity), index)
        services.store.candidates.record_tell(lease, index, {"accuracy": 0.5, "macs": 1e6}, 1.0)
    services.store.leases.finish(lease, Status.SUCCEEDED, result={"chosen": 2})


def test_of_searches(ask: Any, services: Services, search_id: str) -> None:  # noqa: ANN401
    assert [each["id"] for each in ask("ls")] == [search_id]
    assert ask("ls", "--label", "other") == []
    assert ask("pause", search_id)["status"] == "paused"
    assert ask("resume", search_id)["status"] == "queued"
    assert ask("change", search_id, "--notes", "[bold]")["notes"] == "[bold]"
    assert ask("workers", search_id, 3)["workers"] == 3
    assert ask("clone", search_id, "--set", "name=two")["name"] == "two"
    assert ask("cancel", search_id)["status"] == "cancelled"


def test_of_an_ended_search(ask: Any, cli: Cli, services: Services, search_id: str) -> None:  # noqa: ANN401
    finish(services)
    shown = ask("show", search_id)
    assert (shown["search"]["id"], shown["search"]["status"]) == (search_id, "succeeded")
    assert [each["fidelity"] for each in shown["finals"]] == ["plain", "final", "test"]
    assert [each["action"] for each in ask("journal", "--search", search_id)] == ["submitted", "started", "succeeded"]
    assert ask("extend", search_id, 12)["extends"] == search_id
    (line,) = cli("watch", search_id, "--json").out.splitlines()
    assert json.loads(line)["status"] == "succeeded"


def test_watch_is_a_line_for_each_change(ask: Any, cli: Cli, services: Services, tmp_path: Path) -> None:  # noqa: ANN401
    file = tmp_path / "spec.yaml"
    file.write_text(SPEC)
    services.store.searches.request_cancel(ask("submit", file, "--key", "again")["id"])
    done = cli("submit", file, "--key", "again", "--watch", "--json")
    assert done.code == 1
    assert [json.loads(line)["status"] for line in done.out.splitlines()] == ["cancelled"]


def test_of_people(ask: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ANN401
    monkeypatch.setenv("TWINSIEVE_STATE_DIR", str(tmp_path / "state"))
    made = ask("keys", "create", "ann", "--role", "viewer", "--days", 0)
    keys = composition.open_store(Settings()).keys
    assert keys.verified(made["key"]).role is Role.VIEWER
    (listed,) = ask("keys", "ls")
    assert (listed["id"], listed["state"], listed["expires_at"]) == (made["record"]["id"], "valid", None)
    assert made["key"] not in json.dumps(listed)
    (quota,) = ask("quotas", "set", "ann", "--running", 2)
    assert (quota["owner"], quota["running"], quota["queued"], quota["given"]) == ("ann", 2, None, ["running"])
    assert ask("quotas", "show") == [quota]


def test_of_webhooks(ask: Any) -> None:  # noqa: ANN401
    made = ask("webhooks", "create", "http://127.0.0.1:9/hook")
    assert made["secret"].startswith("whsec_")
    assert ask("webhooks", "ls") == [made["webhook"]]
    assert ask("webhooks", "log", made["webhook"]["id"]) == []


def test_of_recipes(ask: Any) -> None:  # noqa: ANN401
    found = ask("recipes", "vilt")
    assert found.keys() == {"vilt"}
    assert ask("recipes", "vilt", "vqa") == found["vilt"]["vqa"]


def _commands(group: Any, *names: str) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - the library's own classes
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, *names, name)
        else:
            yield " ".join((*names, name)), command


def test_every_command_that_shows_something_has_it() -> None:
    found = dict(_commands(typer.main.get_command(app)))
    without = {name for name, each in found.items() if not any("--json" in option.opts for option in each.params)}
    assert without == WITHOUT
