"""`Keys`: who may use an installation, by secrets of which only digests are kept."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Engine, or_, select, update
from sqlalchemy.orm import Session

from service.domain.action import Action
from service.domain.person import Caller, KeyNotFoundError, PeopleError, Role, check_owner
from service.domain.records import LOCAL
from service.domain.search_id import ALPHABET, new_id
from service.events.journal import enter
from service.storage.clock import Clock, utc_now
from service.storage.database import reading, writing
from service.storage.people_tables import KeyRow

PREFIX = "tws"
ID_LENGTH = 16  # 48 bits of milliseconds, 30 random ones
SECRET_BYTES = 32
PATTERN = re.compile(rf"{PREFIX}_([{ALPHABET}]{{{ID_LENGTH}}})_[0-9a-f]{{{2 * SECRET_BYTES}}}")
MAX_LABEL = 64  # characters
NOTED_EVERY = timedelta(minutes=1)  # a use writes a row at most so often
LONGEST = timedelta(days=36_500)  # of a life with an end
NO_DIGEST = "0" * 64  # of no key


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRecord:
    """What is kept of a key; its secret is not."""

    id: str
    owner: str
    role: Role
    label: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None  # to a minute


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key at the only moment at which somebody can read it."""

    key: str = field(repr=False)
    record: KeyRecord


class KeyRefusedError(Exception):
    """A key that lets nobody in; `reason` is unknown, expired or revoked."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the API key is {reason}; ask an admin for another (twinsieve keys create)")
        self.reason = reason


class Keys:
    """Makes keys, checks them, takes them back.

    A key is `tws_<id>_<secret>`. The secret has 256 random bits, so its SHA-256 tells nothing of it and needs neither
    salt nor stretching, which are for what people can remember.
    """

    def __init__(self, engine: Engine, clock: Clock = utc_now) -> None:
        self._engine = engine
        self._clock = clock

    def create(
        self, owner: str, role: Role, *, label: str = "", expires_at: datetime | None = None, actor: str = LOCAL
    ) -> NewKey:
        """A new key of `owner`; the journal says that `actor` made it.

        Raises:
            PeopleError: no such owner can be, the label is too long, or the key would have expired already.
        """
        now = self._clock()
        check_owner(owner)
        _check(label, expires_at, now)
        key_id = new_id(now)[:ID_LENGTH]
        key = f"{PREFIX}_{key_id}_{secrets.token_hex(SECRET_BYTES)}"
        row = KeyRow(id=key_id, owner=owner, role=role, label=label, digest=_digest(key), created_at=now)
        row.expires_at = expires_at
        detail = {"key": key_id, "role": role, "label": label}
        with writing(self._engine) as session:
            session.add(row)
            enter(session, Action.KEY_CREATED, at=now, actor=actor, owner=owner, detail=detail)
            session.flush()
            return NewKey(key, _from_row(row))

    def verified(self, key: str) -> Caller:
        """Whose key this is; how long the answer takes says nothing about the keys that there are.

        Raises:
            KeyRefusedError: it is unknown, or it was good once; only who has the secret learns of the latter.
        """
        form, now = PATTERN.fullmatch(key), self._clock()
        with reading(self._engine) as session:
            row = session.get(KeyRow, form[1] if form else "")
            same = hmac.compare_digest(_digest(key), NO_DIGEST if row is None else row.digest)
            if row is None or not same:
                raise KeyRefusedError("unknown")
            found = _from_row(row)
        if found.revoked_at is not None:
            raise KeyRefusedError("revoked")
        if found.expires_at is not None and found.expires_at <= now:
            raise KeyRefusedError("expired")
        if found.last_used_at is None or found.last_used_at <= now - NOTED_EVERY:
            self._note_use(found.id, now)
        return Caller(found.owner, found.role, found.id)

    def revoke(self, key_id: str, *, actor: str = LOCAL) -> KeyRecord:
        """From now on the key is refused; twice changes nothing.

        Raises:
            KeyNotFoundError: there is none of that id.
        """
        now = self._clock()
        with writing(self._engine) as session:
            row = _existing(session, key_id)
            if row.revoked_at is None:
                row.revoked_at = now
                detail = {"key": row.id, "role": row.role, "label": row.label}
                enter(session, Action.KEY_REVOKED, at=now, actor=actor, owner=row.owner, detail=detail)
            session.flush()
            return _from_row(row)

    def listed(self, owner: str | None = None, *, after: str | None = None, limit: int = 200) -> Sequence[KeyRecord]:
        """The next keys behind the one of id `after`, oldest first: of everybody, or of `owner`."""
        query = select(KeyRow).order_by(KeyRow.id).limit(limit)
        if owner is not None:
            query = query.where(KeyRow.owner == owner)
        if after is not None:
            query = query.where(KeyRow.id > after)
        with reading(self._engine) as session:
            return [_from_row(row) for row in session.scalars(query)]

    def any(self, role: Role | None = None) -> bool:
        """Whether a key is there that lets somebody in, as `role` if one is given."""
        unexpired = or_(KeyRow.expires_at.is_(None), KeyRow.expires_at > self._clock())
        query = select(KeyRow.id).where(KeyRow.revoked_at.is_(None), unexpired).limit(1)
        if role is not None:
            query = query.where(KeyRow.role == role)
        with reading(self._engine) as session:
            return session.scalars(query).first() is not None

    def _note_use(self, key_id: str, now: datetime) -> None:
        """One of many processes that see the same old time writes; the others find it done."""
        stale = or_(KeyRow.last_used_at.is_(None), KeyRow.last_used_at <= now - NOTED_EVERY)
        with writing(self._engine) as session:
            session.execute(update(KeyRow).where(KeyRow.id == key_id, stale).values(last_used_at=now))


def _existing(session: Session, key_id: str) -> KeyRow:
    # the form is checked first: PostgreSQL refuses some characters with an error instead of an empty answer
    known = re.fullmatch(rf"[{ALPHABET}]{{{ID_LENGTH}}}", key_id) is not None
    row = session.get(KeyRow, key_id, with_for_update=True) if known else None
    if row is None:
        raise KeyNotFoundError(f"there is no key '{key_id}'; 'twinsieve keys ls' shows their ids")
    return row


def _check(label: str, expires_at: datetime | None, now: datetime) -> None:
    if len(label) > MAX_LABEL or not label.isprintable():
        raise PeopleError(f"label: expected at most {MAX_LABEL} printable characters, not {len(label)}: {label!r}")
    if expires_at is not None and expires_at.tzinfo is None:
        raise PeopleError(f"expires_at: expected a time with its zone, such as 2030-01-31T12:00:00Z, not {expires_at}")
    if expires_at is not None and not now < expires_at < now + LONGEST:
        raise PeopleError(f"expires_at: expected a time after {now}, within a hundred years, not {expires_at}")


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode(errors="backslashreplace")).hexdigest()


def _from_row(row: KeyRow) -> KeyRecord:
    return KeyRecord(
        id=row.id,
        owner=row.owner,
        role=Role(row.role),
        label=row.label,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
    )
