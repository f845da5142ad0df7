"""One image, or pair of images, with all that is said about it: the unit of every data set, read lazily."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

from models.data.errors import BadExampleError, Reason

MAX_IMAGE_BYTES = 64 * 2**20  # encoded; the largest in these data sets has under 2 MiB


class ImageSource(Protocol):
    """Where an encoded image lies; it is read when asked for, and can be sent to another process."""

    @property
    def name(self) -> str:
        """What to call it in a message."""

    def read(self) -> bytes:
        """The encoded image.

        Raises:
            BadExampleError: it is missing or too large.
        """


@dataclass(frozen=True, slots=True)
class FileImage:
    """An image file."""

    path: Path

    @property
    def name(self) -> str:
        """Its path."""
        return str(self.path)

    def read(self) -> bytes:
        """Its content."""
        try:
            if (size := self.path.stat().st_size) > MAX_IMAGE_BYTES:
                raise BadExampleError(Reason.LARGE_IMAGE, too_large(self.name, size))
            return self.path.read_bytes()
        except OSError as error:
            message = f"image {self.path} cannot be read: {error.strerror}; put it there, or skip bad examples"
            raise BadExampleError(Reason.MISSING_IMAGE, message) from None


def too_large(name: str, size: int) -> str:
    """The message for an encoded image of `size` bytes."""
    return f"image {name} has {size:,} bytes; at most {MAX_IMAGE_BYTES:,} are read: replace it, or skip bad examples"


class Answer(NamedTuple):
    """One answer of a VQA question: as annotators wrote it, its label in the data's vocabulary, its soft score."""

    text: str
    label: int
    score: float


@dataclass(frozen=True, slots=True)
class Line:
    """One text about the images of a record: a question with its answers, a statement and its truth, or a caption."""

    text: str
    question_id: int | None = None
    answers: tuple[Answer, ...] = ()
    truth: bool | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """`key` is the image id, the pair's identifier, or the file's name; `part` the data set's own split."""

    key: str
    part: str
    images: tuple[ImageSource, ...] = field(compare=False)  # two data sets may keep the same image in two places
    lines: tuple[Line, ...]

    def name_of(self, place: int) -> str:
        """What to call the example at `place` of the lines: a question's id, else the key and the place."""
        question = self.lines[place].question_id
        return f"{self.key}-{place}" if question is None else str(question)

    @property
    def image_names(self) -> tuple[str, ...]:
        """What foreground providers call its images: its key, or NLVR2's `<key>-img0` and `<key>-img1`."""
        several = len(self.images) > 1
        return tuple(f"{self.key}-img{place}" if several else self.key for place in range(len(self.images)))
