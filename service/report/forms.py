"""`written`: a report in each of its forms."""

from collections.abc import Callable, Mapping

from pydantic import TypeAdapter

from service.report.document import document
from service.report.form import Form
from service.report.html import html
from service.report.latex import latex
from service.report.markdown import markdown
from service.report.report import Report


def written(report: Report, form: Form) -> bytes:
    """The report as a file, in UTF-8; JSON has the facts themselves, each point of the plots among them."""
    return FORMS[form](report)


def _json(report: Report) -> bytes:
    return TypeAdapter(Report).dump_json(report, indent=1)


FORMS: Mapping[Form, Callable[[Report], bytes]] = {
    Form.HTML: lambda report: html(document(report)).encode(),
    Form.MARKDOWN: lambda report: markdown(document(report)).encode(),
    Form.LATEX: lambda report: latex(document(report)).encode(),
    Form.JSON: _json,
}
