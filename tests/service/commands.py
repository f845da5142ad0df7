"""The command line as a user meets it: what it prints and how it ends."""

from collections.abc import Callable
from typing import NamedTuple


class Ended(NamedTuple):
    """One call of `twinsieve`."""

    code: int
    out: str
    err: str


Cli = Callable[..., Ended]


def assert_mistake(done: Ended, *expected: str) -> None:
    """Exit code 2, one explanation on stderr, no traceback."""
    assert done.code == 2
    assert "Traceback" not in done.err
    for part in expected:
        assert part in done.err
