"""People: who asks, and what a role lets them do."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from service.domain.records import LOCAL

OWNER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
"""How an owner may be called: an account, an e-mail address, a group's name."""


class Role(StrEnum):
    """A viewer looks at everything; a member also runs and changes what is its own; an admin changes everything."""

    ADMIN = "admin"
    MEMBER = "member"
    VIEWER = "viewer"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes a request."""

    owner: str
    role: Role
    key_id: str | None  # None where nobody needs a key

    @classmethod
    def local(cls) -> Self:
        """Whoever reaches the loopback address of an installation without keys."""
        return cls(LOCAL, Role.ADMIN, None)

    @property
    def name(self) -> str:
        """As the journal calls them."""
        return self.owner if self.key_id is None else f"{self.owner}/{self.key_id}"

    def may_change(self, owner: str) -> bool:
        """Whether what belongs to `owner` is theirs to change."""
        return self.role is Role.ADMIN or (self.role is Role.MEMBER and self.owner == owner)


class PeopleError(ValueError):
    """Something about keys, owners or quotas that cannot be."""


class KeyNotFoundError(LookupError):
    """There is no such key."""


def check_owner(owner: str) -> None:
    """Refuse what cannot be an owner's name.

    Raises:
        PeopleError: it cannot.
    """
    if OWNER.fullmatch(owner) is None:
        raise PeopleError(
            f"owner: expected 1 to 64 letters, digits, '.', '_', '@' or '-', the first a letter or digit, not {owner!r}"
        )
