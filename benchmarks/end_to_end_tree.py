"""A checkout of this repository as something to run: this one, or another revision in a folder of its own."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent.parent
KNOWN = """
import json, sys
from pydantic import ValidationError
from search.spec import SearchSpec

def left_out(data, place):
    for part in place[:-1]:
        data = data[part] if isinstance(data, list) or part in data else data  # the tag of a union is no key
    data.pop(place[-1])

data, gone = json.load(sys.stdin), []
while True:
    try:
        SearchSpec.model_validate(data)
    except ValidationError as error:
        unknown = [each["loc"] for each in error.errors() if each["type"] == "extra_forbidden"]
        if not unknown:
            raise
        for place in unknown:
            left_out(data, place)
            gone.append(".".join(map(str, place)))
    else:
        break
json.dump({"spec": data, "left_out": gone}, sys.stdout)
"""
"""Run in a tree, it leaves out what the tree's own specs do not know."""


@dataclass(frozen=True, slots=True)
class Tree:
    """Where the packages are imported from, with the interpreter and the libraries of this process."""

    folder: Path

    def environment(self, **more: str) -> dict[str, str]:
        """That of a user who has set nothing, in which this tree's packages win over installed ones."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("TWINSIEVE_", "RAY_"))}
        return kept | {"PYTHONPATH": str(self.folder)} | more

    def command(self, *arguments: str) -> list[str]:
        """Python with these arguments."""
        return [sys.executable, *arguments]

    def imported(self) -> Path:
        """Where `service` really comes from.

        Raises:
            RuntimeError: from elsewhere; times would be those of another revision.
        """
        found = Path(self._said("import service; print(service.__file__)").strip()).resolve()
        if not found.is_relative_to(self.folder.resolve()):
            raise RuntimeError(f"python in {self.folder} imports service from {found}: unset PYTHONPATH and try again")
        return found

    def known(self, spec: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
        """A spec without the keys that this tree does not know, and which these are."""
        told = json.loads(self._said(KNOWN, json.dumps(spec)))
        return told["spec"], tuple(told["left_out"])

    def _said(self, code: str, given: str = "") -> str:
        asked = subprocess.run(
            self.command("-c", code),
            cwd=self.folder,
            env=self.environment(),
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )
        if asked.returncode:
            raise RuntimeError(f"python in {self.folder} ended with {asked.returncode}: {asked.stderr.strip()[-800:]}")
        return asked.stdout


def revision(name: str = "HEAD") -> str:
    """The commit that a name stands for, in short.

    Raises:
        ValueError: there is none.
    """
    asked = _git("rev-parse", "--verify", "--short", f"{name}^{{commit}}")
    if asked.returncode:
        raise ValueError(f"this repository has no revision '{name}': {asked.stderr.strip()}")
    return asked.stdout.strip()


@contextmanager
def checked_out(name: str) -> Iterator[Tree]:
    """A revision in a worktree of its own, which is removed with the context."""
    commit = revision(name)
    with tempfile.TemporaryDirectory(prefix="twinsieve-before-") as scratch:
        folder = Path(scratch) / commit
        added = _git("worktree", "add", "--detach", str(folder), commit)
        if added.returncode:
            raise RuntimeError(f"git cannot check out {commit}: {added.stderr.strip()}")
        try:
            yield Tree(folder)
        finally:
            _git("worktree", "remove", "--force", str(folder))


def _git(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = ["git", "-C", str(HERE), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)
