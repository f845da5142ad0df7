"""`FailureClass`: a few words for all the reasons for which candidates fail, so that they can be counted."""

import re
from enum import StrEnum
from typing import Self


class FailureClass(StrEnum):
    """What kind of failure a reason tells of; the reason itself also names numbers, devices and files."""

    DIVERGED = "diverged"  # a loss or a measurement that is no finite number
    OUT_OF_MEMORY = "out-of-memory"
    WORKER_DIED = "worker-died"
    FILE = "file"  # one that workers could not read or write
    EXAMPLE = "example"  # one of the data that cannot be used
    NOT_SCORED = "not-scored"  # its search ended first
    OTHER = "other"

    @classmethod
    def of(cls, reason: str) -> Self:
        """The class of a stored failure's reason."""
        return next((cls(found) for found, form in _FORMS if form.match(reason)), cls("other"))


_FORMS = tuple(
    (found, re.compile(form))
    for found, form in (
        (FailureClass.DIVERGED, r"diverged\b|[\w.]+ is -?(nan|inf)\b"),
        (FailureClass.OUT_OF_MEMORY, r"out of memory\b"),
        (FailureClass.WORKER_DIED, r"its worker died\b"),
        (FailureClass.FILE, r"a file of the [\w-]+ stage\b"),
        (FailureClass.EXAMPLE, r"an example of the [\w-]+ stage\b"),
        (FailureClass.NOT_SCORED, r"not scored\b"),
    )
)
"""How the reasons begin that workers, the replay and the end of a search write."""
