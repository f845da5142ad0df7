"""Predictions for NLVR2 in the format of its authors' evaluation, and the labels that they are compared with."""

import csv
from pathlib import Path

from models.data.errors import FileFormatError
from models.data.json_items import check_size, lines

_TRUTH = {"true": True, "false": False}
_FORMAT = "expected 'identifier,True' or 'identifier,False', such as 'dev-850-0-0,True'"


def read_predictions(results: Path) -> dict[str, bool]:
    """Predictions by identifier, of a CSV file with `identifier,True` or `identifier,False` a line, in any case.

    Raises:
        FileFormatError: the file is missing, too large or of another format, or judges a statement twice.
    """
    check_size(results)
    predicted: dict[str, bool] = {}
    try:
        with results.open(encoding="utf-8", newline="") as opened:
            for number, row in enumerate(csv.reader(opened), 1):
                if row:
                    _add(predicted, row, f"{results} line {number}")
    except (csv.Error, UnicodeDecodeError) as error:
        raise FileFormatError(f"{results} is no CSV file: {error}; {_FORMAT}") from None
    return predicted


def _add(predicted: dict[str, bool], row: list[str], where: str) -> None:
    cells = [cell.strip() for cell in row]
    if len(cells) != 2 or cells[1].lower() not in _TRUTH:
        raise FileFormatError(f"{where}: {_FORMAT}, got {','.join(row)!r:.80}")
    identifier, truth = cells
    if identifier in predicted:
        raise FileFormatError(f"{where}: {identifier} came before; remove one of them")
    predicted[identifier] = _TRUTH[truth.lower()]


def read_labels(split: Path) -> dict[str, bool]:
    """Labels by identifier, of a file of the data such as `dev.json` or `test1.json` (JSON lines).

    Raises:
        FileFormatError: the file is missing, too large or of another format, or has an identifier twice.
    """
    labels: dict[str, bool] = {}
    for number, item in enumerate(lines(split), 1):
        where = f"{split} statement {number}"
        identifier, label = item.get("identifier"), item.get("label")
        if not isinstance(identifier, str) or not isinstance(label, str):
            raise FileFormatError(f"{where}: expected an 'identifier' and a 'label', got {item!r:.80}")
        _add(labels, [identifier, label], where)
    return labels
