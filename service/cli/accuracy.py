"""`twinsieve data vqa-accuracy` and `nlvr2-accuracy`: predictions of any model, judged as officially."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from service.cli.errors import UserError
from service.cli.output import AsJson, print_json

if TYPE_CHECKING:
    from models.data.vqa_results import VqaReport


def vqa_accuracy(
    annotations: Annotated[Path, typer.Argument(help="VQAv2's, such as v2_mscoco_val2014_annotations.json.")],
    results: Annotated[Path, typer.Argument(help='Predictions, [{"question_id": 1, "answer": "red"}, ...].')],
    as_json: AsJson = False,
) -> None:
    """The accuracy of VQA predictions by the official rules: overall, by type of answer, by type of question."""
    from models.data.vqa_results import judge_vqa

    try:
        with Console(stderr=True).status("judging answers"):
            report = judge_vqa(annotations, results)
    except (OSError, ValueError) as error:
        raise UserError(str(error)) from None
    if as_json:
        print_json(report.to_json())
    else:
        Console().print(_table(report))


def _table(report: "VqaReport") -> Table:
    shown = Table("", "accuracy %", box=None, caption=f"{report.questions:,} questions", caption_justify="left")
    shown.add_row("overall", f"{100 * report.overall:.2f}", end_section=True)
    for title, found in (("answer", report.by_answer_type), ("question", report.by_question_type)):
        for name, mean in found.items():
            shown.add_row(escape(f"{title}: {name}"), f"{100 * mean:.2f}")
    return shown


def nlvr2_accuracy(
    split: Annotated[Path, typer.Argument(help="The split's file of the data, such as dev.json or test1.json.")],
    results: Annotated[Path, typer.Argument(help="Predictions, CSV: identifier,True or identifier,False a line.")],
    as_json: AsJson = False,
) -> None:
    """The accuracy of NLVR2 predictions on dev or test1, which is test-P."""
    from models.data.nlvr2_accuracy import nlvr2_accuracy as judge
    from models.data.nlvr2_results import read_labels, read_predictions

    try:
        with Console(stderr=True).status("judging predictions"):
            found = judge(read_predictions(results), read_labels(split))
    except (OSError, ValueError) as error:
        raise UserError(str(error)) from None
    if as_json:
        print_json(found)
        return
    for name, accuracy, count in (
        ("dev", found.dev, found.dev_examples),
        ("test-P", found.test_p, found.test_p_examples),
    ):
        if accuracy is not None:
            typer.echo(f"{name}: {100 * accuracy:.2f} % of {count:,} statements")
