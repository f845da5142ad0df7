"""`markdown`: a document as GitHub-flavoured Markdown, text and tables; plots are for a page that can draw them."""

import re
from collections.abc import Iterator

from service.report.blocks import Block, Document, Items, Paragraph, Table
from service.report.text import flat

# Who looks for names and addresses only after escapes are read, as GitHub does, still finds those with an @.
SPECIAL = re.compile(r"[\\`*_{}\[\]<>&|~$#@]")
LINKED = re.compile(r"(?i)(?<=:)/(?=/)|(?<=www)\.")  # without it what looks like an address becomes a link
BEGINS = re.compile(r"^(?:[+=-]|\d+(?=[.)]))")  # a list, a rule


def markdown(document: Document) -> str:
    """The document as one Markdown file."""
    lines = [f"# {escaped(document.title)}"]
    for section in document.sections:
        lines.append(f"## {escaped(section.title)}")
        lines += [text for block in section.blocks for text in _block(block)]
    return "\n\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """`text` on one line, which Markdown shows as it is."""
    shown = LINKED.sub(r"\\\g<0>", SPECIAL.sub(r"\\\g<0>", flat(text)))
    return BEGINS.sub(_not_begun, shown)


def _not_begun(begin: re.Match[str]) -> str:
    """A number's point can be escaped, its digits cannot."""
    found = begin.group()
    return f"{found}\\" if found.isdigit() else f"\\{found}"


def _block(block: Block) -> Iterator[str]:
    match block:
        case Paragraph():
            yield escaped(block.text)
        case Items():
            yield "\n".join(f"- {escaped(text)}" for text in block.texts)
        case Table():
            yield f"**{escaped(block.caption)}**"
            yield "\n".join(_table(block))


def _table(table: Table) -> Iterator[str]:
    sides = [":--" if column < table.words else "--:" for column in range(len(table.head))]
    yield _row([_cell(text) for text in table.head])
    yield _row(sides)
    yield from (_row([_cell(text) for text in row]) for row in table.rows)


def _cell(text: str) -> str:
    """A cell begins nothing, so that a leading minus or number needs no escape."""
    return LINKED.sub(r"\\\g<0>", SPECIAL.sub(r"\\\g<0>", flat(text)))


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
