"""`Folders`: where an installation keeps what specs name, without torch; a name is never a path."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    """The roots of real data and of foreground providers, which all machines see; None where there is none."""

    data: Path | None = None
    foregrounds: Path | None = None


NOWHERE = Folders()
