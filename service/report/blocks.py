"""What a document consists of, whatever form it is written in. All text is plain: each form escapes it for itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text."""

    kind: ClassVar[str] = "paragraph"
    text: str


@dataclass(frozen=True, slots=True)
class Items:
    """A list of sentences."""

    kind: ClassVar[str] = "items"
    texts: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of cells, each as long as the head; the first column names its row."""

    kind: ClassVar[str] = "table"
    name: str  # a word that labels it
    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: int = 1  # leading columns that hold words; the others hold numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A plot, as plotly takes it; colours are names of the page's own, which knows whether it is dark."""

    kind: ClassVar[str] = "figure"
    name: str
    caption: str
    says: str  # what is to be seen, for those who cannot see it
    traces: Sequence[Mapping[str, Any]]
    layout: Mapping[str, Any]


Block = Paragraph | Items | Table | Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Blocks under a title; `name` is the word that links lead to."""

    name: str
    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """All that a reader gets."""

    title: str
    sections: Sequence[Section]

    @property
    def figures(self) -> Sequence[Figure]:
        """Every plot, in the order of the sections."""
        return [block for section in self.sections for block in section.blocks if isinstance(block, Figure)]
