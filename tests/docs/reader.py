"""`Reader`: somebody who follows a page from its top to its end, beside a service that runs."""

import contextlib
import doctest
import json
import os
import re
import subprocess
import tomllib
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import yaml

from search.spec import SearchSpec, parse_spec
from tests.docs.page import ROOT, Block, Page

SECONDS = 900.0  # for one command, on a machine that is busy with other things
ADDRESS = "http://127.0.0.1:8321"  # as pages have it
SERVE = "twinsieve serve"
ID = re.compile(r"(?<![\w-])ID(?![\w-])")
ALIKE = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
COMMANDS = ("twinsieve ", "make ", "curl ", "pip ", "python ", "docker ", "git ", "$ ")


class PageError(AssertionError):
    """A page that does not keep its word; the message says where and what came instead."""


@dataclass(frozen=True, slots=True)
class Step:
    """A command, and what the page says that it prints; `...` stands for anything, nothing for whatever it is."""

    command: str
    expected: str


@dataclass
class Reader:
    """Works in `folder` against the service at `address`; on a page, `ID` is the search that was made last.

    Blocks share what a person shares: files, what was exported, names of Python. `twinsieve serve` runs already.
    """

    folder: Path
    address: str
    environment: Mapping[str, str]
    _names: dict[str, object] = field(default_factory=dict)
    _exports: list[str] = field(default_factory=list)

    def follow(self, page: Page) -> None:
        """Do what each block says.

        Raises:
            PageError: a block fails, prints something else, or is of a kind that nobody runs.
        """
        for block in page.blocks:
            if block.excuse is not None:
                continue
            try:
                self._do(page, block)
            except Exception as error:
                raise PageError(f"{page}:{block.line}: {type(error).__name__}: {error}") from error

    def _do(self, page: Page, block: Block) -> None:
        if block.file is not None and block.file.startswith("examples/"):
            require_quoted(block)
            return
        if block.file is not None:
            target = self.folder / block.file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(block.text, encoding="utf-8")
        match block.language:
            case "console":
                for step in steps(block.text):
                    self._run(step)
            case "python":
                if block.file is None:
                    self._execute(page, block)
            case "yaml":
                require_spec(block.text)
            case "json":
                json.loads(block.text)
            case "toml":
                tomllib.loads(block.text)
            case "text":
                require_no_command(block.text)
            case other:
                raise ValueError(f"nobody runs blocks of '{other}'; use console, python, yaml, json, toml or text")

    def _run(self, step: Step) -> None:
        if step.command == SERVE:
            return
        script = "\n".join([*self._exports, self._here(step.command)])
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        if done.returncode:
            raise ValueError(f"`{step.command}` ended with {done.returncode}: {done.stderr[-2000:]}{done.stdout}")
        if step.expected and not doctest.OutputChecker().check_output(step.expected, done.stdout, ALIKE):
            raise ValueError(f"`{step.command}` printed {done.stdout!r}; the page says {step.expected!r}")
        if step.command.startswith("export "):
            self._exports.append(self._here(step.command))

    def _execute(self, page: Page, block: Block) -> None:
        code = "\n" * (block.line - 1) + self._here(block.text)  # so that a traceback names the page's own line
        with contextlib.chdir(self.folder), set_environment(self.environment), warnings.catch_warnings():
            warnings.simplefilter("default")  # what other packages hold against each other is not a reader's mistake
            exec(compile(code, str(page), "exec"), self._names)

    def _here(self, text: str) -> str:
        """`text` with the address of this service, and the id of its newest search."""
        text = text.replace(ADDRESS, self.address)
        return ID.sub(self._newest(), text) if ID.search(text) else text

    def _newest(self) -> str:
        found = httpx.get(f"{self.address}/v1/searches", params={"limit": 1}, trust_env=False, timeout=60)
        return str(found.raise_for_status().json()["items"][0]["id"])


@contextlib.contextmanager
def set_environment(values: Mapping[str, str]) -> Iterator[None]:
    """This process with other environment variables, as long as the block."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def steps(text: str) -> list[Step]:
    """The commands of a console block, each behind `$ `, with the lines that follow one until the next.

    Raises:
        ValueError: something stands before the first command.
    """
    found: list[Step] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append(Step(line[2:], ""))
        elif not found:
            raise ValueError(f"expected a command behind '$ ', not {line!r}")
        elif found[-1].command.endswith("\\"):
            found[-1] = Step(f"{found[-1].command}\n{line}", "")
        else:
            found[-1] = Step(found[-1].command, f"{found[-1].expected}{line}\n")
    return found


def require_spec(text: str) -> None:
    """Refuse what should be a spec and is none: every mapping whose keys are all a spec's own.

    Raises:
        SpecError: it is none.
    """
    data = yaml.safe_load(text)
    if isinstance(data, dict) and set(data) <= set(SearchSpec.model_fields):
        parse_spec(data)


def require_quoted(block: Block) -> None:
    """Refuse a block that claims to be a part of a file below docs/ and is not."""
    if block.text not in (ROOT / "docs" / str(block.file)).read_text(encoding="utf-8"):
        raise ValueError(f"docs/{block.file} has no such lines any more; quote it as it is")


def require_no_command(text: str) -> None:
    """Refuse commands in a block that is not run."""
    if hidden := [line for line in text.splitlines() if line.startswith(COMMANDS)]:
        raise ValueError(f"{hidden[0]!r} is a command in a block of text; use a console block, so that it is run")
