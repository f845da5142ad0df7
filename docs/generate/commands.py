"""The commands of `twinsieve`, as Typer describes them."""

import typer
from typer.cli import get_docs_for_click
from typer.main import get_command

from service.cli.app import app

HEAD = "# Commands\n\nMade from the code by `python -m docs.generate`. `twinsieve COMMAND --help` says the same.\n\n"


def commands_page() -> str:
    """Every command that is not hidden, with its arguments and options."""
    root = get_command(app)
    commands = getattr(root, "commands", {})
    for name in [name for name, each in commands.items() if each.hidden]:
        del commands[name]
    context = typer.Context(root, info_name="twinsieve", resilient_parsing=True)
    text = get_docs_for_click(obj=root, ctx=context, name="twinsieve", indent=1)
    return HEAD + "\n".join(line.rstrip() for line in text.strip().splitlines()) + "\n"
