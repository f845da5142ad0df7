"""The journal read while others write it: every entry once, in the order of ids, however they commit."""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from service.domain.action import Action
from service.events.journal import enter
from service.events.journal_tail import JournalTail, newest
from service.storage.database import reading, writing

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def entered(session: Session, actor: str) -> None:
    enter(session, Action.CHANGED, at=NOW, actor=actor)
    session.flush()


def last(engine: Engine) -> int:
    with reading(engine) as session:
        return newest(session)


def actors(tail: JournalTail, *, calls: int = 3) -> list[str]:
    return [entry.actor for _ in range(calls) for entry in tail.next()]


@contextmanager
def in_flight(engine: Engine, actor: str) -> Iterator[Session]:
    """A transaction that has drawn an id and not ended; PostgreSQL only, as elsewhere others would wait for it."""
    with Session(engine) as session:
        entered(session, actor)
        yield session


def test_what_is_committed_comes_once(engine: Engine) -> None:
    tail = JournalTail(engine, last(engine))
    for actor in "abc":
        with writing(engine) as session:
            entered(session, actor)
    assert actors(tail) == ["a", "b", "c"]
    assert actors(JournalTail(engine, tail.after)) == []


def test_pages_follow_one_another(engine: Engine) -> None:
    tail = JournalTail(engine, last(engine))
    with writing(engine) as session:
        for number in range(5):
            entered(session, str(number))
    assert [[entry.actor for entry in tail.next(2)] for _ in range(4)] == [["0", "1"], ["2", "3"], ["4"], []]


def test_a_later_id_waits_for_an_earlier_one_to_commit(postgres: Engine) -> None:
    tail = JournalTail(postgres, last(postgres))
    with in_flight(postgres, "early") as early:
        with writing(postgres) as session:
            entered(session, "late")
        assert actors(tail) == []
        early.commit()
    assert actors(tail) == ["early", "late"]


def test_an_id_that_was_rolled_back_holds_up_nothing_for_long(postgres: Engine) -> None:
    tail = JournalTail(postgres, last(postgres))
    with in_flight(postgres, "undone") as undone:
        with writing(postgres) as session:
            entered(session, "late")
        assert actors(tail) == []
        undone.rollback()
    assert actors(tail) == ["late"]


def test_who_writes_after_a_gap_was_seen_does_not_hold_it_open(postgres: Engine) -> None:
    tail = JournalTail(postgres, last(postgres))
    with in_flight(postgres, "undone") as undone:
        with writing(postgres) as session:
            entered(session, "late")
        assert actors(tail) == []
        with in_flight(postgres, "later") as later:
            undone.rollback()
            assert actors(tail) == ["late"]
            later.commit()
    assert actors(tail) == ["later"]


def test_from_now_on_begins_when_nothing_earlier_is_under_way(postgres: Engine) -> None:
    with in_flight(postgres, "before") as before:
        with writing(postgres) as session:
            entered(session, "seen")
        tail = JournalTail(postgres)
        assert not tail.opened()
        before.commit()
    assert tail.opened()
    assert tail.after == last(postgres)
    with writing(postgres) as session:
        entered(session, "next")
    assert actors(tail) == ["next"]


@pytest.mark.parametrize("seed", range(3))
def test_many_writers_and_a_reader_who_comes_and_goes(engine: Engine, seed: int) -> None:
    start, committed, lock, ended = last(engine), list[str](), threading.Lock(), threading.Event()

    def write(writer: int) -> None:
        dice = random.Random(f"{seed} {writer}")
        for number in range(15):
            with Session(engine.execution_options(writes=True)) as session:
                entered(session, f"{writer}.{number}")
                time.sleep(dice.random() / 200)
                if dice.random() < 0.3:
                    session.rollback()
                    continue
                session.commit()
            with lock:
                committed.append(f"{writer}.{number}")

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()

    def wait() -> None:
        for thread in threads:
            thread.join()
        ended.set()

    threading.Thread(target=wait).start()
    dice, tail, seen, quiet = random.Random(seed), JournalTail(engine, start), list[tuple[int, str]](), 0
    while quiet < 4:
        over = ended.is_set()
        found = tail.next(dice.randint(1, 5))
        seen += [(entry.id, entry.actor) for entry in found]
        quiet = quiet + 1 if over and not found else 0
        if dice.random() < 0.3:
            tail = JournalTail(engine, tail.after)
    assert [number for number, _ in seen] == sorted({number for number, _ in seen})
    assert sorted(actor for _, actor in seen) == sorted(committed)
