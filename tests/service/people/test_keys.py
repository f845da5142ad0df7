"""API keys: shown once, kept as digests, refused in time."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Engine, select

from service.domain.action import Action
from service.domain.person import Caller, KeyNotFoundError, PeopleError, Role
from service.events.journal import Journal
from service.people.keys import NO_DIGEST, PATTERN, KeyRefusedError, Keys
from service.storage.database import reading
from service.storage.people_tables import KeyRow
from tests.service.conftest import Clock

ABSENT = "0" * 16


@pytest.fixture
def keys(engine: Engine, clock: Clock) -> Keys:
    return Keys(engine, clock)


def refusal(keys: Keys, key: str) -> str:
    with pytest.raises(KeyRefusedError) as refused:
        keys.verified(key)
    assert not key or key not in str(refused.value)
    return refused.value.reason


class TestCreate:
    def test_the_key_says_who_calls(self, keys: Keys) -> None:
        new = keys.create("ann@lab.org", Role.MEMBER, label="laptop")
        caller = keys.verified(new.key)
        assert caller == Caller("ann@lab.org", Role.MEMBER, new.record.id)
        assert caller.name == f"ann@lab.org/{new.record.id}"

    def test_only_a_digest_is_stored(self, keys: Keys, engine: Engine) -> None:
        new = keys.create("ann", Role.MEMBER)
        with reading(engine) as session:
            row = session.scalars(select(KeyRow)).one()
            stored = " ".join(str(getattr(row, column.name)) for column in KeyRow.__table__.columns)
        assert row.digest == hashlib.sha256(new.key.encode()).hexdigest()
        assert new.key.split("_")[2] not in stored
        assert new.key not in repr(new)

    def test_secrets_have_256_bits_and_differ(self, keys: Keys) -> None:
        made = [keys.create("ann", Role.MEMBER).key for _ in range(8)]
        secrets = {key.split("_")[2] for key in made}
        assert len(secrets) == 8
        assert all(PATTERN.fullmatch(key) and len(key.split("_")[2]) == 256 // 4 for key in made)

    def test_the_journal_has_it_without_the_key(self, keys: Keys, engine: Engine) -> None:
        new = keys.create("ann", Role.MEMBER, label="laptop", actor="root/1")
        entry = Journal(engine).page()[0]
        assert (entry.action, entry.actor, entry.owner) == (Action.KEY_CREATED, "root/1", "ann")
        assert entry.detail == {"key": new.record.id, "role": "member", "label": "laptop"}

    @pytest.mark.parametrize("owner", ["", "-ann", "an n", "ann/1", "ann\n", "ä", "a" * 65, "a\x00"])
    def test_names_that_cannot_be(self, keys: Keys, owner: str) -> None:
        with pytest.raises(PeopleError, match="owner: expected"):
            keys.create(owner, Role.MEMBER)

    @pytest.mark.parametrize("label", ["a" * 65, "two\nlines", "\x00"])
    def test_labels_that_cannot_be(self, keys: Keys, label: str) -> None:
        with pytest.raises(PeopleError, match="label: expected"):
            keys.create("ann", Role.MEMBER, label=label)

    @pytest.mark.parametrize(
        "at",
        [
            datetime(2026, 1, 1, tzinfo=UTC),  # now
            datetime(2026, 1, 2),  # of no zone
            datetime.max.replace(tzinfo=timezone(timedelta(hours=-12))),  # beyond what UTC can say
            datetime.min.replace(tzinfo=timezone(timedelta(hours=12))),
        ],
    )
    def test_ends_that_cannot_be(self, keys: Keys, at: datetime) -> None:
        with pytest.raises(PeopleError, match="expires_at: expected"):
            keys.create("ann", Role.MEMBER, expires_at=at)
        assert not keys.any()


class TestVerified:
    def test_unknown(self, keys: Keys) -> None:
        key = keys.create("ann", Role.MEMBER).key
        prefix, key_id, secret = key.split("_")
        other = "1" if secret[0] == "0" else "0"
        wrong = [f"{prefix}_{key_id}_{other}{secret[1:]}", f"{prefix}_{ABSENT}_{secret}", key[:-1], key + "0"]
        wrong += [
            key.upper(),
            f"{key}\n",
            f" {key}",
            "",
            "tws",
            "tws__",
            "\x00",
            "ключ",
            "\udc80",
            f"{prefix}_{'0' * 999}_{secret}",
        ]
        assert {refusal(keys, each) for each in wrong} == {"unknown"}
        assert keys.verified(key).owner == "ann"

    def test_it_expires_at_its_end(self, keys: Keys, clock: Clock) -> None:
        key = keys.create("ann", Role.MEMBER, expires_at=clock.now + timedelta(hours=1)).key
        clock.advance(3599)
        assert keys.verified(key).owner == "ann"
        clock.advance(1)
        assert refusal(keys, key) == "expired"

    def test_revoked(self, keys: Keys) -> None:
        new, other = keys.create("ann", Role.MEMBER), keys.create("ann", Role.MEMBER)
        keys.revoke(new.record.id)
        assert refusal(keys, new.key) == "revoked"
        assert keys.verified(other.key).owner == "ann"

    def test_who_lacks_the_secret_learns_nothing(self, keys: Keys, clock: Clock) -> None:
        new = keys.create("ann", Role.MEMBER, expires_at=clock.now + timedelta(hours=1))
        keys.revoke(new.record.id)
        clock.advance(7200)
        assert refusal(keys, new.key[:-64] + "0" * 64) == "unknown"

    def test_the_same_comparison_whatever_is_known(self, keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
        """One constant-time comparison of digests, never of keys: for keys there are, wrong ones and nonsense."""
        compared: list[tuple[str, str]] = []
        compare = hmac.compare_digest

        def watched(given: str, stored: str) -> bool:
            compared.append((given, stored))
            return compare(given, stored)

        new = keys.create("ann", Role.MEMBER)
        monkeypatch.setattr(hmac, "compare_digest", watched)
        keys.verified(new.key)
        wrong = [new.key[:-64] + "0" * 64, f"tws_{ABSENT}_{'0' * 64}", "nonsense"]
        for each in wrong:
            refusal(keys, each)
        digest = hashlib.sha256(new.key.encode()).hexdigest()
        assert [stored for _, stored in compared] == [digest, digest, NO_DIGEST, NO_DIGEST]
        assert [given for given, _ in compared] == [
            hashlib.sha256(each.encode()).hexdigest() for each in (new.key, *wrong)
        ]

    def test_uses_are_noted_once_a_minute(self, keys: Keys, clock: Clock) -> None:
        new, start = keys.create("ann", Role.MEMBER), clock.now
        assert new.record.last_used_at is None
        noted = []
        for seconds in (0, 59, 1, 30):
            clock.advance(seconds)
            keys.verified(new.key)
            noted.append(keys.listed()[0].last_used_at)
        assert noted == [start, start, start + timedelta(minutes=1), start + timedelta(minutes=1)]

    def test_a_refused_use_is_not_noted(self, keys: Keys) -> None:
        new = keys.create("ann", Role.MEMBER)
        keys.revoke(new.record.id)
        refusal(keys, new.key)
        assert keys.listed()[0].last_used_at is None


class TestRevoke:
    def test_twice_changes_nothing(self, keys: Keys, engine: Engine, clock: Clock) -> None:
        new = keys.create("ann", Role.ADMIN)
        first = keys.revoke(new.record.id, actor="root")
        clock.advance(60)
        assert keys.revoke(new.record.id) == first
        revocations = [each for each in Journal(engine).page() if each.action is Action.KEY_REVOKED]
        assert [(each.actor, each.owner, each.detail["key"]) for each in revocations] == [
            ("root", "ann", new.record.id)
        ]

    @pytest.mark.parametrize("key_id", [ABSENT, "", "\x00", "a" * 99, "../keys"])
    def test_none_of_that_id(self, keys: Keys, key_id: str) -> None:
        with pytest.raises(KeyNotFoundError, match="keys ls"):
            keys.revoke(key_id)


class TestListed:
    def test_pages_in_the_order_of_creation(self, keys: Keys, clock: Clock) -> None:
        made = []
        for number in range(5):
            made.append(keys.create("ann" if number % 2 else "bob", Role.MEMBER).record)
            clock.advance(1)
        assert list(keys.listed()) == made
        assert list(keys.listed(after=made[1].id, limit=2)) == made[2:4]
        assert list(keys.listed("ann")) == made[1::2]
        assert list(keys.listed("carl")) == []

    def test_any_counts_what_lets_somebody_in(self, keys: Keys, clock: Clock) -> None:
        assert not keys.any()
        keys.create("ann", Role.MEMBER)
        assert keys.any()
        assert not keys.any(Role.ADMIN)
        revoked = keys.create("ann", Role.ADMIN).record
        assert keys.any(Role.ADMIN)
        keys.revoke(revoked.id)
        assert not keys.any(Role.ADMIN)
        keys.create("ann", Role.ADMIN, expires_at=clock.now + timedelta(seconds=5))
        assert keys.any(Role.ADMIN)
        clock.advance(5)
        assert not keys.any(Role.ADMIN)


@pytest.mark.parametrize(
    ("role", "own", "others"), [(Role.ADMIN, True, True), (Role.MEMBER, True, False), (Role.VIEWER, False, False)]
)
def test_who_may_change_what(role: Role, own: bool, others: bool) -> None:
    caller = Caller("ann", role, ABSENT)
    assert (caller.may_change("ann"), caller.may_change("bob")) == (own, others)


def test_the_local_caller_may_everything() -> None:
    assert Caller.local().may_change("anybody")
    assert Caller.local().name == "local"
