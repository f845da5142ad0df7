"""JSON files item by item: VQAv2's annotations alone would be several GiB as Python objects."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import ijson

from models.data.errors import BadExampleError, FileFormatError, Reason

MAX_JSON_BYTES = 2 * 2**30  # the largest of these data sets has under 0.4 GiB
MAX_LINE_BYTES = 2**20

Value = TypeVar("Value")


def items(file: Path, name: str = "") -> Iterator[dict[str, Any]]:
    """The objects of the list called `name` at the top of a JSON file, or of the list that the file is.

    Raises:
        FileFormatError: the file is missing, too large, torn, no JSON, or has no such list of objects.
    """
    prefix, label = (f"{name}.item", f"list '{name}'") if name else ("item", "list at its top")
    found = False
    check_size(file)
    try:
        with file.open("rb") as opened:
            for place, item in enumerate(ijson.items(opened, prefix, use_float=True)):
                found = True
                yield _mapping(item, f"{file} {name}[{place}]")
    except ijson.JSONError as error:
        what = " ".join(str(error).split())  # the library draws an arrow below
        raise FileFormatError(f"{file} is torn or no JSON: {what}; download it again") from None
    if not found:
        raise FileFormatError(f"{file} has no {label} with anything in it; is it the file its name says?")


def lines(file: Path) -> Iterator[dict[str, Any]]:
    """The objects of a file with one JSON object per line; empty lines count for nothing.

    Raises:
        FileFormatError: the file is missing or too large, a line is too long or no JSON object, or there is none.
    """
    found = False
    check_size(file)
    with file.open("rb") as opened:
        for number, line in enumerate(iter(lambda: opened.readline(MAX_LINE_BYTES + 1), b""), 1):
            if len(line) > MAX_LINE_BYTES:
                raise FileFormatError(f"{file} line {number} has over {MAX_LINE_BYTES:,} bytes; expected JSON lines")
            if line.strip():
                found = True
                yield _mapping(_parsed(line, f"{file} line {number}"), f"{file} line {number}")
    if not found:
        raise FileFormatError(f"{file} is empty; download it again")


def value(item: object, name: str, kind: type[Value], *, where: str) -> Value:
    """What `item` calls `name`.

    Raises:
        BadExampleError: nothing, or something that is no `kind`.
    """
    found = item.get(name) if isinstance(item, dict) else None
    if not isinstance(found, kind) or (isinstance(found, bool) and kind is not bool):
        got = f"{type(found).__name__} {found!r:.80}" if found is not None else f"{item!r:.80}"
        message = f"{where}: expected '{name}' ({kind.__name__}), got {got}; mend the entry, or skip bad examples"
        raise BadExampleError(Reason.BAD_ENTRY, message)
    return found


def check_size(file: Path) -> None:
    """Refuse what cannot be one of these files.

    Raises:
        FileFormatError: the file is missing or too large.
    """
    try:
        size = file.stat().st_size
    except OSError as error:
        raise FileFormatError(f"{file} cannot be read: {error.strerror}") from None
    if size > MAX_JSON_BYTES:
        raise FileFormatError(f"{file} has {size:,} bytes; these data sets' files have at most {MAX_JSON_BYTES:,}")


def _parsed(line: bytes, where: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    try:
        return json.loads(line)
    except ValueError as error:  # of JSON or of UTF-8
        raise FileFormatError(f"{where} is torn or no JSON: {error}; download the file again") from None


def _mapping(item: object, where: str) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise FileFormatError(f"{where}: expected an object, got {type(item).__name__}; is it the file its name says?")
    return item
