"""`twinsieve webhooks`: who is told of what happens to your searches."""

from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from service.cli.client import DEFAULT_SERVER, Client, Server
from service.cli.output import AsJson, print_json
from service.domain.action import Action
from twinsieve.call import segment

WebhookId = Annotated[str, typer.Argument(metavar="ID", help="As `twinsieve webhooks ls` shows it.")]

commands = typer.Typer(no_args_is_help=True, help="Requests that tell you, signed, what happens to your searches.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    commands.command()(create)
    commands.command("ls")(list_webhooks)
    commands.command("log")(deliveries)
    commands.command("rm")(remove)
    app.add_typer(commands, name="webhooks")


def create(
    url: Annotated[str, typer.Argument(help="Where to POST to.")],
    action: Annotated[
        list[Action] | None, typer.Option(help="What to be told of; repeatable. Else: how a search ends.")
    ] = None,
    as_json: AsJson = False,
    server: Server = DEFAULT_SERVER,
) -> None:
    """Make a webhook, and print the secret that its deliveries are signed with: the only time that anybody sees it."""
    with Client(server) as client:
        made = client.post("/webhooks", {"url": url, **({"actions": action} if action else {})})
    webhook = made["webhook"]
    typer.echo(f"webhook {webhook['id']} of {webhook['owner']}, told of {', '.join(webhook['actions'])}:", err=True)
    if as_json:
        print_json(made)
    else:
        typer.echo(made["secret"])
    typer.echo("keep it where the requests arrive; it cannot be shown again", err=True)


def list_webhooks(as_json: AsJson = False, server: Server = DEFAULT_SERVER) -> None:
    """List your webhooks, oldest first; an admin sees everybody's."""
    with Client(server) as client:
        found = list(client.pages("/webhooks"))
    if as_json:
        print_json(found)
        return
    table = Table("id", "owner", "url", "actions", "created", box=None)
    for each in found:
        created = each["created_at"][:19].replace("T", " ")
        table.add_row(each["id"], escape(each["owner"]), escape(each["url"]), ", ".join(each["actions"]), created)
    Console().print(table)


def deliveries(
    webhook_id: WebhookId,
    limit: Annotated[int, typer.Option(min=1, max=200, help="At most so many.")] = 20,
    as_json: AsJson = False,
    server: Server = DEFAULT_SERVER,
) -> None:
    """Show what a webhook was sent, newest first, and what went wrong."""
    with Client(server) as client:
        found = client.get(f"/webhooks/{segment(webhook_id)}/deliveries", limit=limit)["items"]
    if as_json:
        print_json(found)
        return
    table = Table("entry", "attempts", "state", "error", box=None)
    for each in found:
        state = "delivered" if each["delivered_at"] else "to be sent" if each["next_at"] else "given up"
        table.add_row(str(each["journal_id"]), str(each["attempts"]), state, escape(each["error"] or ""))
    Console().print(table)


def remove(webhook_id: WebhookId, server: Server = DEFAULT_SERVER) -> None:
    """Take a webhook away."""
    with Client(server) as client:
        client.delete(f"/webhooks/{segment(webhook_id)}")
    typer.echo(f"webhook {webhook_id} is told nothing more")
