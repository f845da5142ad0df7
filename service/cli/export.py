"""`twinsieve export`: the winner of a search as a folder."""

import shutil
import stat
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Annotated

import typer

from service.cli.client import DEFAULT_SERVER, Client, Server
from service.cli.errors import UserError
from service.cli.searches import SearchId


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(export)


def export(
    search_id: SearchId,
    folder: Annotated[Path, typer.Argument(help="Where to put it; must not exist.")],
    server: Server = DEFAULT_SERVER,
) -> None:
    """Download the slim model that a search chose."""
    with Client(server) as client:
        fetch_model(client, search_id, folder)
    typer.echo(f"{folder}: try it with  twinsieve predict {folder} --image IMAGE --question TEXT")


def fetch_model(client: Client, search_id: str, folder: Path) -> None:
    """Download the winner of a search to a new folder, which appears whole or not at all.

    Raises:
        UserError: the folder exists, or there is no model to be had.
    """
    if folder.exists():
        raise UserError(f"{folder} exists; give a folder that does not, so that nothing is overwritten")
    folder.absolute().parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.absolute().parent, prefix=".export-") as staged:
        archive = Path(staged, "model.zip")
        with client.stream(f"/searches/{search_id}/model") as chunks:
            _write(chunks, archive)
        unpack(archive, Path(staged, "model"))
        Path(staged, "model").rename(folder)


def _write(chunks: Iterator[bytes], file: Path) -> None:
    with file.open("wb") as target:
        target.writelines(chunks)


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a zip file of plain files into a new folder.

    Raises:
        UserError: it is no zip file, or an entry is not a file inside the folder.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            for entry in opened.infolist():
                target = folder / _inside(entry)
                target.parent.mkdir(parents=True, exist_ok=True)
                with opened.open(entry) as source, target.open("xb") as copy:
                    shutil.copyfileobj(source, copy)
    except zipfile.BadZipFile as error:
        raise UserError(f"what the server sent is no zip file, or was cut off: {error}; try again") from None


def _inside(entry: zipfile.ZipInfo) -> PurePosixPath:
    path, mode = PurePosixPath(entry.filename), entry.external_attr >> 16
    outside = path.is_absolute() or ".." in path.parts or "\\" in entry.filename or ":" in entry.filename
    if outside or entry.is_dir() or (stat.S_IFMT(mode) and not stat.S_ISREG(mode)):
        raise UserError(f"the archive holds {entry.filename!r}, which is no plain file inside it; nothing was kept")
    return path
