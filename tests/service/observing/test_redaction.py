"""No secret that a process knows is in what it shows of its log."""

from pathlib import Path

import pytest

from service.observing.redaction import HIDDEN, Redaction

KEY = "tws_0123456789abcdef_" + "5e" * 32


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TWINSIEVE_WEBHOOK_SECRET", "f" * 40),
        ("RAY_AUTH_TOKEN", "0a1b2c3d" * 8),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPx"),
        ("PGPASSWORD", "correct horse"),
        ("TWINSIEVE_DATABASE_URL", "postgresql://lab:correct%20horse@db/twinsieve"),
    ],
)
def test_what_a_variable_names_as_secret_is_hidden(name: str, value: str) -> None:
    redaction = Redaction.of_environment({name: value})
    assert redaction.of(f"cannot use {value!s} here, {value}") == f"cannot use {HIDDEN} here, {HIDDEN}"


def test_what_is_in_files_is_hidden_too(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("postgresql+psycopg://lab:correct-horse@db/twinsieve\n")
    (tmp_path / "token").write_text("0a1b2c3d" * 8)
    paths = {"TWINSIEVE_DATABASE_URL_FILE": tmp_path / "url", "RAY_AUTH_TOKEN_PATH": tmp_path / "token"}
    named = {name: str(path) for name, path in paths.items()} | {"TWINSIEVE_RAY_TOKEN_FILE": str(tmp_path / "gone")}
    said = f"password 'correct-horse' is wrong; token {'0a1b2c3d' * 8}; see {tmp_path / 'token'}"
    expected = f"password '{HIDDEN}' is wrong; token {HIDDEN}; see {tmp_path / 'token'}"
    assert Redaction.of_environment(named).of(said) == expected


def test_what_has_the_form_of_a_secret_is_hidden_wherever_it_comes_from() -> None:
    redaction = Redaction([])
    assert redaction.of("at postgresql://lab:horse@db/x") == f"at postgresql://lab:{HIDDEN}@db/x"
    assert redaction.of("at postgresql://lab:ho@rse@db/x") == f"at postgresql://lab:{HIDDEN}@db/x"
    assert redaction.of("at https://ghp0123@host/x") == f"at https://{HIDDEN}@host/x"
    assert redaction.of("Authorization: Bearer abc.def") == f"Authorization: Bearer {HIDDEN}"
    assert redaction.of("authorization: Basic bGFiOmhvcnNl") == f"authorization: Basic {HIDDEN}"
    assert redaction.of(f"key {KEY}") == "key tws_0123456789abcdef_..."


def test_passwords_of_addresses_are_hidden_alone_too(tmp_path: Path) -> None:
    redaction = Redaction.of_environment({"TWINSIEVE_MLFLOW_URI": "http://lab:correct%20horse@tracker:5000"})
    assert redaction.of("'correct horse' or correct%20horse at tracker") == f"'{HIDDEN}' or {HIDDEN} at tracker"
    (tmp_path / "keys").write_text("one-secret-line\nanother-secret-line\n")
    redaction = Redaction.of_environment({"AWS_CREDENTIALS_FILE": str(tmp_path / "keys")})
    assert redaction.of("it says another-secret-line") == f"it says {HIDDEN}"


def test_ordinary_words_stay() -> None:
    settings = {"TWINSIEVE_REQUIRE_KEYS": "true", "TWINSIEVE_RAY_ADDRESS": "127.0.0.1:6379", "SOME_TOKEN": "short"}
    said = "true: a short candidate of http://127.0.0.1:6379/ took 1.0 s"
    assert Redaction.of_environment(settings).of(said) == said


def test_of_two_that_overlap_nothing_is_left() -> None:
    assert Redaction(["secret-one", "secret-one-and-two"]).of("secret-one-and-two!") == f"{HIDDEN}!"
