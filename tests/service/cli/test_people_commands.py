"""`twinsieve keys` and `quotas`, the key of the command line, and a service that is safe when first started."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from service.api.services import Services
from service.cli import composition
from service.cli.client import Client
from service.domain.person import Role
from service.people.keys import PATTERN, KeyRefusedError
from service.searches.store import Store
from service.settings import Settings
from tests.service.commands import Cli, assert_mistake
from tests.service.serving import serving
from twinsieve.errors import KeyFormError


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def opened(state: Path) -> Store:
    """The store on which the commands work."""
    return composition.open_store(Settings(state_dir=state))


class TestKeys:
    def test_the_first_key_of_an_installation(self, cli: Cli, state: Path) -> None:
        done = cli("keys", "create", "ann", "--role", "admin", "--label", "laptop", "--state-dir", state)
        assert done.code == 0
        key = done.out.strip()  # nothing but the key, for a script to take
        assert PATTERN.fullmatch(key)
        caller = composition.open_store(Settings(state_dir=state)).keys.verified(key)
        assert (caller.owner, caller.role) == ("ann", Role.ADMIN)
        assert key not in done.err
        assert "TWINSIEVE_API_KEY" in done.err

    def test_it_expires_unless_told_otherwise(self, cli: Cli, state: Path, opened: Store) -> None:
        for days in ((), ("--days", 7), ("--days", 0)):
            cli("keys", "create", "ann", "--role", "member", *days, "--state-dir", state)
        ends = [each.expires_at and each.expires_at - each.created_at for each in opened.keys.listed()]
        assert [end and round(end.total_seconds() / 86_400) for end in ends] == [365, 7, None]

    def test_ids_are_whole_on_a_narrow_screen(
        self, cli: Cli, state: Path, opened: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COLUMNS", "60")
        new = opened.keys.create("somebody@laboratory.example", Role.MEMBER, label="the notebook on the third floor")
        assert new.record.id in cli("keys", "ls", "--state-dir", state).out

    def test_listed_and_revoked(self, cli: Cli, state: Path, opened: Store) -> None:
        new = opened.keys.create("ann", Role.MEMBER, label="[b]laptop")
        opened.keys.create("bob", Role.VIEWER)
        listed = cli("keys", "ls", "--state-dir", state).out
        assert new.key not in listed
        assert all(part in listed for part in (new.record.id, "ann", "[b]laptop", "valid", "bob", "viewer"))
        assert "revoked" in cli("keys", "revoke", new.record.id, "--state-dir", state).out
        with pytest.raises(KeyRefusedError):
            opened.keys.verified(new.key)
        of_ann = cli("keys", "ls", "--owner", "ann", "--state-dir", state).out
        assert ("revoked" in of_ann, "bob" in of_ann) == (True, False)

    def test_mistakes(self, cli: Cli, state: Path) -> None:
        assert_mistake(cli("keys", "create", "a b", "--role", "member", "--state-dir", state), "owner: expected")
        assert_mistake(
            cli("keys", "revoke", "nonsense", "--state-dir", state), "no key 'nonsense'", "twinsieve keys ls"
        )
        assert cli("keys", "create", "ann", "--role", "root", "--state-dir", state).code == 2


class TestQuotas:
    def test_changes_add_up(self, cli: Cli, state: Path, opened: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TWINSIEVE_QUOTA_QUEUED", "20")
        done = cli("quotas", "set", "ann", "--running", 2, "--gpu-hours", 1.5, "--state-dir", state)
        assert done.out.split()[-8:] == ["ann", "20", "*", "2", "unlimited", "*", "1.5", "1", "*"][1:]
        cli("quotas", "set", "ann", "--queued", 0, "--weight", 2.5, "--state-dir", state)
        assert opened.quotas.given("ann") == {"queued": 0, "running": 2, "gpu_hours": 1.5, "weight": 2.5}
        cli("quotas", "set", "ann", "--reset", "--running", 3, "--state-dir", state)
        assert opened.quotas.given("ann") == {"running": 3}
        cli("quotas", "set", "ann", "--reset", "--state-dir", state)
        assert opened.quotas.given("ann") == {}

    def test_shown(self, cli: Cli, state: Path, opened: Store) -> None:
        opened.quotas.set("ann", queued=1)
        opened.quotas.set("bob", running=1)
        everybody = cli("quotas", "show", "--state-dir", state).out
        assert ("ann" in everybody, "bob" in everybody) == (True, True)
        carl = cli("quotas", "show", "carl", "--state-dir", state).out
        assert ("carl" in carl, "ann" in carl) == (True, False)

    def test_mistakes(self, cli: Cli, state: Path) -> None:
        assert_mistake(cli("quotas", "set", "ann", "--state-dir", state), "--gpu-hours", "--reset")
        assert_mistake(cli("quotas", "set", "a b", "--queued", 1, "--state-dir", state), "owner: expected")
        assert_mistake(cli("quotas", "set", "ann", "--gpu-hours", "nan", "--state-dir", state), "--gpu-hours")
        assert_mistake(cli("quotas", "show", "a b", "--state-dir", state), "owner: expected")


class TestClient:
    @pytest.fixture
    def server(self, services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
        settings = Settings(state_dir=tmp_path, require_keys=True)
        with serving(replace(services, settings=settings)) as address:
            monkeypatch.setenv("TWINSIEVE_SERVER", address)
            yield address

    def test_the_key_in_the_environment_is_sent(
        self, cli: Cli, server: str, services: Services, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TWINSIEVE_API_KEY", services.store.keys.create("ann", Role.VIEWER).key + "\n")
        assert cli("ls").code == 0
        with Client(server) as client:
            assert client.get("/me")["owner"] == "ann"

    def test_without_one(self, cli: Cli, server: str) -> None:
        assert_mistake(cli("ls"), "expected an API key", "TWINSIEVE_API_KEY")

    def test_refused_ones(self, cli: Cli, server: str, services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
        new = services.store.keys.create("ann", Role.VIEWER)
        monkeypatch.setenv("TWINSIEVE_API_KEY", new.key)
        assert_mistake(cli("cancel", "0" * 26), "expected a key with the role member or admin, and yours has viewer")
        services.store.keys.revoke(new.record.id)
        done = cli("ls")
        assert_mistake(done, "the API key is revoked; ask an admin")
        assert new.key not in done.err

    def test_nonsense_is_not_sent(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TWINSIEVE_API_KEY", "tws_my secret")
        with pytest.raises(KeyFormError, match="TWINSIEVE_API_KEY is no key") as refused:
            Client("http://127.0.0.1:9")
        assert "my secret" not in str(refused.value)

    @pytest.mark.parametrize(
        ("address", "warned"),
        [
            ("http://lab.example:8321", True),
            ("http://10.0.0.7", True),
            ("https://lab.example", False),
            ("http://127.0.0.1:8321", False),
            ("http://[::1]:8321", False),
            ("http://localhost:8321", False),
        ],
    )
    def test_a_key_in_the_open_is_warned_of(
        self, address: str, warned: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        key = f"tws_{'0' * 16}_{'0' * 64}"
        monkeypatch.setenv("TWINSIEVE_API_KEY", key)
        with Client(address), Client(address, keyed=False):
            said = capsys.readouterr().err
        assert said.count("over plain http") == (1 if warned else 0)
        assert key not in said


class TestServe:
    def test_beyond_loopback_keys_must_be_required(self, cli: Cli, state: Path) -> None:
        done = cli("serve", "--host", "0.0.0.0", "--state-dir", state)
        assert_mistake(done, "no API keys", "twinsieve keys create", "TWINSIEVE_REQUIRE_KEYS=true", "ssh -L")
        assert not state.exists()

    @pytest.mark.parametrize("others", [(), (Role.MEMBER, Role.VIEWER)])
    def test_and_an_admin_must_have_one(
        self, others: tuple[Role, ...], cli: Cli, state: Path, opened: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TWINSIEVE_REQUIRE_KEYS", "true")
        for role in others:
            opened.keys.create("ann", role)
        opened.keys.revoke(opened.keys.create("root", Role.ADMIN).record.id)
        done = cli("serve", "--host", "0.0.0.0", "--state-dir", state)
        assert_mistake(done, "no admin has one", "twinsieve keys create NAME --role admin")
