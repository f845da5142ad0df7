"""`source_fields`: the fields of a class as its source has them, with the comments beside them."""

import inspect
import re
from dataclasses import dataclass

FIELD = re.compile(r"^    (?P<name>[a-z]\w*): (?P<type>[^=#]+?)(?: = (?P<default>.*?))?(?:  # (?P<comment>.*))?$", re.M)


@dataclass(frozen=True, slots=True)
class SourceField:
    """One line `name: type = default  # comment`; what is not there is empty."""

    name: str
    type: str
    default: str
    comment: str


def source_fields(kind: type) -> list[SourceField]:
    """The fields that a class of ours declares itself, a line each, in their order."""
    return [
        SourceField(each["name"], each["type"], each["default"] or "", each["comment"] or "")
        for each in FIELD.finditer(inspect.getsource(kind))
    ]
