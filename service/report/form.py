"""`Form`: the forms that a report is read in."""

from collections.abc import Mapping
from enum import StrEnum


class Form(StrEnum):
    """Named as files of it end."""

    HTML = "html"
    MARKDOWN = "md"
    LATEX = "tex"
    JSON = "json"


MEDIA_TYPES: Mapping[Form, str] = {
    Form.HTML: "text/html",
    Form.MARKDOWN: "text/markdown",
    Form.LATEX: "text/x-tex",
    Form.JSON: "application/json",
}
