"""The reference in `docs/` says what the code says now."""

import pytest

from docs.generate import PAGES, REFERENCE


@pytest.mark.parametrize("name", PAGES)
def test_is_current(name: str) -> None:
    written = (REFERENCE / name).read_text(encoding="utf-8")
    assert written == PAGES[name](), "run `python -m docs.generate`"


def test_there_is_nothing_else() -> None:
    assert {file.name for file in REFERENCE.glob("*")} == set(PAGES)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("cli.md", ("## `twinsieve submit`", "--seeds-from", "### `twinsieve data check`")),
        ("rest.md", ("POST /v1/searches/{search_id}/clone", "Idempotency-Key")),
        ("spec.md", ("`macs_ratio`", "0.75", "## GeneticSpec")),
        ("settings.md", ("TWINSIEVE_WORKER_GPUS", "below 1: a share, of memory too")),
        ("client.md", ("Client", "submit")),
    ],
)
def test_tells_what_people_look_for(name: str, words: tuple[str, ...]) -> None:
    text = PAGES[name]()
    assert [word for word in words if word not in text] == []
    assert "`twinsieve drive`" not in text, "a hidden command is shown"
