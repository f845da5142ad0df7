"""The command line: what a user sees, and that a mistake is one line and exit code 2."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from models.architecture import Architecture, Choice, PatchKeep, bottleneck
from search.contracts import Candidate, Fidelity
from search.spec import SearchSpec, SpecError
from service.api.services import Services
from service.cli.show import picture
from service.cli.submit import changed
from service.cli.watch import generation, sparkline, stages
from service.domain.records import Lease, Status
from service.searches.store import Store
from service.settings import is_loopback
from tests.service.commands import Cli, assert_mistake
from tests.service.conftest import Clock
from tests.service.serving import serving

SPEC = "{backbone: tiny, budget: {candidates: 8}, algorithm: {name: genetic, population: 4}}"
WINNER = (1, 0) * 4


@pytest.fixture
def server(services: Services, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with serving(services) as address:
        monkeypatch.setenv("TWINSIEVE_SERVER", address)
        yield address


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    file = tmp_path / "spec.yaml"
    file.write_text(SPEC)
    return file


def finish(store: Store, clock: Clock) -> str:
    """The oldest queued search, run to an end with a winner of 4 of 8 sub-layers."""
    lease = store.leases.claim()
    assert lease is not None
    for index, fidelity in enumerate((Fidelity.PROXY, Fidelity.PLAIN, Fidelity.FINAL, Fidelity.TEST)):
        clock.advance(1)
        genome = (1,) * 8 if fidelity is Fidelity.PLAIN else WINNER
        store.candidates.record_ask(lease, Candidate(index, genome, fidelity), index)
        measured = {"accuracy": 0.5 + index / 10, "macs": 0.5e6, "parameters": 1234.0, "latency_ms": 7.25}
        store.candidates.record_tell(lease, index, measured, 1.0)
    said = {"stopped_by": "budget.stagnation", "fidelity": {"summary": "The proxy can be trusted to rank."}}
    store.leases.finish(lease, Status.SUCCEEDED, result={"chosen": 2, "artifact": "models/best"} | said)
    return lease.search_id


def a_lease(store: Store) -> Lease:
    lease = store.leases.claim()
    assert lease is not None
    return lease


class TestClient:
    def test_submit_list_cancel(self, cli: Cli, server: str, services: Services, spec: Path) -> None:
        done = cli("submit", spec, "--set", "name=mine", "--set", "budget.candidates=9")
        assert done.code == 0
        search = services.store.searches.page()[0]
        assert search.id in done.out
        assert (search.name, search.spec["budget"]["candidates"]) == ("mine", 9)
        listed = cli("ls").out
        assert search.id in listed
        assert "0 / 9" in listed
        assert "cancelled" in cli("cancel", search.id).out
        assert search.id not in cli("ls", "--status", "queued").out

    def test_watch_ends_with_the_search(
        self, cli: Cli, server: str, services: Services, spec: Path, clock: Clock
    ) -> None:
        cli("submit", spec)
        search_id = finish(services.store, clock)
        done = cli("watch", search_id)
        assert done.code == 0
        assert "succeeded" in done.out
        assert "0.5000 at 0.5 M MACs" in done.out
        assert "proxy 1 (1.0 s), final 1 (1.0 s), plain 1 (1.0 s), test 1 (1.0 s)" in done.out
        assert "The proxy can be trusted to rank." in done.out
        assert "budget.stagnation" in done.out

    def test_watch_of_a_failure_says_so(self, cli: Cli, server: str, services: Services, spec: Path) -> None:
        cli("submit", spec)
        lease = a_lease(services.store)
        services.store.leases.finish(lease, Status.FAILED, error="no worker left alive")
        done = cli("watch", lease.search_id)
        assert done.code == 1
        assert "no worker left alive" in done.out

    def test_show(self, cli: Cli, server: str, services: Services, spec: Path, clock: Clock) -> None:
        cli("submit", spec)
        out = cli("show", finish(services.store, clock)).out
        lines = [" ".join(line.split()) for line in out.splitlines()]
        assert "winner 0.8000 0.5 1,234 7.25" in lines
        assert "backbone as it came 0.6000 0.5 1,234 7.25" in lines
        assert "msa █ █ █ █" in lines
        assert "ffn · · · ·" in lines

    def test_export(self, cli: Cli, server: str, services: Services, spec: Path, clock: Clock, tmp_path: Path) -> None:
        cli("submit", spec)
        search_id = finish(services.store, clock)
        folder = services.artifacts / search_id / "models" / "best"
        folder.mkdir(parents=True)
        (folder / "weights.safetensors").write_bytes(b"weights")
        assert cli("export", search_id, tmp_path / "out" / "model").code == 0
        assert (tmp_path / "out" / "model" / "weights.safetensors").read_bytes() == b"weights"
        assert [path.name for path in (tmp_path / "out").iterdir()] == ["model"]
        again = cli("export", search_id, tmp_path / "out" / "model")
        assert (again.code, "exists" in again.err) == (2, True)


class TestMistakes:
    """Exit code 2, one explanation on stderr, no traceback."""

    def test_no_server(self, cli: Cli, spec: Path) -> None:
        for command in (["ls"], ["submit", spec], ["show", "x"], ["export", "x", "nowhere"]):
            assert_mistake(cli(*command, "--server", "http://127.0.0.1:9"), "http://127.0.0.1:9", "twinsieve serve")

    def test_no_address(self, cli: Cli) -> None:
        assert_mistake(cli("ls", "--server", "nonsense"), "nonsense")
        assert_mistake(cli("ls", "--server", "http://127.0.0.1:port"), "no address")

    def test_no_such_search(self, cli: Cli, server: str, tmp_path: Path) -> None:
        for command in (["show", "x"], ["watch", "x"], ["cancel", "x"], ["export", "x", tmp_path / "out"]):
            assert_mistake(cli(*command), "no search 'x'")
        assert not (tmp_path / "out").exists()

    def test_a_spec_that_is_none(self, cli: Cli, server: str, spec: Path, tmp_path: Path) -> None:
        assert_mistake(cli("submit", tmp_path / "missing.yaml"), "missing.yaml")
        assert_mistake(cli("submit", spec, "--set", "seed"), "key=value")
        assert_mistake(cli("submit", spec, "--set", "seed=[1"), "no YAML")
        assert_mistake(cli("submit", spec, "--set", "algorithm.population=0"), "algorithm.genetic.population")

    def test_the_server_s_refusal_is_shown(self, cli: Cli, server: str, spec: Path) -> None:
        assert_mistake(cli("submit", spec, "--set", "budget.macs=1"), "raise budget.macs")

    def test_serving_beyond_this_machine(self, cli: Cli, tmp_path: Path) -> None:
        assert_mistake(cli("serve", "--host", "0.0.0.0", "--state-dir", tmp_path / "state"), "no API keys")
        assert not (tmp_path / "state").exists()

    def test_a_port_that_is_taken(self, cli: Cli, server: str, tmp_path: Path) -> None:
        port = server.rsplit(":", 1)[1]
        assert_mistake(cli("serve", "--port", port, "--state-dir", tmp_path / "state"), "--port")

    def test_bad_settings(self, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TWINSIEVE_LEASE_SECONDS", "-1")
        assert_mistake(cli("db", "upgrade"), "TWINSIEVE_LEASE_SECONDS")
        monkeypatch.delenv("TWINSIEVE_LEASE_SECONDS")
        monkeypatch.setenv("TWINSIEVE_DATABASE_URL", "nonsense")
        assert_mistake(cli("db", "upgrade"), "TWINSIEVE_DATABASE_URL")
        monkeypatch.setenv("TWINSIEVE_DATABASE_URL", "postgresql://nobody@127.0.0.1:9/none")
        assert_mistake(cli("db", "upgrade"), "does not answer")

    def test_driving_by_hand(self, cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("TWINSIEVE_STATE_DIR", str(tmp_path))
        assert_mistake(cli("drive", "0" * 26), "not a person")
        monkeypatch.setenv("TWINSIEVE_LEASE_TOKEN", "guessed")
        assert_mistake(cli("drive", "0" * 26), "lost")


def test_database_upgrade(cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TWINSIEVE_STATE_DIR", str(tmp_path))
    assert cli("db", "upgrade").code == 0
    assert (tmp_path / "twinsieve.sqlite").exists()


def test_changes_keep_what_was_not_said() -> None:
    spec = changed(SearchSpec(), ["budget.macs=1000000", "objectives=[accuracy, macs]", "algorithm.name=nsga2"])
    assert (spec.budget.macs, spec.budget.macs_ratio) == (1_000_000, None)
    assert spec.algorithm.name == "nsga2"
    with pytest.raises(SpecError, match="no parts"):
        changed(SearchSpec(name="mine"), ["name.first=x"])


def test_picture() -> None:
    choices = (Choice(), Choice(keep=False), Choice(False, bottleneck(8)), Choice(module=bottleneck(8)))
    names = ["block.0.msa", "block.0.ffn", "block.1.msa", "block.1.ffn"]
    shown = picture(Architecture(choices, PatchKeep(0.5, 2)), names).plain.splitlines()
    assert shown == ["msa  █ ·", "ffn  · █", "50% of the patches after block 2, ipf", "2 of 4 sub-layers kept"]
    several = picture(Architecture(choices), ["text.0.ca", "text.1.ca", "vision.0.msa", "vision.1.msa"]).plain
    assert several.splitlines()[0] == "text ca    █ ·"


def test_stages() -> None:
    found = {"screen": {"told": 3, "asked": 8, "seconds": 0.25}, "proxy": {"told": 2, "asked": 2, "seconds": 4.0}}
    assert stages(found) == "screen 3 / 8 (0.2 s), proxy 2 (4.0 s)"


def test_sparkline() -> None:
    assert sparkline([]) == ""
    assert sparkline([0.5]) == "▁"
    assert sparkline([0.0, 0.5, 1.0]) == "▁▅█"


@pytest.mark.parametrize(("told", "expected"), [(0, 1), (15, 1), (16, 2), (29, 2), (30, 3), (44, 3)])
def test_generation(told: int, expected: int) -> None:
    settings = {"name": "genetic", "population": 16, "elitism": 2}
    view = {"spec": {"algorithm": settings}, "progress": {"told": told, "budget": 44}}
    assert generation(view) == f"  (generation {expected})"
    assert generation(view | {"spec": {"algorithm": {"name": "random"}}}) == ""
    assert generation(view | {"spec": {"algorithm": settings | {"name": "steady"}}}) == ""
    plugin = {"name": "mine", "population": 4, "elitism": 4}
    assert generation(view | {"spec": {"algorithm": plugin}}) == ""


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("localhost", True), ("::1", True), ("0.0.0.0", False), ("10.0.0.1", False), ("lab", False)],
)
def test_loopback(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected
