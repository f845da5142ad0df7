"""What can be wrong with data on disk; every message names the file or example and says what to do.

DataError
├── LayoutError         a folder lacks files that a data set needs
├── FileFormatError     a whole file is torn, too large, or of another schema
├── BadExampleError     one image or one text; `on_error="skip"` counts these and goes on
└── SplitError          splits cannot be drawn, or a split file is for other data
"""

from enum import StrEnum


class DataError(ValueError):
    """Data that cannot be used as it is."""


class LayoutError(DataError):
    """Files are not where a data set has them; the message says how to lay them out."""


class FileFormatError(DataError):
    """A file that cannot be read as what its name says."""


class SplitError(DataError):
    """Splits that do not fit the data, or overlap."""


class Reason(StrEnum):
    """Why an example was left out. The last three are rules of the published code; the others are faults."""

    MISSING_IMAGE = "image file missing"
    DAMAGED_IMAGE = "image cannot be decoded"
    LARGE_IMAGE = "image too large"
    NO_ANNOTATION = "question without annotation"
    NO_QUESTION = "annotation without question"
    NO_ANSWER = "annotation without answers"
    DUPLICATE = "identifier seen before"
    BAD_ENTRY = "entry of another shape"
    NO_LABEL = "no answer in the vocabulary"
    NO_TARGET = "published without answers"
    SAME_CAPTION = "caption repeated for one image"


class BadExampleError(DataError):
    """One example that cannot be used, and why."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(reason, message)  # both, so that it survives pickling between processes
        self.reason = reason
        self.message = message
        self.place: int | None = None  # of the example in its split, once its reader met it there

    def __str__(self) -> str:
        return self.message
