"""`twinsieve demo`: the main job from one end to the other, on the embedded world."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from search.spec import SearchSpec
from service.cli.client import Client
from service.cli.errors import UserError
from service.cli.export import fetch_model
from service.cli.show import report
from service.cli.watch import follow

READY_WORDS = "listens on "
DEMO = SearchSpec(name="demo")
QUESTIONS = 2


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(demo)


def demo(
    state_dir: Annotated[Path, typer.Option(help="Database, model and pictures; kept afterwards.")] = Path("var/demo"),
    seed: Annotated[int, typer.Option(min=0, help="Another seed is another search.")] = 0,
) -> None:
    """Start a service, submit a search over REST, watch it, and show what it found."""
    console = Console()
    state_dir.mkdir(parents=True, exist_ok=True)
    with _service(state_dir) as address, Client(address, keyed=False) as client:
        console.print(f"the service listens on {address}; submitting a search for a slim VQA model")
        body = DEMO.model_copy(update={"seed": seed}).model_dump(mode="json", exclude_unset=True)
        search = client.submit(body)
        follow(client, search.id)
        model = state_dir / f"model-{search.id}"
        fetch_model(client, search.id, model)
        console.print()
        report(console, client, search.id)
    console.print(f"\nthe exported model lies in {model}")
    _answer(console, model, state_dir)


@contextmanager
def _service(state_dir: Path) -> Iterator[str]:
    """The address of `twinsieve serve`, which runs as long as the block."""
    command = [sys.executable, "-m", "service.cli", "serve", "--port", "0", "--state-dir", str(state_dir)]
    environment = os.environ | {"TWINSIEVE_HOST": "127.0.0.1", "TWINSIEVE_REQUIRE_KEYS": "false"}
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert server.stdout is not None  # noqa: S101 - it is a pipe
    try:
        first = server.stdout.readline()
        if READY_WORDS not in first:
            raise UserError("the service did not start; its own message stands above")
        yield first.split(READY_WORDS)[1].split(";")[0]
    finally:
        server.terminate()
        server.wait()
        server.stdout.close()


def _answer(console: Console, folder: Path, pictures: Path) -> None:
    """Ask the model about pictures of the test split, which it has not seen."""
    from PIL import Image

    from models.batch import Split
    from models.shapes.dataset import ShapesData
    from models.shapes.question import ANSWERS
    from models.shapes.render import render
    from models.slim import load_slim
    from models.workload import TaskName

    with console.status("loading the model"):
        model = load_slim(folder)
    for number, example in enumerate(ShapesData(TaskName.VQA).drawn(Split.TEST, QUESTIONS)):
        image = Image.fromarray(render(example.scenes[0]))
        file = pictures / f"question-{number}.png"
        image.resize((384, 384), Image.Resampling.NEAREST).save(file)
        answer, score = model.answer(image, example.texts[0])[0]
        console.print(
            f"{file}: {example.texts[0]}\n  it says {answer} ({score:.2f}); true is {ANSWERS[example.target]}"
        )
