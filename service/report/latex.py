r"""`latex`: a document's text and tables in LaTeX, to be read into a paper with `\input`."""

import re
from collections.abc import Iterator, Sequence

from service.report.blocks import Block, Document, Items, Paragraph, Table
from service.report.text import flat

LONG = 30  # rows; a longer table may break over pages
NEEDS = (
    "% Read this into a document with \\input. Its preamble needs:",
    "%   \\usepackage{booktabs,longtable}",
    "% Names with letters beyond Latin ones need XeLaTeX or LuaLaTeX.",
)
ESCAPES = str.maketrans(
    {
        **{character: f"\\{character}" for character in "{}$&#%_"},
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
        '"': r"\symbol{34}",
        "`": r"\textasciigrave{}",
        "[": "{[}",  # behind the end of a row these would be its arguments
        "]": "{]}",
        "*": "{*}",
        "\u2013": r"\textendash{}",
        "\u2212": "$-$",
        "\u00d7": r"$\times$",
        "·": r"$\cdot$",
        "●": r"$\bullet$",
        "…": r"\ldots{}",
    }
)
"""What LaTeX reads as a command, or has no letter for."""
TWICE = re.compile(r"([-,'])(?=\1)")  # would become a dash or a quote


def latex(document: Document) -> str:
    """The document as one file of sections, tables and text."""
    lines = [*NEEDS, rf"\section*{{{escaped(document.title)}}}"]
    for section in document.sections:
        lines += ["", rf"\subsection*{{{escaped(section.title)}}}"]
        lines += [line for block in section.blocks for line in _block(block)]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """`text` on one line, which LaTeX sets as it is."""
    return TWICE.sub(r"\1{}", flat(text).translate(ESCAPES))


def _block(block: Block) -> Iterator[str]:
    match block:
        case Paragraph():
            yield from ("", escaped(block.text))
        case Items():
            yield r"\begin{itemize}"
            yield from (rf"  \item {{}}{escaped(text)}" for text in block.texts)
            yield r"\end{itemize}"
        case Table() if len(block.rows) > LONG:
            yield from _long(block)
        case Table():
            yield from _short(block)


def _short(table: Table) -> Iterator[str]:
    yield from ("", r"\begin{table}", r"  \centering\footnotesize", rf"  \caption{{{escaped(table.caption)}}}")
    yield rf"  \label{{tab:{table.name}}}"
    yield rf"  \begin{{tabular}}{{{_columns(table)}}}"
    yield from (r"    \toprule", f"    {_row(table.head)}", r"    \midrule")
    yield from (f"    {_row(row)}" for row in table.rows)
    yield from (r"    \bottomrule", r"  \end{tabular}", r"\end{table}")


def _long(table: Table) -> Iterator[str]:
    yield from ("", rf"\begin{{longtable}}{{{_columns(table)}}}")
    yield rf"  \caption{{{escaped(table.caption)}}}\label{{tab:{table.name}}}\\"
    yield from (r"  \toprule", f"  {_row(table.head)}", r"  \midrule", r"  \endhead")
    yield from (f"  {_row(row)}" for row in table.rows)
    yield from (r"  \bottomrule", r"\end{longtable}")


def _columns(table: Table) -> str:
    return "@{}" + "l" * table.words + "r" * (len(table.head) - table.words) + "@{}"


def _row(cells: Sequence[str]) -> str:
    return " & ".join(map(escaped, cells)) + r" \\"
