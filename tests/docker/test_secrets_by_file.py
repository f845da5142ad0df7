"""No secret is in an environment, in an image or in what is committed; every one comes from a file."""

import re
import subprocess
from pathlib import Path

from service.settings import SECRETS
from tests.docker.compose_file import DOCKER, assignments, compose, services

SECRET_WORD = re.compile(r"PASSWORD|SECRET|TOKEN|KEY|CREDENTIAL|DATABASE_URL")
BY_FILE = re.compile(r"(_FILE|__FILE|_PATH)$")


def test_environments_name_files_and_not_secrets() -> None:
    for service in services().values():
        for name, value in service.get("environment", {}).items():
            if SECRET_WORD.search(name) and name != "TWINSIEVE_REQUIRE_KEYS":
                assert BY_FILE.search(name), name
                assert Path(value).parts[:3] == ("/", "run", "secrets"), f"{name} is {value}"


def test_every_file_that_an_environment_names_is_mounted() -> None:
    for service in services().values():
        named = [str(value) for value in service.get("environment", {}).values() if "/run/secrets/" in str(value)]
        assert {Path(path).name for path in named} <= set(service.get("secrets", ()))


def test_every_secret_of_the_settings_comes_from_a_file_where_it_is_needed() -> None:
    given = set(services()["dispatcher"]["environment"])
    assert {f"TWINSIEVE_{secret.upper()}_FILE" for secret in SECRETS} <= given


def test_images_carry_no_secret() -> None:
    for path in DOCKER.glob("*.Dockerfile"):
        named = re.findall(r"^\s*(?:ENV|ARG)?\s*([A-Z_]+)=", path.read_text(), flags=re.MULTILINE)
        assert named
        assert not [name for name in named if SECRET_WORD.search(name) and name != "TWINSIEVE_REQUIRE_KEYS"]


def test_secrets_are_made_once_and_only_for_this_user(tmp_path: Path) -> None:
    script = tmp_path / "make-secrets"
    script.write_bytes((DOCKER / "make-secrets").read_bytes())
    for _ in range(2):
        subprocess.run(["bash", script], check=True, capture_output=True)
        made = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
        if _ == 0:
            first = made
    assert made == first
    assert set(made) == {Path(each["file"]).name for each in compose()["secrets"].values()} - {"prometheus_key"}
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    assert f":{made['database_password']}@postgres:" in made["database_url"]
    assert len({*made.values()}) == len(made)
    assert all(len(value) >= 64 for value in made.values())


def test_secrets_are_never_committed() -> None:
    ignored = (DOCKER / ".gitignore").read_text().split()
    assert {"/secrets/", "/.env", "/settings.env"} <= set(ignored)
    for example in (".env.example", "settings.env.example"):
        assert not [name for name in assignments(DOCKER / example) if SECRET_WORD.search(name)]
